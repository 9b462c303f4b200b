package dev.cooper.linux;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A program that is composed while another runs, with what to do about rows that fail. Not
 * thread-safe.
 */
final class TreeBatch implements AutoCloseable {
  /** Mends the failure of a row, or throws. */
  interface OnError {
    /** Returns the row to go on from. */
    int mend(TreeBatch batch, int errno);
  }

  private final SyscallProgram program;
  private final int budget;
  private final @Nullable OnError[] handlers;
  private final int[] expected;
  private final List<Runnable> checks = new ArrayList<>();
  private boolean submitted;

  TreeBatch(int rows, int bytes) {
    program = new SyscallProgram(rows, bytes);
    budget = bytes;
    handlers = new OnError[rows];
    expected = new int[rows];
  }

  SyscallProgram program() {
    return program;
  }

  Memory memory() {
    return program.memory;
  }

  boolean hasRoom(int rows, int bytes) {
    return program.room() >= rows && (memory().taken() + bytes <= budget || memory().taken() == 0);
  }

  int add(@Nullable Object subject, Sys call, long... arguments) {
    return program.call(subject, call, arguments);
  }

  void onError(int row, OnError handler) {
    handlers[row] = handler;
  }

  /** Says how many bytes, more than none, a row has to have written. */
  void expect(int row, int bytes) {
    expected[row] = bytes;
  }

  /** Says what has to hold once every row is done; it throws if it does not. */
  void verify(Runnable check) {
    checks.add(check);
  }

  /** Says that what a row should have written was written otherwise. */
  void mended(int row) {
    expected[row] = 0;
  }

  /**
   * The two timespecs of utimensat: neither the access nor the change of a file is anything but its
   * modification.
   */
  long times(long seconds, int nanos) {
    long at = memory().allocate(32);
    putTimes(at, seconds, nanos);
    return at;
  }

  static void putTimes(long at, long seconds, int nanos) {
    for (int i = 0; i < 2; i++) {
      Memory.IO.putLong(at + 16L * i, seconds);
      Memory.IO.putLong(at + 16L * i + 8, nanos);
    }
  }

  boolean isSubmitted() {
    return submitted;
  }

  void submit(Lane lane) {
    lane.submit(program, 0);
    submitted = true;
  }

  /** Waits until every row is done or mended; throws the first failure that cannot be mended. */
  void finish(Lane lane) {
    int stopped = lane.await(program);
    submitted = false;
    while (stopped < program.size()) {
      @Nullable OnError handler = handlers[stopped];
      if (handler == null) {
        throw program.failure(stopped);
      }
      stopped = lane.run(program, handler.mend(this, program.errno(stopped)));
    }
    for (int row = 0; row < program.size(); row++) {
      if (expected[row] > 0 && program.result(row) != expected[row]) {
        throw program.shortWrite(row, expected[row]);
      }
    }
    checks.forEach(Runnable::run);
  }

  /** Waits until the lane is free again, whatever became of the rows. */
  void abandon(Lane lane) {
    lane.await(program);
    submitted = false;
  }

  void reset() {
    Arrays.fill(handlers, 0, program.size(), null);
    Arrays.fill(expected, 0, program.size(), 0);
    program.reset();
    checks.clear();
  }

  @Override
  public void close() {
    program.close();
  }
}
