package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_NONBLOCK;

import dev.cooper.spi.ProcessIo;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The pipes of one process, and what else its {@link ProcessWatch} waits for.
 *
 * <p>One thread waits in ppoll for output, for the lane's word that all is over, and for being
 * woken: by a cancellation, by who takes the output, or by an interrupt of the thread, which a
 * blocked system call would not see by itself.
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
  private static final byte[] NOTHING = {};

  private final ProcessIo io;
  private final long[] childEnds = {-1, -1, -1};
  private final long[] ours = {-1, -1, -1, -1, -1};
  private final SyscallProgram poll = new SyscallProgram(1, 256);
  private final SyscallProgram read = new SyscallProgram(1, BUFFER + 64);
  private final long pollFds;
  private final long timespec;
  private final long buffer;
  private final boolean[] open = {true, true};
  private final boolean[] written = {false, false};
  private final @Nullable OutputFifos fifos;
  private final Interruption interruption = new Interruption();
  private volatile @Nullable Throwable inputFailure;
  private @Nullable InputPump pump;
  private boolean done;
  private boolean closed;

  /**
   * The pipes of a process, to be closed.
   *
   * @param fifos what its outputs are where they have names; null for pipes without
   */
  ProcessPipes(ProcessIo io, @Nullable OutputFifos fifos) {
    this.io = io;
    this.fifos = fifos;
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
    if (fifos == null) {
      pipe(OUT, 1);
      pipe(ERR, 2);
    } else {
      fifos.open(ours, childEnds);
    }
    InputStream in = io.in();
    if (in == null) {
      childEnds[0] = devNull();
    } else {
      long[] ends = pipe();
      childEnds[0] = ends[0];
      Trampoline.here(Sys.FCHMOD, ends[0], 0644);
      try {
        pump = InputPump.start(in, (int) ends[1], this::inputFailed);
      } catch (RuntimeException | Error e) {
        closeFd(ends[1]); // no thread could be started to own it
        throw e;
      }
    }
    for (int i = 0; i < FDS; i++) {
      Memory.IO.putShort(pollFds + (long) i * POLL_FD + 4, (short) Linux.POLLIN);
    }
  }

  /**
   * The owner of a pipe is this JVM's user, and its mode counts for who opens it by name: {@code
   * /dev/stdout}, {@code /proc/self/fd/1}. Nobody can name it who has not inherited it.
   */
  private void pipe(int our, int child) {
    long[] ends = pipe();
    ours[our] = ends[0];
    childEnds[child] = ends[1];
    Trampoline.here(Sys.FCHMOD, ends[1], 0622);
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
    return (int) take(ours[FAILED]);
  }

  /**
   * Waits until something happens, or for some time.
   *
   * @param outputs whether output counts: else what the process writes stays in its pipes
   */
  void await(long nanos, boolean outputs) {
    Memory.IO.putLong(timespec, nanos / 1_000_000_000L);
    Memory.IO.putLong(timespec + 8, nanos % 1_000_000_000L);
    for (int i = 0; i < FDS; i++) {
      // ppoll passes over a negative descriptor.
      boolean counts = i > ERR ? i != DONE || !done : outputs && open[i];
      Memory.IO.putInt(pollFds + (long) i * POLL_FD, counts ? (int) ours[i] : -1);
    }
    interruption.guard(() -> Trampoline.run(poll, 0));
    if (poll.errno(0) != 0) {
      for (int i = 0; i < FDS; i++) {
        Memory.IO.putShort(pollFds + (long) i * POLL_FD + 6, (short) 0);
      }
    }
    done |= ready(DONE);
    if (ready(WOKEN)) {
      take(ours[WOKEN]);
    }
  }

  /** Whether the lane has said that the process is gone. */
  boolean isDone() {
    return done;
  }

  /** Whether more may come of its outputs. */
  boolean isOpen() {
    return open[OUT] || open[ERR];
  }

  /** Reads what is there of each output, of at most 64 KiB, and passes it on. */
  void transfer(OutputRelay relay) {
    transfer(OUT, io.out(), relay);
    transfer(ERR, io.err(), relay);
  }

  private void transfer(int which, OutputStream to, OutputRelay relay) {
    if (open[which] && ready(which)) {
      byte[] piece = read(which);
      if (piece.length > 0) {
        relay.pass(to, piece);
        written[which] = true;
      }
    } else if (done && fifos != null) {
      open[which] = false; // its end never shows: we write to it as well
    }
  }

  /** Tells the outputs that took something that nothing more comes. */
  void flush(OutputRelay relay) {
    if (written[OUT]) {
      relay.flush(io.out());
    }
    if (written[ERR]) {
      relay.flush(io.err());
    }
  }

  private boolean ready(int which) {
    return Memory.IO.getShort(pollFds + (long) which * POLL_FD + 6) != 0;
  }

  private byte[] read(int which) {
    read.reset();
    read.tolerate("pipe", Sys.READ, ours[which], buffer, BUFFER);
    Trampoline.run(read, 0);
    int n = (int) read.result(0);
    if (n == -Linux.EAGAIN || n == -Linux.EINTR) {
      return NOTHING;
    }
    open[which] = n > 0;
    byte[] piece = n > 0 ? new byte[n] : NOTHING;
    Memory.IO.getByteArray(buffer, piece, 0, piece.length);
    return piece;
  }

  /** Takes the value of an event that is not 0. */
  private long take(long event) {
    read.reset();
    long value = read.memory.zeroed(8);
    read.tolerate("event", Sys.READ, event, value, 8);
    Trampoline.run(read, 0);
    return read.errno(0) == 0 ? Memory.IO.getLong(value) : 0;
  }

  private void inputFailed(Throwable failure) {
    inputFailure = failure;
    wake();
  }

  /** What the stream of its input threw, or null. */
  @Nullable Throwable inputFailure() {
    return inputFailure;
  }

  /** Ends a wait, the present one or the next; nothing happens once it is closed. */
  synchronized void wake() {
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
    if (pump != null) {
      pump.close();
    }
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
