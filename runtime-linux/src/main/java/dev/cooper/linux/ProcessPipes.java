package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_NONBLOCK;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The pipes of one process, and the loop that moves what comes through them until the process is
 * gone.
 *
 * <p>One thread waits in ppoll for output, for the lane's word that all is over, and for being
 * woken: by a cancellation or by an interrupt of the thread, which a blocked system call would not
 * see by itself.
 */
final class ProcessPipes implements AutoCloseable {
  private static final int BUFFER = 64 << 10;
  private static final int POLL_FD = 8;
  private static final int OUT = 0;
  private static final int ERR = 1;
  private static final int DONE = 2;
  private static final int WOKEN = 3;
  private static final int FDS = 4;
  private static final int FAILED = 4;
  private static final int LOWEST = Launcher.EVENT + 1;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;
  private static final Duration LONGEST = Duration.ofDays(10_000);

  private final ProcessIo io;
  private final long[] childEnds = {-1, -1, -1};
  private final long[] ours = {-1, -1, -1, -1, -1};
  private final SyscallProgram poll = new SyscallProgram(1, 256);
  private final SyscallProgram read = new SyscallProgram(1, BUFFER + 64);
  private final long pollFds;
  private final long timespec;
  private final long buffer;
  private final byte[] bytes = new byte[BUFFER];
  private final Interruption interruption = new Interruption();
  private volatile @Nullable Throwable inputFailure;
  private boolean closed;

  ProcessPipes(ProcessIo io) {
    this.io = io;
    pollFds = poll.memory.zeroed((long) FDS * POLL_FD);
    timespec = poll.memory.zeroed(16);
    buffer = read.memory.allocate(BUFFER);
    poll.tolerate("pipes", Sys.PPOLL, pollFds, FDS, timespec, 0, 8);
    read.tolerate("pipe", Sys.READ, 0, buffer, BUFFER);
    try {
      open();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void open() {
    ours[DONE] = descriptor(Sys.EVENTFD2, 0, O_CLOEXEC);
    ours[WOKEN] = descriptor(Sys.EVENTFD2, 0, O_CLOEXEC | O_NONBLOCK);
    ours[FAILED] = descriptor(Sys.EVENTFD2, 0, O_CLOEXEC | O_NONBLOCK);
    pipe(OUT, 1);
    pipe(ERR, 2);
    InputStream in = io.in();
    if (in == null) {
      childEnds[0] = devNull();
    } else {
      long[] ends = pipe();
      childEnds[0] = ends[0];
      try {
        InputPump.start(in, (int) ends[1], this::inputFailed);
      } catch (RuntimeException | Error e) {
        closeFd(ends[1]); // no thread could be started to own it
        throw e;
      }
    }
    for (int i = 0; i < FDS; i++) {
      Memory.IO.putInt(pollFds + (long) i * POLL_FD, (int) ours[i]);
      Memory.IO.putShort(pollFds + (long) i * POLL_FD + 4, (short) Linux.POLLIN);
    }
  }

  private void pipe(int our, int child) {
    long[] ends = pipe();
    ours[our] = ends[0];
    childEnds[child] = ends[1];
  }

  private static long[] pipe() {
    return pipe(O_CLOEXEC);
  }

  /** A pipe's end to read from and its end to write to. */
  static long[] pipe(int flags) {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      long at = program.memory.zeroed(8);
      program.call("pipe", Sys.PIPE2, at, flags);
      Task.HERE.run(program);
      return new long[] {
        aboveTheChilds(Memory.IO.getInt(at)), aboveTheChilds(Memory.IO.getInt(at + 4))
      };
    }
  }

  private static long devNull() {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      program.call(
          "/dev/null", Sys.OPENAT, Linux.AT_FDCWD, program.memory.string("/dev/null"), O_CLOEXEC);
      Task.HERE.run(program);
      return aboveTheChilds(program.result(0));
    }
  }

