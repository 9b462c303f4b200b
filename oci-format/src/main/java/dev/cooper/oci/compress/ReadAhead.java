package dev.cooper.oci.compress;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream ahead of its consumer on another thread, a few buffers at most.
 *
 * <p>A short stream is read where it is; the thread begins with what comes after. What the stream
 * throws, the consumer gets, after the bytes before it. Closing closes the source, which ends a
 * read that waits for it, and then waits a while for the thread to be done with the stream.
 */
final class ReadAhead extends InputStream {
  private static final int BUFFER = 128 * 1024;
  private static final int AHEAD = 32;
  private static final long DIRECT = 256 * 1024;
  private static final long CLOSE_SECONDS = 10;

  private final InputStream stream;
  private final InputStream source;
  private final ArrayDeque<Chunk> ready = new ArrayDeque<>();
  private final ArrayDeque<byte[]> free = new ArrayDeque<>();
  private long direct;
  private int made;
  private boolean threaded;
  private @Nullable Chunk current;
  private @Nullable Thread running;
  private boolean done = true;
  private boolean closed;

  /** What is read next: some bytes, the end (no bytes), or what went wrong. */
  private static final class Chunk {
    final byte[] bytes;
    final int length;
    final @Nullable Throwable failure;
    int position;

    Chunk(byte[] bytes, int length, @Nullable Throwable failure) {
      this.bytes = bytes;
      this.length = length;
      this.failure = failure;
    }
  }

  /** Reads {@code stream}, which itself reads {@code source} and closes it. */
  ReadAhead(InputStream stream, InputStream source) {
    this.stream = stream;
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (!threaded && direct < DIRECT) {
      int n = stream.read(target, offset, length);
      direct += Math.max(0, n);
      return n;
    }
    return length == 0 ? 0 : take(target, offset, length);
  }

  private int take(byte[] target, int offset, int length) throws IOException {
    start();
    Chunk chunk = chunk();
    if (chunk.failure != null) {
      throw rethrown(chunk.failure);
    }
    if (chunk.length == 0) {
      return -1;
    }
    int n = Math.min(length, chunk.length - chunk.position);
    System.arraycopy(chunk.bytes, chunk.position, target, offset, n);
    chunk.position += n;
    return n;
  }

  private void start() {
    if (threaded) {
      return;
    }
    threaded = true;
    done = false;
    Workers.READ.execute(this::run);
  }

  /** The chunk that has something to give; one that ends the stream stays for every later call. */
  private synchronized Chunk chunk() throws IOException {
    Chunk chunk = current;
    while (chunk == null || (chunk.length > 0 && chunk.position == chunk.length)) {
      if (chunk != null) {
        free.push(chunk.bytes); // the next to be filled, while the processor still knows it
        notifyAll();
      }
      current = null;
      awaitReady();
      chunk = ready.remove();
      current = chunk;
    }
    return chunk;
  }

  private synchronized void awaitReady() throws IOException {
    try {
      while (ready.isEmpty() && !closed) {
        wait();
      }
      if (closed) {
        throw new IOException("stream closed");
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static InterruptedIOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    InterruptedIOException interrupted = new InterruptedIOException("interrupted while reading");
    interrupted.initCause(e);
    return interrupted;
  }

  private static IOException rethrown(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    return (IOException) failure;
  }

  private void run() {
    try {
      began();
      boolean more = true;
      while (more) {
        byte[] buffer = buffer();
        more = buffer != null && offer(buffer);
      }
    } catch (IOException | RuntimeException | Error e) {
      add(new Chunk(new byte[0], 0, e));
    } finally {
      ended();
    }
  }

  private synchronized byte @Nullable [] buffer() throws IOException {
    try {
      while (free.isEmpty() && made == AHEAD && !closed) {
        wait();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    if (closed) {
      return null;
    }
    if (free.isEmpty()) {
      made++;
      return new byte[BUFFER];
    }
    return free.pop();
  }

  /** Fills a buffer as far as the stream goes; false at its end. */
  private boolean offer(byte[] buffer) throws IOException {
    int length = 0;
    try {
      while (length < buffer.length) {
        int n = stream.read(buffer, length, buffer.length - length);
        if (n < 0) {
          break;
        }
        length += n;
      }
    } finally {
      if (length > 0) {
        add(new Chunk(buffer, length, null)); // also before a failure: they were good
      }
    }
    if (length < buffer.length) {
      add(new Chunk(buffer, 0, null));
    }
    return length == buffer.length;
  }

  private synchronized void add(Chunk chunk) {
    ready.add(chunk);
    notifyAll();
  }

  private synchronized void began() {
    running = Thread.currentThread();
  }

  private synchronized void ended() {
    running = null;
    done = true;
    notifyAll();
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      ready.clear();
      current = null;
      notifyAll();
    }
    if (threaded) {
      source.close();
      interruptThread();
      awaitThread();
    }
    stream.close();
  }

  /** Not every stream ends a waiting read when it is closed: a pipe ends it when interrupted. */
  private synchronized void interruptThread() {
    if (running != null) {
      running.interrupt();
    }
  }

  private synchronized void awaitThread() throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
    try {
      while (!done) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          throw new IOException("a read of the stream below did not end with its close");
        }
        wait(1 + TimeUnit.NANOSECONDS.toMillis(left));
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }
}
