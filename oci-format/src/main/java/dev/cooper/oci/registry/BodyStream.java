package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A response's body as a stream: a few buffers of it at a time, and an error when nothing comes.
 *
 * <p>The Java runtime's own waits for the next byte for ever. Read by one thread; closing it, which
 * any thread may, ends the connection unless all was read.
 */
final class BodyStream extends InputStream implements HttpResponse.BodySubscriber<BodyStream> {
  /** How many of the client's reads, each of up to 48 KiB, may wait here. */
  private static final int AHEAD = 32;

  private static final int BATCH = AHEAD / 2;

  /** So many bytes have to come for each second that is spent waiting for them, on the whole. */
  private static final long LEAST_PER_SECOND = 1024;

  private final Duration stall;
  private final Consumer<BodyStream> whenClosed;
  private final ArrayDeque<ByteBuffer> ready = new ArrayDeque<>();
  private final ArrayDeque<Integer> arrivals = new ArrayDeque<>();
  private Flow.@Nullable Subscription subscription;
  private @Nullable Throwable failure;
  private @Nullable ByteBuffer current;
  private int leftOfArrival;
  private int finished;
  private long waited;
  private long waitedInAll;
  private long gained;
  private boolean ended;
  private boolean closed;

  BodyStream(Duration stall, Consumer<BodyStream> whenClosed) {
    this.stall = stall;
    this.whenClosed = whenClosed;
  }

  /** Of no bytes. */
  static BodyStream empty() {
    BodyStream empty = new BodyStream(Duration.ZERO, stream -> {});
    empty.onComplete();
    return empty;
  }

  @Override
  public CompletionStage<BodyStream> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    synchronized (this) {
      if (!closed) {
        subscription = given;
      }
    }
    if (subscription == null) {
      given.cancel();
    } else {
      given.request(AHEAD);
    }
  }

  @Override
  public synchronized void onNext(List<ByteBuffer> buffers) {
    if (!closed) {
      ready.addAll(buffers);
      arrivals.add(buffers.size());
      notifyAll();
    }
  }

  @Override
  public synchronized void onError(Throwable thrown) {
    failure = thrown;
    ended = true;
    notifyAll();
  }

  @Override
  public synchronized void onComplete() {
    ended = true;
    notifyAll();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    int done = 0;
    while (done < length) {
      // What is there is taken at once, but nothing more is waited for.
      ByteBuffer buffer = buffer(done == 0);
      if (buffer == null) {
        break;
      }
      int n = Math.min(length - done, buffer.remaining());
      buffer.get(target, offset + done, n);
      done += n;
    }
    return done == 0 ? -1 : done;
  }

  /** The buffer to read from; null at the end, or if none is there and none is waited for. */
  private @Nullable ByteBuffer buffer(boolean waiting) throws IOException {
    ByteBuffer buffer = current;
    while (buffer == null || !buffer.hasRemaining()) {
      boolean more;
      Flow.Subscription source;
      synchronized (this) {
        if (waiting) {
          await();
        }
        buffer = ready.poll();
        current = buffer;
        gained += buffer == null ? 0 : buffer.remaining();
        more = buffer != null && counted();
        source = subscription;
      }
      if (buffer == null) {
        return null;
      }
      if (more && source != null) {
        source.request(BATCH);
      }
    }
    return buffer;
  }

  /** Whether it is time to ask for more, now that one buffer more is being read. */
  private boolean counted() {
    while (leftOfArrival == 0) {
      leftOfArrival = arrivals.remove();
      finished++;
    }
    leftOfArrival--;
    if (finished < BATCH) {
      return false;
    }
    finished -= BATCH;
    return true;
  }

  /** How long its reader has waited for bytes, in nanoseconds. */
  synchronized long waited() {
    return waitedInAll;
  }

  /** Waits for bytes; a server that gives one now and then is as good as one that gives none. */
  private void await() throws IOException {
    if (ready.isEmpty() && !ended && !closed) {
      long began = System.nanoTime();
      try {
        awaitBytes(began + stall.toNanos());
      } finally {
        waited += System.nanoTime() - began;
        waitedInAll += System.nanoTime() - began;
      }
      requireRate();
    }
    if (closed) {
      throw new IOException("stream closed");
    }
    Throwable thrown = failure;
    if (ready.isEmpty() && thrown != null) {
      throw new IOException(String.valueOf(thrown.getMessage()), thrown);
    }
  }

  private void requireRate() throws IOException {
    if (waited < stall.toNanos()) {
      return;
    }
    if (!ended && gained < LEAST_PER_SECOND * waited / TimeUnit.SECONDS.toNanos(1)) {
      throw new HttpTimeoutException(
          "only " + gained + " bytes came in " + TimeUnit.NANOSECONDS.toMillis(waited) + " ms");
    }
    waited = 0;
    gained = 0;
  }

  private void awaitBytes(long deadline) throws IOException {
    while (ready.isEmpty() && !ended && !closed) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new HttpTimeoutException("no byte came for " + stall.toMillis() + " ms");
      }
      try {
        wait(1 + TimeUnit.NANOSECONDS.toMillis(left));
      } catch (InterruptedException e) {
        throw Cancelled.by(e, "reading a response");
      }
    }
  }

  @Override
  public synchronized int available() {
    return current == null ? 0 : current.remaining();
  }

  @Override
  public void close() {
    Flow.Subscription source;
    synchronized (this) {
      closed = true;
      ready.clear();
      source = ended ? null : subscription;
      notifyAll();
    }
    whenClosed.accept(this);
    if (source != null) {
      source.cancel();
    }
  }
}
