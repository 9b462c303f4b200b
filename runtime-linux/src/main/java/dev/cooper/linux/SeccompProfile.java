package dev.cooper.linux;

import dev.cooper.linux.SeccompRule.Comparison;
import dev.cooper.linux.SeccompRule.Condition;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads seccomp profiles in Docker's JSON format, which is the OCI runtime-spec's with what a rule
 * depends on: capabilities, architectures, the kernel's version.
 *
 * <p>Names that this architecture does not have are passed over, as Docker does; the list of
 * architectures too, as only this machine's own calls are let through at all. What cannot be done
 * (SCMP_ACT_NOTIFY and SCMP_ACT_TRACE, which need somebody who listens) is refused.
 */
final class SeccompProfile {
  private final String profile;
  private final SeccompScope scope;

  private SeccompProfile(String profile, SeccompScope scope) {
    this.profile = profile;
    this.scope = scope;
  }

  /**
   * What a profile says for a scope.
   *
   * @throws ContentException if it is no profile, or asks for what cannot be done
   */
  static SeccompPolicy parse(String name, String json, SeccompScope scope) {
    String what = "the seccomp profile " + name;
    JsonObject document = Json.parse(json.getBytes(StandardCharsets.UTF_8), what);
    return new SeccompProfile(what, scope).policy(document);
  }

  private SeccompPolicy policy(JsonObject document) {
    String action = document.string("defaultAction");
    int otherwise = action(action, document.integerOr("defaultErrnoRet", Linux.EPERM));
    Map<String, List<SeccompRule>> rules = new HashMap<>();
    for (JsonObject call : document.objects("syscalls")) {
      if (applies(call.optionalObject("includes"), true)
          && applies(call.optionalObject("excludes"), false)) {
        rule(call, rules);
      }
    }
    boolean refuses = action.equals("SCMP_ACT_ERRNO");
    int unknown = refuses ? SeccompRule.errno(Linux.ENOSYS) : otherwise;
    return new SeccompPolicy(rules, otherwise, unknown);
  }

  private void rule(JsonObject call, Map<String, List<SeccompRule>> rules) {
    List<String> names = new ArrayList<>(call.strings("names"));
    String single = call.stringOr("name", "");
    if (!single.isEmpty()) {
      names.add(single);
    }
    int action = action(call.string("action"), call.integerOr("errnoRet", Linux.EPERM));
    List<SeccompRule> made = new ArrayList<>();
    for (List<Condition> conditions : conditions(call.objects("args"))) {
      made.add(new SeccompRule(conditions, action));
    }
    for (String name : names) {
      rules.computeIfAbsent(name, key -> new ArrayList<>()).addAll(made);
    }
  }

  /** Whether what a rule includes is there, or what it excludes is not. */
  private boolean applies(@Nullable JsonObject filter, boolean include) {
    if (filter == null) {
      return true;
    }
    String kernel = filter.stringOr("minKernel", "");
    Set<String> architectures = new HashSet<>(filter.strings("arches"));
    List<String> capabilities = filter.strings("caps");
    boolean ofKernel = kernel.isEmpty() ? include : scope.kernel().isAtLeast(kernel);
    boolean ofArchitecture =
        architectures.isEmpty() ? include : architectures.contains(architecture());
    boolean ofCapabilities =
        capabilities.isEmpty()
            ? include
            : include
                ? capabilities.stream().allMatch(scope::has)
                : capabilities.stream().anyMatch(scope::has);
    return include
        ? ofKernel && ofArchitecture && ofCapabilities
        : !(ofKernel || ofArchitecture || ofCapabilities);
  }

  private String architecture() {
    return scope.abi() == Abi.X86_64 ? "amd64" : "arm64";
  }

  private int action(String name, long errno) {
    return switch (name) {
      case "SCMP_ACT_ALLOW" -> SeccompRule.ALLOW;
      case "SCMP_ACT_ERRNO" -> SeccompRule.errno((int) errno);
      case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD" -> SeccompRule.KILL_THREAD;
      case "SCMP_ACT_KILL_PROCESS" -> SeccompRule.KILL_PROCESS;
      case "SCMP_ACT_TRAP" -> SeccompRule.TRAP;
      case "SCMP_ACT_LOG" -> SeccompRule.LOG;
      default ->
          throw new ContentException(
              profile
                  + " has the action "
                  + name
                  + "; there are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_TRAP and SCMP_ACT_LOG");
    };
  }

  /**
   * The conditions that a call has to meet, or alternatives: several on one argument count as any
   * of them, as for runc, and else all have to hold.
   */
  private List<List<Condition>> conditions(List<JsonObject> arguments) {
    List<Condition> all = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    boolean repeated = false;
    for (JsonObject argument : arguments) {
      Condition condition = condition(argument);
      all.add(condition);
      repeated |= !seen.add(condition.argument());
    }
    return repeated ? all.stream().map(List::of).toList() : List.of(all);
  }

  private Condition condition(JsonObject argument) {
    long index = argument.integerOr("index", 0);
    String operator = argument.string("op");
    String name = operator.replace("SCMP_CMP_", "");
    if (index < 0
        || index > 5
        || !operator.startsWith("SCMP_CMP_")
        || Arrays.stream(Comparison.values()).noneMatch(each -> each.name().equals(name))) {
      throw new ContentException(
          profile
              + " has a condition "
              + operator
              + " on argument "
              + index
              + "; there are SCMP_CMP_ with NE, LT, LE, EQ, GE, GT and MASKED_EQ, and arguments 0 to 5");
    }
    Comparison comparison = Comparison.valueOf(name);
    long value = argument.integerOr("value", 0);
    long second = argument.integerOr("valueTwo", 0);
    return comparison == Comparison.MASKED_EQ
        ? new Condition((int) index, comparison, second, value)
        : new Condition((int) index, comparison, value, 0);
  }
}
