package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * The time that a file system gives to what is changed on it.
 *
 * <p>Most give it in steps of some milliseconds, some of a second: a file that is changed in the
 * step in which it was looked at looks unchanged. Once the clock has gone on, none does. Asked of
 * the file system itself, as a server may have another clock.
 *
 * @param file a file of ours on it
 */
record FileClock(Path file) {
  private static final long PAUSE_NANOS = 500_000;
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  static FileClock in(Lane lane, Path file) {
    FileClock clock = new FileClock(file);
    try (SyscallProgram program = new SyscallProgram(2, 8192)) {
      int open = clock.open(program);
      int close = program.call(file, Sys.CLOSE, 0);
      program.resultOf(close, 0, open);
      lane.run(program);
    }
    return clock;
  }

  private int open(SyscallProgram program) {
    return program.call(
        file,
        Sys.OPENAT,
        Linux.AT_FDCWD,
        program.memory.string(HostPath.bytes(file)),
        Linux.O_CREAT | Linux.O_WRONLY | Linux.O_CLOEXEC,
        0600);
  }

  /** Waits until it has gone on: what is changed from now on has another time than all before. */
  void tick(Lane lane) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      int open = open(program);
      int set = program.call(file, Sys.UTIMENSAT, 0, 0, 0, 0);
      int ask = program.call(file, Sys.STATX, 0, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      int close = program.call(file, Sys.CLOSE, 0);
      program.resultOf(set, 0, open).resultOf(ask, 0, open).resultOf(close, 0, open);
      lane.run(program);
      Snapshot.Stamp before = Snapshot.Stamp.of(stat);
      long end = System.nanoTime() + PATIENCE_NANOS;
      do {
        LockSupport.parkNanos(PAUSE_NANOS);
        if (System.nanoTime() > end) {
          throw new OperationException(
              "the clock of the file system of " + file + " stands still: no change could be seen");
        }
        lane.run(program);
      } while (Snapshot.Stamp.of(stat).equals(before));
    }
  }
}