  private static long descriptor(Sys call, long... arguments) {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      program.call("event", call, arguments);
      Task.HERE.run(program);
      return aboveTheChilds(program.result(0));
    }
  }

  /** Above those that the child's own will replace. */
  static long aboveTheChilds(long fd) {
    if (fd >= LOWEST) {
      return fd;
    }
    long moved = Trampoline.here(Sys.FCNTL, fd, F_DUPFD_CLOEXEC, LOWEST);
    Trampoline.here(Sys.CLOSE, fd);
    return moved;
  }

  /** What the child gets as its descriptors 0 to 2. */
  long[] childEnds() {
    return childEnds.clone();
  }

  /** The lane closes the child's ends once the child has them. */
  void childEndsGone() {
    Arrays.fill(childEnds, -1);
  }

  /** What the lane writes to when the process is gone. */
  long doneEvent() {
    return ours[DONE];
  }

  /** What the launcher tells through why it cannot execute the command. */
  long failedEvent() {
    return ours[FAILED];
  }

  /** The errno that the launcher told, or 0. */
  int failedWith() {
    read.reset();
    long value = read.memory.zeroed(8);
    read.tolerate("event", Sys.READ, ours[FAILED], value, 8);
    Trampoline.run(read, 0);
    return read.errno(0) == 0 ? (int) Memory.IO.getLong(value) : 0;
  }

  /**
   * Moves output until the process is gone; kills it when its time is up, or when cancelled or
   * interrupted.
   *
   * @param gone ends what it may have left, before its output is read to the end
   */
  ProcessEnd.Cause move(Lane lane, Runnable kill, Runnable gone) {
    long deadline = deadline();
    ProcessEnd.Cause cause = ProcessEnd.Cause.EXIT;
    io.cancellation().watch(this::wake);
    try {
      while (!ready(DONE)) {
        waitForEvents(
            cause == ProcessEnd.Cause.EXIT && inputFailure == null
                ? deadline
                : System.nanoTime() + LOOK_AGAIN_NANOS / 50);
        transfer(OUT, io.out());
        transfer(ERR, io.err());
        if (cause == ProcessEnd.Cause.EXIT) {
          cause = cause(deadline);
        }
        if (cause != ProcessEnd.Cause.EXIT || inputFailure != null) {
          kill.run();
        }
        // A keeper that was killed from outside writes no event; this throws then.
        if (lane.isDone() && !ready(DONE)) {
          waitForEvents(System.nanoTime());
        }
      }
      gone.run();
      drain(OUT, io.out());
      drain(ERR, io.err());
      io.out().flush();
      io.err().flush();
      requireInput(cause);
      return cause;
    } catch (IOException e) {
      if (io.cancellation().isCancelled()) {
        kill.run(); // whoever cancelled it has closed its end of the output
        return ProcessEnd.Cause.CANCELLED;
      }
      throw new UncheckedIOException("the process's output could not be passed on", e);
    } finally {
      io.cancellation().watch(null);
    }
  }

  /** A time beyond what the clock counts is no limit. */
  private long deadline() {
    Duration timeout = io.timeout();
    return timeout == null || timeout.compareTo(LONGEST) > 0
        ? Long.MAX_VALUE
        : System.nanoTime() + timeout.toNanos();
  }

  private void inputFailed(Throwable failure) {
    inputFailure = failure;
    wake();
  }

  /** A command that has read half of its input has not done what it was asked to. */
  private void requireInput(ProcessEnd.Cause cause) {
    Throwable failure = inputFailure;
    if (failure != null && cause == ProcessEnd.Cause.EXIT) {
      throw new OperationException(
          "the command's input could not be read, so it was killed: " + failure, failure);
    }
  }

  private ProcessEnd.Cause cause(long deadline) {
    if (Thread.currentThread().isInterrupted()) {
      return ProcessEnd.Cause.INTERRUPTED;
    }
    if (io.cancellation().isCancelled()) {
      return ProcessEnd.Cause.CANCELLED;
    }
    return deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0
        ? ProcessEnd.Cause.TIMEOUT
        : ProcessEnd.Cause.EXIT;
  }

  private void waitForEvents(long deadline) {
    long left =
        deadline == Long.MAX_VALUE
            ? LOOK_AGAIN_NANOS
            : Math.max(0, Math.min(LOOK_AGAIN_NANOS, deadline - System.nanoTime()));
    Memory.IO.putLong(timespec, left / 1_000_000_000L);
    Memory.IO.putLong(timespec + 8, left % 1_000_000_000L);
    interruption.guard(() -> Trampoline.run(poll, 0));
    if (poll.errno(0) != 0) {
      for (int i = 0; i < FDS; i++) {
        Memory.IO.putShort(pollFds + (long) i * POLL_FD + 6, (short) 0);
      }
    }
  }

  private boolean ready(int which) {
    return Memory.IO.getShort(pollFds + (long) which * POLL_FD + 6) != 0;
  }

  private void transfer(int which, OutputStream to) throws IOException {
    if (ready(which)) {
      readOnce(which, to);
    }
  }

  private boolean readOnce(int which, OutputStream to) throws IOException {
    read.reset();
    read.tolerate("pipe", Sys.READ, ours[which], buffer, BUFFER);
    Trampoline.run(read, 0);
    int n = (int) read.result(0);
    if (n <= 0) {
      Memory.IO.putInt(
          pollFds + (long) which * POLL_FD, -1); // its end: ppoll passes over a negative descriptor
      return false;
    }
    Memory.IO.getByteArray(buffer, bytes, 0, n);
    to.write(bytes, 0, n);
    return true;
  }

  /** Everyone who could write is gone: what is left is read to the end. */
  private void drain(int which, OutputStream to) throws IOException {
    if (Memory.IO.getInt(pollFds + (long) which * POLL_FD) >= 0) {
      boolean more = true;
      while (more) {
        more = readOnce(which, to);
      }
    }
  }

  private synchronized void wake() {
    if (!closed) {
      signal(ours[WOKEN]);
    }
  }

  private static void signal(long event) {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      long one = program.memory.zeroed(8);
      Memory.IO.putLong(one, 1);
      program.tolerate("event", Sys.WRITE, event, one, 8);
      Trampoline.run(program, 0);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (long fd : ours) {
      closeFd(fd);
    }
    for (long fd : childEnds) {
      closeFd(fd);
    }
    poll.close();
    read.close();
  }

  static void closeFd(long fd) {
    if (fd >= 0) {
      Trampoline.here(Sys.CLOSE, fd);
    }
  }

  /** Lets an interrupt of the waiting thread wake it, as the JDK's own channels do. */
  private final class Interruption extends AbstractInterruptibleChannel {
    @Override
    protected void implCloseChannel() {
      wake();
    }

    void guard(Runnable blocking) {
      boolean completed = false;
      begin();
      try {
        blocking.run();
        completed = true;
      } finally {
        try {
          end(completed);
        } catch (AsynchronousCloseException e) {
          // The interrupt status stays set, and says so to whoever looks.
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
