package dev.cooper.linux;

import dev.cooper.linux.SeccompRule.Condition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The filter that commands get unless told otherwise: what {@code seccomp-default.txt} lets
 * through, and the few calls whose arguments decide.
 */
final class DefaultSeccomp {
  private static final int TIOCSTI = 0x5412;
  private static final int TIOCLINUX = 0x541c;
  private static final int AF_ALG = 38;
  private static final int AF_VSOCK = 40;

  /** PER_LINUX and PER_LINUX32, each with or without UNAME26, and the question which it is. */
  private static final long[] PERSONALITIES = {0, 8, 0x20000, 0x20008, 0xffffffffL};

  private static final long NAMESPACES =
      Linux.CLONE_NEWNS
          | Linux.CLONE_NEWCGROUP
          | Linux.CLONE_NEWUTS
          | Linux.CLONE_NEWIPC
          | Linux.CLONE_NEWUSER
          | Linux.CLONE_NEWPID
          | Linux.CLONE_NEWNET;
  private static final int REFUSED = SeccompRule.errno(Linux.EPERM);

  private DefaultSeccomp() {}

  static SeccompPolicy policy(SeccompScope scope) {
    Map<String, List<SeccompRule>> rules = new HashMap<>();
    boolean allowed = false;
    for (String line : SyscallTable.lines("seccomp-default.txt")) {
      if (line.startsWith(" ")) {
        if (allowed) {
          for (String name : line.strip().split(" ")) {
            rules.put(name, List.of(SeccompRule.always(SeccompRule.ALLOW)));
          }
        }
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        allowed = holds(line.substring(0, line.indexOf(':')), scope);
      }
    }
    byArgument(rules, scope);
    return new SeccompPolicy(rules, REFUSED, SeccompRule.errno(Linux.ENOSYS));
  }

  private static boolean holds(String conditions, SeccompScope scope) {
    for (String condition : conditions.split(" ")) {
      boolean met =
          switch (condition) {
            case "always" -> true;
            case "never", "by-argument" -> false;
            default ->
                condition.startsWith("CAP_")
                    ? scope.has(condition)
                    : condition.startsWith("linux-")
                        ? scope.kernel().isAtLeast(condition.substring("linux-".length()))
                        : condition.equals(scope.abi().id());
          };
      if (!met) {
        return false;
      }
    }
    return true;
  }

  private static void byArgument(Map<String, List<SeccompRule>> rules, SeccompScope scope) {
    SeccompRule allow = SeccompRule.always(SeccompRule.ALLOW);
    rules.put("socket", List.of(refuse(0, AF_ALG), refuse(0, AF_VSOCK), allow));
    rules.put("ioctl", List.of(refuse(1, TIOCSTI), refuse(1, TIOCLINUX), allow));
    List<SeccompRule> personalities = new ArrayList<>();
    for (long personality : PERSONALITIES) {
      personalities.add(SeccompRule.where(Condition.isInt(0, personality), SeccompRule.ALLOW));
    }
    rules.put("personality", personalities);
    if (scope.has("CAP_SYS_ADMIN")) {
      rules.put("clone", List.of(allow));
    } else {
      rules.put(
          "clone", List.of(SeccompRule.where(Condition.hasNone(0, NAMESPACES), SeccompRule.ALLOW)));
      rules.put("clone3", List.of(SeccompRule.always(SeccompRule.errno(Linux.ENOSYS))));
    }
  }

  private static SeccompRule refuse(int argument, long value) {
    return SeccompRule.where(Condition.isInt(argument, value), REFUSED);
  }
}
