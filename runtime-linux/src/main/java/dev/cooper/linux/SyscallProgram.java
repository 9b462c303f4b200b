package dev.cooper.linux;

import com.kenai.jffi.MemoryIO;
import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A table of system calls that some task runs in order until one fails; afterwards each row holds
 * its result.
 *
 * <p>A row is eight words: the call, six arguments, the result (a negative errno if it failed). The
 * trampoline's source says how a row's flags are laid out. Rows are composed in the heap, where
 * that is a plain store, and laid into native memory together when they are to be run. Not
 * thread-safe; composed and read by one thread, run by another task in between.
 */
final class SyscallProgram implements AutoCloseable {
  private static final MemoryIO IO = Memory.IO;
  private static final int WORDS = 8;
  private static final int ROW = 8 * WORDS;
  private static final int RESULT = 56;
  private static final long END = 0xffffffffL;
  private static final long CLONE = 0xfffffffeL;
  private static final long SERVE = 0xfffffffdL;
  private static final long TOLERATE = 1L << 32;
  private static final long STORE = 1L << 39;

  /** What strings and buffers of this program live in, until the next reset. */
  final Memory memory;

  private final long base;
  private final int capacity;
  private final @Nullable Object[] subjects;
  private final @Nullable Sys[] calls;
  private final long[] rows;
  private final List<SyscallProgram> children = new ArrayList<>(0);
  private int size;
  private int laid;

  SyscallProgram(int capacity, int memoryChunk) {
    this.capacity = capacity;
    this.base = Memory.malloc((capacity + 1L) * ROW);
    this.memory = new Memory(memoryChunk);
    this.subjects = new Object[capacity];
    this.calls = new Sys[capacity];
    this.rows = new long[capacity * WORDS];
  }

  static SyscallProgram small() {
    return new SyscallProgram(64, 8192);
  }

  int size() {
    return size;
  }

  int room() {
    return capacity - size;
  }

  /**
   * Adds a call whose failure ends the program; returns its row. The subject is what an error
   * names.
   */
  int call(@Nullable Object subject, Sys call, long... arguments) {
    calls[size] = call;
    subjects[size] = subject;
    return row(call.number, arguments);
  }

  /** Adds a call whose failure does not end the program. */
  int tolerate(@Nullable Object subject, Sys call, long... arguments) {
    int row = call(subject, call, arguments);
    flag(row, TOLERATE);
    return row;
  }

  /** Makes an argument of a row the address of its value instead of the value. */
  SyscallProgram from(int row, int argument, long address) {
    flag(row, 2L << (32 + argument));
    set(row, 1 + argument, address);
    return this;
  }

  /** Makes an argument of a row the result of an earlier one. */
  SyscallProgram resultOf(int row, int argument, int earlier) {
    return from(row, argument, at(earlier) + RESULT);
  }

  /**
   * Stores a row's result, if it succeeds, at an address too; only for calls of at most five
   * arguments.
   */
  SyscallProgram into(int row, long address) {
    flag(row, STORE);
    set(row, 6, address);
    return this;
  }

  /**
   * Adds a row that clones a child, which runs the other program on a stack of its own and exits
   * with 127 at its end.
   */
  int clone(SyscallProgram child, long stackTop, long flags, long pidfdAt) {
    calls[size] = Sys.CLONE;
    subjects[size] = null;
    children.add(child);
    return row(CLONE, child.base, stackTop, flags, pidfdAt);
  }

  /** Makes a failure of the row added last not end the program. */
  void tolerateLast() {
    flag(size - 1, TOLERATE);
  }

  /** Adds the row that names the task, for ps and top; at most 15 bytes. */
  void name(String name) {
    tolerate(name, Sys.PRCTL, Linux.PR_SET_NAME, memory.string(name));
  }

  /** Adds the row that serves a lane, and never ends. */
  void serve(long lane) {
    row(SERVE, lane);
  }

  private int row(long call, long... arguments) {
    if (size == capacity) {
      throw new IllegalStateException("a program of " + capacity + " rows is full");
    }
    int at = size * WORDS;
    // One by one: inlined into each caller, loops would be what compiling those takes longest for.
    rows[at] = call;
    rows[at + 1] = argument(arguments, 0);
    rows[at + 2] = argument(arguments, 1);
    rows[at + 3] = argument(arguments, 2);
    rows[at + 4] = argument(arguments, 3);
    rows[at + 5] = argument(arguments, 4);
    rows[at + 6] = argument(arguments, 5);
    rows[at + 7] = 0;
    return size++;
  }

  private static long argument(long[] arguments, int i) {
    return i < arguments.length ? arguments[i] : 0;
  }

  private void flag(int row, long flag) {
    set(row, 0, rows[row * WORDS] | flag);
  }

  private void set(int row, int word, long value) {
    rows[row * WORDS + word] = value;
    if (row < laid) {
      IO.putLong(at(row) + 8L * word, value);
    }
  }

  /** Lays down what was added since the last time; results of rows that have run stay. */
  private void lay() {
    if (laid < size || size == 0) {
      IO.putLongArray(at(laid), rows, laid * WORDS, (size - laid) * WORDS);
      IO.putLong(at(size), END);
      laid = size;
    }
    for (int i = 0; i < children.size(); i++) {
      children.get(i).lay();
    }
  }

  private long at(int row) {
    return base + (long) row * ROW;
  }

  /** The address of a row, for whoever runs the program from there: the program is complete. */
  long start(int row) {
    lay();
    return at(row);
  }

  /** Which row an address is that the trampoline stopped at. */
  int rowAt(long address) {
    return (int) ((address - base) / ROW);
  }

  long result(int row) {
    return IO.getLong(at(row) + RESULT);
  }

  /** The errno that a row failed with, or 0. */
  int errno(int row) {
    long result = result(row);
    return result < 0 && result >= -4095 ? (int) -result : 0;
  }

  boolean isTolerated(int row) {
    return (rows[row * WORDS] & TOLERATE) != 0;
  }

  /** What a row was called for, as errors name it. */
  String subject(int row) {
    return describe(subjects[row]);
  }

  /** The failure of a row, as an exception that names call, subject and errno. */
  SystemCallException failure(int row) {
    Sys call = calls[row];
    return new SystemCallException(
        call == null ? "serve" : call.title(), describe(subjects[row]), errno(row));
  }

  /**
   * The failure of a write that took fewer bytes than it was given, as a full disk or a quota makes
   * it.
   */
  SystemCallException shortWrite(int row, int bytes) {
    String what = describe(subjects[row]) + " took " + result(row) + " of " + bytes + " bytes";
    return new SystemCallException("write", what, Linux.ENOSPC);
  }

  private static String describe(@Nullable Object subject) {
    return subject instanceof ByteString path && path.isEmpty() ? "/" : String.valueOf(subject);
  }

  /** Throws the failure of a row if it failed. */
  void check(int row) {
    if (errno(row) != 0) {
      throw failure(row);
    }
  }

  /** Empties the program and its memory. */
  void reset() {
    Arrays.fill(subjects, 0, size, null);
    size = 0;
    laid = 0;
    children.clear();
    memory.reset();
  }

  @Override
  public void close() {
    memory.close();
    Memory.free(base);
  }
}
