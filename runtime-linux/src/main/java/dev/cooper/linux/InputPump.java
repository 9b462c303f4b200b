package dev.cooper.linux;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;

/** Feeds a process's standard input from a stream, in a thread of its own, until either ends. */
final class InputPump implements Runnable {
  private static final int BUFFER = 64 << 10;

  private final InputStream in;
  private final int fd;

  private final Consumer<Throwable> failed;

  private InputPump(InputStream in, int fd, Consumer<Throwable> failed) {
    this.in = in;
    this.fd = fd;
    this.failed = failed;
  }

  /** Starts it; it owns the descriptor, and tells what the stream threw before it closes that. */
  static void start(InputStream in, int fd, Consumer<Throwable> failed) {
    Thread thread = new Thread(new InputPump(in, fd, failed), "cooper-stdin");
    thread.setDaemon(true);
    thread.start();
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
      Trampoline.here(Sys.CLOSE, fd);
    }
  }

  /** Returns false once nobody reads any more. */
  private boolean write(long buffer, byte[] bytes, int n) {
    Memory.IO.putByteArray(buffer, bytes, 0, n);
    int done = 0;
    while (done < n) {
      long written = Trampoline.here(Sys.WRITE, fd, buffer + done, n - done);
      if (written < 0 && written != -Linux.EINTR) {
        return false;
      }
      done += (int) Math.max(0, written);
    }
    return true;
  }
}
