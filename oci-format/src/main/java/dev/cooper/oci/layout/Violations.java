package dev.cooper.oci.layout;

import java.util.ArrayList;
import java.util.List;

/** Gathers violations, up to a number that nobody reads. */
final class Violations {
  private static final int MAX = 1000;

  private final List<Violation> found = new ArrayList<>();

  void add(String where, String what, String expected) {
    if (found.size() < MAX) {
      found.add(new Violation(where, what, expected));
    } else if (found.size() == MAX) {
      found.add(new Violation(where, "more violations", "at most " + MAX + " to be told"));
    }
  }

  /** Adds one unless it holds. */
  void check(boolean holds, String where, String what, String expected) {
    if (!holds) {
      add(where, what, expected);
    }
  }

  List<Violation> toList() {
    return List.copyOf(found);
  }
}
