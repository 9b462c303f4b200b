package dev.cooper.linux;

import dev.cooper.linux.SeccompRule.Condition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A policy as the kernel takes it: a program of classic BPF (seccomp(2)) that looks at the
 * architecture, searches the call's number by halving, and then at its arguments.
 *
 * <p>Only this machine's own 64-bit calls get as far as the policy. Those of another architecture
 * (i386 by {@code int 0x80}, 32-bit ARM) and of the x32 ABI get ENOSYS: their numbers are others,
 * and i386's socketcall hides from any filter what it asks for.
 *
 * <p>It uses such instructions only as the kernel (5.11 and newer) can foresee the result of for
 * numbers without conditions: for those it then does not run at all.
 */
final class SeccompFilter {
  private static final int MOST = 4096; // BPF_MAXINSNS
  private static final int LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
  private static final int AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
  private static final int JUMP = 0x05; // BPF_JMP | BPF_JA
  private static final int IF_EQUAL = 0x15;
  private static final int IF_GREATER = 0x25;
  private static final int IF_AT_LEAST = 0x35;
  private static final int RETURN = 0x06;
  private static final int NUMBER = 0;
  private static final int ARCHITECTURE = 4;
  private static final int ARGUMENTS = 16;

  /** How far a comparison can jump, less the two jumps that may come between. */
  private static final int NEAR = 253;

  private static final int X32 = 0x40000000;
  private static final int NO_CALL = SeccompRule.errno(Linux.ENOSYS);

  /** The program from its end: what is jumped to is there before what jumps. */
  private final List<Long> backward = new ArrayList<>();

  /** Where, from the end, there is an instruction that returns an action. */
  private final Map<Long, Integer> returns = new HashMap<>();

  private SeccompFilter() {}

  /** Numbers from one on, up to where the next begins, that the same is done with. */
  private record Span(int from, List<Long> body) {}

  /**
   * One instruction: a code, how far to jump if it holds and if not, a constant.
   *
   * <p>A number and no record: comparing and hashing records costs a JVM that has just begun more
   * than all the rest of this.
   */
  private static long instruction(int code, int then, int otherwise, int constant) {
    return (long) code << 48
        | (long) (then & 0xff) << 40
        | (long) (otherwise & 0xff) << 32
        | constant & 0xffffffffL;
  }

  /** The program, an instruction of eight bytes each. */
  static byte[] compile(SeccompPolicy policy, Abi abi) {
    List<Long> program = new ArrayList<>();
    program.add(instruction(LOAD, 0, 0, ARCHITECTURE));
    program.add(instruction(IF_EQUAL, 1, 0, abi.audit));
    program.add(instruction(RETURN, 0, 0, NO_CALL));
    program.add(instruction(LOAD, 0, 0, NUMBER));
    if (abi == Abi.X86_64) {
      program.add(instruction(IF_AT_LEAST, 0, 1, X32));
      program.add(instruction(RETURN, 0, 0, NO_CALL));
    }
    program.addAll(new SeccompFilter().tree(spans(policy, SyscallTable.of(abi))));
    if (program.size() > MOST) {
      throw new IllegalArgumentException(
          "the seccomp profile makes a filter of "
              + program.size()
              + " instructions, and the kernel takes "
              + MOST
              + ": it has to have fewer rules for arguments");
    }
    ByteBuffer bytes = ByteBuffer.allocate(8 * program.size()).order(ByteOrder.nativeOrder());
    for (long each : program) {
      bytes.putShort((short) (each >> 48)).put((byte) (each >> 40)).put((byte) (each >> 32));
      bytes.putInt((int) each);
    }
    return bytes.array();
  }

  private static List<Span> spans(SeccompPolicy policy, SyscallTable table) {
    String[] names = new String[table.last() + 1];
    for (String name : table.names()) {
      names[table.number(name)] = name;
    }
    List<Span> spans = new ArrayList<>();
    for (int number = 0; number <= names.length; number++) {
      String name = number < names.length ? names[number] : null;
      List<Long> body =
          name == null
              ? List.of(instruction(RETURN, 0, 0, policy.unknown()))
              : body(policy.rules(), name, policy.otherwise());
      if (spans.isEmpty() || !spans.get(spans.size() - 1).body.equals(body)) {
        spans.add(new Span(number, body));
      }
    }
    return spans;
  }

  /** Comparisons that find the span of a number, and what is done with it. */
  private List<Long> tree(List<Span> spans) {
    int entry = search(spans);
    if (entry < backward.size() - 1) {
      far(entry);
    }
    Collections.reverse(backward);
    return backward;
  }

