package dev.cooper.linux;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;

/**
 * Feeds a process's standard input from a stream, in a thread of its own, until either ends.
 *
 * <p>A stream that gives nothing holds that thread, and nobody else: once the process is gone the
 * descriptor is closed, and what the stream gives after that goes nowhere.
 */
final class InputPump implements Runnable, AutoCloseable {
  private static final int BUFFER = 64 << 10;

  private final InputStream in;
  private final int fd;
  private final Consumer<Throwable> failed;
  private boolean writing;
  private boolean ended;

  private InputPump(InputStream in, int fd, Consumer<Throwable> failed) {
    this.in = in;
    this.fd = fd;
    this.failed = failed;
  }

  /** Starts it; it owns the descriptor, and tells what the stream threw before it closes that. */
  static InputPump start(InputStream in, int fd, Consumer<Throwable> failed) {
    InputPump pump = new InputPump(in, fd, failed);
    Thread thread = new Thread(pump, "cooper-stdin");
    thread.setDaemon(true);
    thread.start();
    return pump;
  }

  @Override
  public void run() {
    try (Memory memory = new Memory(BUFFER)) {
      byte[] bytes = new byte[BUFFER];
      long buffer = memory.allocate(BUFFER);
      int n = in.read(bytes);
      while (n >= 0 && write(buffer, bytes, n)) {
        n = in.read(bytes);
      }
    } catch (IOException | RuntimeException | Error e) {
      failed.accept(e);
    } finally {
      close();
    }
  }

  /** Returns false once nobody reads any more. */
  private boolean write(long buffer, byte[] bytes, int n) {
    if (!begin()) {
      return false;
    }
    Memory.IO.putByteArray(buffer, bytes, 0, n);
    int done = 0;
    boolean open = true;
    while (open && done < n) {
      long written = Trampoline.here(Sys.WRITE, fd, buffer + done, n - done);
      open = written >= 0 || written == -Linux.EINTR;
      done += (int) Math.max(0, written);
    }
    return end() && open;
  }

  private synchronized boolean begin() {
    writing = !ended;
    return writing;
  }

  /** The number of a descriptor that is written to must not become another's meanwhile. */
  private synchronized boolean end() {
    writing = false;
    if (ended) {
      Trampoline.here(Sys.CLOSE, fd);
    }
    return !ended;
  }

  /** Closes the descriptor, at once or when the write that is under way has failed. */
  @Override
  public synchronized void close() {
    if (!ended && !writing) {
      Trampoline.here(Sys.CLOSE, fd);
    }
    ended = true;
  }
}
