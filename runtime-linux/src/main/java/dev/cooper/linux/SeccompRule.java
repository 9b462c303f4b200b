package dev.cooper.linux;

import java.util.List;

/**
 * What becomes of a system call whose arguments meet all conditions; the first rule that does
 * decides.
 *
 * @param conditions all of which have to hold; none for every call
 * @param action what seccomp(2) returns: {@link #ALLOW}, {@link #errno} or a fatal one
 */
record SeccompRule(List<Condition> conditions, int action) {
  static final int ALLOW = 0x7fff0000;
  static final int KILL_PROCESS = 0x80000000;
  static final int KILL_THREAD = 0;
  static final int TRAP = 0x00030000;
  static final int LOG = 0x7ffc0000;
  private static final int ERRNO = 0x00050000;
  private static final int MOST_ERRNO = 4095;

  SeccompRule {
    conditions = List.copyOf(conditions);
  }

  static int errno(int errno) {
    return ERRNO | Math.min(errno, MOST_ERRNO);
  }

  static SeccompRule always(int action) {
    return new SeccompRule(List.of(), action);
  }

  static SeccompRule where(Condition condition, int action) {
    return new SeccompRule(List.of(condition), action);
  }

  /** How an argument is compared, as 64 bits without a sign. */
  enum Comparison {
    NE,
    LT,
    LE,
    EQ,
    GE,
    GT,
    /** Its bits of a mask are a value's. */
    MASKED_EQ
  }

  /**
   * A condition on one argument.
   *
   * @param argument 0 to 5
   * @param comparison how it is compared
   * @param value with what
   * @param mask which bits count, for {@link Comparison#MASKED_EQ}
   */
  record Condition(int argument, Comparison comparison, long value, long mask) {
    private static final long INT = 0xffffffffL;

    /**
     * An argument that the kernel takes as an int: what its upper half holds does not count, and
     * must not hide it (CVE-2019-10063).
     */
    static Condition isInt(int argument, long value) {
      return new Condition(argument, Comparison.MASKED_EQ, value & INT, INT);
    }

    static Condition hasNone(int argument, long bits) {
      return new Condition(argument, Comparison.MASKED_EQ, 0, bits);
    }
  }
}
