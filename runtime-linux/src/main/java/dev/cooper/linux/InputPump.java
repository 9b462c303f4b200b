package dev.cooper.linux;

import java.io.IOException;
import java.io.InputStream;

/** Feeds a process's standard input from a stream, in a thread of its own, until either ends. */
final class InputPump implements Runnable {
  private static final System.Logger LOG = System.getLogger(InputPump.class.getName());
  private static final int BUFFER = 64 << 10;

  private final InputStream in;
  private final int fd;

  private InputPump(InputStream in, int fd) {
    this.in = in;
    this.fd = fd;
  }

  /** Starts it; it owns the descriptor. */
  static void start(InputStream in, int fd) {
    Thread thread = new Thread(new InputPump(in, fd), "cooper-stdin");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void run() {
    byte[] bytes = new byte[BUFFER];
    try (Memory memory = new Memory(BUFFER)) {
      long buffer = memory.allocate(BUFFER);
      int n = in.read(bytes);
      while (n >= 0 && write(buffer, bytes, n)) {
        n = in.read(bytes);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the input of a process broke off", e);
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
