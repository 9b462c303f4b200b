package dev.cooper.linux;

import java.util.List;
import java.util.Map;

/**
 * What becomes of each system call: rules by name, for one set of capabilities, kernel and
 * architecture.
 *
 * @param rules for each name, in order; where none applies the default counts
 * @param otherwise the action for calls that are known by name and that no rule is met by
 * @param unknown the action for calls that have no name yet
 */
record SeccompPolicy(Map<String, List<SeccompRule>> rules, int otherwise, int unknown) {
  SeccompPolicy {
    rules = Map.copyOf(rules);
  }

  /** Whether some arguments at least get a call through. */
  boolean mayLetThrough(String name) {
    for (SeccompRule rule : rules.getOrDefault(name, List.of())) {
      if (letsThrough(rule.action())) {
        return true;
      }
      if (rule.conditions().isEmpty()) {
        return false;
      }
    }
    return letsThrough(otherwise);
  }

  private static boolean letsThrough(int action) {
    return action == SeccompRule.ALLOW || action == SeccompRule.LOG;
  }
}
