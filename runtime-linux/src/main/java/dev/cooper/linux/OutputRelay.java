package dev.cooper.linux;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Passes on what a process writes, apart from the loop that watches the process: whoever takes the
 * output may block for as long as it likes, and holds neither a deadline nor an interrupt.
 *
 * <p>What waits in between is bounded; beyond that the pipe holds the process. A thread is taken
 * when there is something to pass on, and given back when all of it was taken. Thread-safe.
 */
final class OutputRelay {
  /** So many bytes may wait; a read of the loop's may come on top. */
  private static final int MOST = 256 << 10;

  private final Deque<Piece> waiting = new ArrayDeque<>();
  private final Runnable wake;
  private final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private int bytes;
  private boolean busy;
  private boolean given;
  private boolean full;
  private @Nullable Throwable failure;

  /** Some bytes for one of the outputs; none of them ends it. */
  private static final class Piece {
    private final OutputStream to;
    private final byte[] bytes;

    Piece(OutputStream to, byte[] bytes) {
      this.to = to;
      this.bytes = bytes;
    }

    void pass() throws IOException {
      if (bytes.length == 0) {
        to.flush();
      } else {
        to.write(bytes);
      }
    }
  }

  /**
   * A relay.
   *
   * @param wake called when there is room again, when all was taken, and when that failed
   */
  OutputRelay(Runnable wake) {
    this.wake = wake;
  }

  /** Whether more may be passed on now; if not, the loop is woken once it may. */
  synchronized boolean hasRoom() {
    full = bytes >= MOST;
    return !full;
  }

  /** Whether all was taken; if not, the loop is woken once it is. */
  synchronized boolean isIdle() {
    return !busy;
  }

  /** Passes bytes on; they are the relay's from now on. */
  void pass(OutputStream to, byte[] piece) {
    boolean idle;
    synchronized (this) {
      if (given || failure != null) {
        return;
      }
      waiting.add(new Piece(to, piece));
      bytes += piece.length;
      idle = !busy;
      busy = true;
    }
    if (idle) {
      start();
    }
  }

  /** Tells an output that nothing more comes. */
  void flush(OutputStream to) {
    pass(to, new byte[0]);
  }

  private void start() {
    try {
      RelayThreads.ALL.execute(this::passAll);
    } catch (RuntimeException | Error e) {
      fail(e); // no thread could be started
    }
  }

  /** Drops what still waits; the call that is under way comes to its end some time. */
  synchronized void giveUp() {
    given = true;
    waiting.clear();
    bytes = 0;
  }

  /** Throws what the one who takes the output threw. */
  void check() throws IOException {
    Throwable thrown = failure();
    if (thrown instanceof IOException e) {
      throw e;
    }
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
    if (thrown != null) {
      throw new UncheckedIOException(new IOException(thrown)); // thrown past the compiler
    }
  }

  private synchronized @Nullable Throwable failure() {
    return failure;
  }

  /** The one who takes the output finds the classes that the caller's thread would find. */
  private void passAll() {
    Thread.currentThread().setContextClassLoader(loader);
    try {
      passEach();
    } finally {
      Thread.currentThread().setContextClassLoader(null);
    }
  }

  private void passEach() {
    Piece piece = next();
    while (piece != null) {
      try {
        piece.pass();
        piece = taken(piece) ? next() : null;
      } catch (Throwable e) {
        fail(e);
        return;
      }
    }
  }

  private @Nullable Piece next() {
    Piece piece;
    synchronized (this) {
      piece = waiting.poll();
      busy = piece != null;
      if (busy || given) {
        return piece;
      }
    }
    wake.run();
    return null;
  }

  /** Returns false once the rest is not wanted. */
  private boolean taken(Piece piece) {
    boolean room;
    synchronized (this) {
      if (given) {
        busy = false;
        return false;
      }
      bytes -= piece.bytes.length;
      room = full && bytes < MOST;
      full = full && !room;
    }
    if (room) {
      wake.run();
    }
    return true;
  }

  private void fail(Throwable thrown) {
    synchronized (this) {
      failure = thrown;
      waiting.clear();
      bytes = 0;
      busy = false;
    }
    wake.run();
  }
}
