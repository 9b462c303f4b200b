package dev.cooper.oci.registry;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A request's body of known length, read from a source while it is sent.
 *
 * <p>Read in large pieces and on threads of its own, as the HTTP client would otherwise read it on
 * the thread that serves all connections.
 */
final class UploadBody implements Flow.Publisher<ByteBuffer>, Closeable {
  private static final int PIECE = 256 * 1024;

  private final BlobSource source;
  private final long length;
  private final LongConsumer progress;
  private final Executor executor;
  private @Nullable Feed feed;
  private @Nullable Throwable failure;
  private volatile long sent;

  UploadBody(BlobSource source, long length, LongConsumer progress, Executor executor) {
    this.source = source;
    this.length = length;
    this.progress = progress;
    this.executor = executor;
  }

  long length() {
    return length;
  }

  /** Bytes handed to the client so far. */
  long sent() {
    return sent;
  }

  /** What went wrong with the source, or null. */
  synchronized @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
    Feed next = new Feed(subscriber);
    Feed before;
    synchronized (this) {
      before = feed;
      feed = next;
    }
    if (before != null) {
      before.cancel(); // the client sends the request anew, as a kept connection was closed
    }
    subscriber.onSubscribe(next);
  }

  @Override
  public void close() {
    Feed last;
    synchronized (this) {
      last = feed;
    }
    if (last != null) {
      last.cancel();
    }
  }

  private synchronized void failed(Throwable thrown) {
    failure = thrown;
  }

  /** One reading of the source. */
  private final class Feed implements Flow.Subscription {
    private final Flow.Subscriber<? super ByteBuffer> subscriber;
    private @Nullable InputStream in;
    private long demand;
    private long position;
    private boolean running;
    private boolean over;

    Feed(Flow.Subscriber<? super ByteBuffer> subscriber) {
      this.subscriber = subscriber;
    }

    @Override
    public void request(long n) {
      synchronized (this) {
        demand += n;
        if (running || over) {
          return;
        }
        running = true;
      }
      executor.execute(this::pump);
    }

    /** One thread at a time. */
    private void pump() {
      try {
        while (wanted()) {
          give(TransferLimits.forUpload(this::read));
        }
      } catch (IOException | RuntimeException | Error e) {
        failed(e);
        cancel();
        subscriber.onError(e);
      } finally {
        rest();
      }
    }

    private synchronized boolean wanted() {
      boolean more = demand > 0 && !over;
      if (more) {
        demand--;
      } else {
        running = false;
      }
      return more;
    }

    private byte[] read() throws IOException {
      if (in == null) {
        in = source.open();
      }
      byte[] piece = new byte[(int) Math.min(PIECE, length - position)];
      int n = in.readNBytes(piece, 0, piece.length);
      if (n < piece.length) {
        throw new IOException("found " + (position + n) + " bytes, expected " + length);
      }
      return piece;
    }

    private void give(byte[] piece) {
      position += piece.length;
      sent = position;
      progress.accept(position);
      boolean last = position == length;
      subscriber.onNext(ByteBuffer.wrap(piece));
      if (last) {
        cancel();
        subscriber.onComplete();
      }
    }

    @Override
    public void cancel() {
      synchronized (this) {
        over = true;
        if (running) {
          return; // whoever reads closes the source
        }
      }
      rest();
    }

    private void rest() {
      InputStream open;
      synchronized (this) {
        if (!over) {
          return;
        }
        running = false;
        open = in;
        in = null;
      }
      try {
        if (open != null) {
          open.close();
        }
      } catch (IOException e) {
        failed(e);
      }
    }
  }
}
