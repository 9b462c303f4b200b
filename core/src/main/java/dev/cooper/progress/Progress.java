package dev.cooper.progress;

import dev.cooper.event.BuildEvent;
import dev.cooper.event.BuildEvent.Work;
import dev.cooper.event.BuildListener;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Tells a listener of work that may take seconds. Thread-safe. */
public final class Progress {
  private static final long INTERVAL = 100_000_000;

  /** Tells nobody. */
  public static final Progress NONE = new Progress(BuildListener.quiet(), System::nanoTime);

  private final BuildListener listener;
  private final LongSupplier nanos;
  private final AtomicLong ids = new AtomicLong();

  public Progress(BuildListener listener, LongSupplier nanos) {
    this.listener = listener;
    this.nanos = nanos;
  }

  /**
   * Begins a piece of work, which ends when it is closed.
   *
   * @param size bytes, or 0
   */
  public Piece begin(Work.Kind kind, String subject, long size) {
    return new Piece(new Work(ids.incrementAndGet(), kind, subject, size));
  }

  /** Work that goes on. One thread at a time. */
  public final class Piece implements AutoCloseable {
    private final Work work;
    private final long began = nanos.getAsLong();
    private long told = began;
    private long done;
    private boolean succeeded;

    private Piece(Work work) {
      this.work = work;
      listener.on(new BuildEvent.WorkStarted("store", work));
    }

    /** So many more bytes are done. */
    public void add(long bytes) {
      done += bytes;
      long now = nanos.getAsLong();
      if (now - told >= INTERVAL) {
        told = now;
        listener.on(new BuildEvent.WorkProgressed("store", work, done));
      }
    }

    /** A stream whose bytes count as done once they are read. */
    public InputStream counted(InputStream in) {
      return new Counted(in);
    }

    /** What was begun is done; without this it has failed. */
    public void succeed() {
      succeeded = true;
    }

    @Override
    public void close() {
      Duration took = Duration.ofNanos(nanos.getAsLong() - began);
      listener.on(new BuildEvent.WorkEnded("store", work, took, succeeded));
    }

    private final class Counted extends FilterInputStream {
      Counted(InputStream in) {
        super(in);
      }

      @Override
      public int read() throws IOException {
        int octet = super.read();
        if (octet >= 0) {
          add(1);
        }
        return octet;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int n = super.read(into, offset, length);
        if (n > 0) {
          add(n);
        }
        return n;
      }

      @Override
      public long skip(long bytes) throws IOException {
        long n = super.skip(bytes);
        add(n);
        return n;
      }

      @Override
      public boolean markSupported() {
        return false;
      }
    }
  }
}
