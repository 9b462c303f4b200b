package dev.cooper.linux;

import dev.cooper.linux.SeccompRule.Comparison;
import dev.cooper.linux.SeccompRule.Condition;
import dev.cooper.oci.OperationException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A policy as the runtime-spec's {@code linux.seccomp} has it.
 *
 * <p>There the order of rules is nothing, and a rule with the default's action none: what is let
 * through but for some values of an argument is said by the values that are left. Calls that have
 * no name yet are the engine's to answer.
 */
final class EngineSeccomp {
  private static final int ACTION = 0xffff0000;
  private static final int DATA = 0xffff;
  private static final int BITS = 32;
  private static final long INT = 0xffffffffL;

  private EngineSeccomp() {}

  static Map<String, Object> of(SeccompPolicy policy, Abi abi) {
    List<Object> calls = new ArrayList<>();
    new TreeMap<>(policy.rules())
        .forEach(
            (name, rules) -> {
              for (SeccompRule rule : unordered(name, rules, policy.otherwise())) {
                if (rule.action() != policy.otherwise()) {
                  calls.add(call(name, rule));
                }
              }
            });
    Map<String, Object> seccomp = new LinkedHashMap<>();
    seccomp.put("defaultAction", action(policy.otherwise()));
    if (isErrno(policy.otherwise())) {
      seccomp.put("defaultErrnoRet", (long) (policy.otherwise() & DATA));
    }
    seccomp.put("architectures", List.of("SCMP_ARCH_" + abi.name()));
    seccomp.put("syscalls", calls);
    return seccomp;
  }

  /** The same in rules whose order does not matter. */
  private static List<SeccompRule> unordered(String name, List<SeccompRule> rules, int otherwise) {
    if (rules.stream().allMatch(rule -> rule.action() == rules.get(0).action())) {
      boolean always = rules.stream().anyMatch(rule -> rule.conditions().isEmpty());
      return always ? List.of(SeccompRule.always(rules.get(0).action())) : rules;
    }
    List<SeccompRule> but = rules.subList(0, rules.size() - 1);
    SeccompRule last = rules.get(rules.size() - 1);
    boolean sayable =
        last.conditions().isEmpty()
            && but.stream()
                .allMatch(rule -> rule.action() == otherwise && isOneInt(rule, but.get(0)));
    if (!sayable) {
      throw new OperationException(
          "isolation oci cannot tell its engine what the seccomp profile says of "
              + name
              + ", as rules have no order there: simplify the profile, or use isolation namespaces");
    }
    int argument = but.get(0).conditions().get(0).argument();
    List<Long> values = but.stream().map(rule -> rule.conditions().get(0).value()).toList();
    List<SeccompRule> left = new ArrayList<>();
    others(argument, values, BITS, 0, last.action(), left);
    return left;
  }

  private static boolean isOneInt(SeccompRule rule, SeccompRule like) {
    if (rule.conditions().size() != 1 || like.conditions().size() != 1) {
      return false;
    }
    Condition condition = rule.conditions().get(0);
    return condition.comparison() == Comparison.MASKED_EQ
        && condition.mask() == INT
        && condition.argument() == like.conditions().get(0).argument();
  }

  /** Rules for every int that begins with some bits, but for the values: by halving. */
  private static void others(
      int argument, List<Long> values, int open, long bits, int action, List<SeccompRule> to) {
    long mask = INT << open & INT;
    if (values.stream().noneMatch(value -> (value & mask) == bits)) {
      to.add(SeccompRule.where(new Condition(argument, Comparison.MASKED_EQ, bits, mask), action));
    } else if (open > 0) {
      others(argument, values, open - 1, bits, action, to);
      others(argument, values, open - 1, bits | 1L << (open - 1), action, to);
    }
  }

  private static Map<String, Object> call(String name, SeccompRule rule) {
    Map<String, Object> call = new LinkedHashMap<>();
    call.put("names", List.of(name));
    call.put("action", action(rule.action()));
    if (isErrno(rule.action())) {
      call.put("errnoRet", (long) (rule.action() & DATA));
    }
    List<Object> arguments = new ArrayList<>();
    for (Condition condition : rule.conditions()) {
      boolean masked = condition.comparison() == Comparison.MASKED_EQ;
      Map<String, Object> argument = new LinkedHashMap<>();
      argument.put("index", (long) condition.argument());
      argument.put("value", masked ? condition.mask() : condition.value());
      argument.put("valueTwo", masked ? condition.value() : 0L);
      argument.put("op", "SCMP_CMP_" + condition.comparison().name());
      arguments.add(argument);
    }
    call.put("args", arguments);
    return call;
  }

  private static boolean isErrno(int action) {
    return (action & ACTION) == (SeccompRule.errno(0) & ACTION);
  }

  private static String action(int action) {
    return "SCMP_ACT_"
        + switch (action) {
          case SeccompRule.ALLOW -> "ALLOW";
          case SeccompRule.KILL_PROCESS -> "KILL_PROCESS";
          case SeccompRule.KILL_THREAD -> "KILL_THREAD";
          case SeccompRule.TRAP -> "TRAP";
          case SeccompRule.LOG -> "LOG";
          default -> "ERRNO";
        };
  }
}