  /** Adds what finds one of several spans; returns where it begins. */
  private int search(List<Span> spans) {
    if (spans.size() == 1) {
      return body(spans.get(0).body);
    }
    int middle = spans.size() / 2;
    int above = near(search(spans.subList(middle, spans.size())));
    int below = near(search(spans.subList(0, middle)));
    above = near(above);
    int next = backward.size() - 1;
    return add(instruction(IF_AT_LEAST, next - above, next - below, spans.get(middle).from));
  }

  /** Adds what is done with a span, unless it only returns what is returned nearby already. */
  private int body(List<Long> body) {
    if (body.size() > 1) {
      for (int i = body.size() - 1; i >= 0; i--) {
        add(body.get(i));
      }
      return backward.size() - 1;
    }
    int known = returns.getOrDefault(body.get(0), -1);
    if (known >= 0 && isNear(known)) {
      return known;
    }
    int at = add(body.get(0));
    returns.put(body.get(0), at);
    return at;
  }

  /** A place that the next instructions can jump to: itself, or a further jump to it. */
  private int near(int place) {
    return isNear(place) ? place : far(place);
  }

  private boolean isNear(int place) {
    return backward.size() - 1 - place <= NEAR;
  }

  private int far(int place) {
    return add(instruction(JUMP, 0, 0, backward.size() - 1 - place));
  }

  private int add(long instruction) {
    backward.add(instruction);
    return backward.size() - 1;
  }

  private static List<Long> body(Map<String, List<SeccompRule>> rules, String name, int otherwise) {
    List<Long> body = new ArrayList<>(2);
    for (SeccompRule rule : rules.getOrDefault(name, List.of())) {
      rule(rule, body);
      if (rule.conditions().isEmpty()) {
        return body;
      }
    }
    body.add(instruction(RETURN, 0, 0, otherwise));
    return body;
  }

  /** What does not meet a condition goes on after the rule. */
  private static void rule(SeccompRule rule, List<Long> body) {
    List<Long> tests = new ArrayList<>();
    List<Condition> conditions = rule.conditions();
    for (int i = conditions.size() - 1; i >= 0; i--) {
      // Built from its end, so that each knows how far it is to the rule's.
      tests.addAll(0, test(conditions.get(i), tests.size() + 1));
    }
    body.addAll(tests);
    body.add(instruction(RETURN, 0, 0, rule.action()));
  }

  /** Instructions that end after themselves where a condition holds, else so many further. */
  private static List<Long> test(Condition condition, int away) {
    int high = (int) (condition.value() >>> 32);
    int low = (int) condition.value();
    int lowAt = ARGUMENTS + 8 * condition.argument();
    List<Long> all = new ArrayList<>();
    switch (condition.comparison()) {
      case MASKED_EQ -> {
        masked(all, lowAt, low, (int) condition.mask(), away);
        int at = all.size() + away;
        List<Long> upper = new ArrayList<>();
        masked(upper, lowAt + 4, high, (int) (condition.mask() >>> 32), at);
        all.addAll(0, upper);
      }
      case EQ -> {
        all.add(load(lowAt + 4));
        all.add(instruction(IF_EQUAL, 0, away + 2, high));
        all.add(load(lowAt));
        all.add(instruction(IF_EQUAL, 0, away, low));
      }
      case NE -> {
        all.add(load(lowAt + 4));
        all.add(instruction(IF_EQUAL, 0, 2, high));
        all.add(load(lowAt));
        all.add(instruction(IF_EQUAL, away, 0, low));
      }
      default -> ordered(all, condition, away);
    }
    return all;
  }

  private static void masked(List<Long> to, int at, int value, int mask, int away) {
    if (mask == 0 && value == 0) {
      return;
    }
    to.add(load(at));
    if (mask != -1) {
      to.add(instruction(AND, 0, 0, mask));
    }
    to.add(instruction(IF_EQUAL, 0, away, value));
  }

  private static void ordered(List<Long> to, Condition condition, int away) {
    int high = (int) (condition.value() >>> 32);
    int low = (int) condition.value();
    int lowAt = ARGUMENTS + 8 * condition.argument();
    to.add(load(lowAt + 4));
    switch (condition.comparison()) {
      case GT, GE -> {
        to.add(instruction(IF_GREATER, 3, 0, high));
        to.add(instruction(IF_EQUAL, 0, away + 2, high));
        to.add(load(lowAt));
        int code = condition.comparison() == SeccompRule.Comparison.GT ? IF_GREATER : IF_AT_LEAST;
        to.add(instruction(code, 0, away, low));
      }
      default -> {
        to.add(instruction(IF_GREATER, away + 3, 0, high));
        to.add(instruction(IF_EQUAL, 0, 2, high));
        to.add(load(lowAt));
        int code = condition.comparison() == SeccompRule.Comparison.LT ? IF_AT_LEAST : IF_GREATER;
        to.add(instruction(code, away, 0, low));
      }
    }
  }

  private static long load(int at) {
    return instruction(LOAD, 0, 0, at);
  }
}
