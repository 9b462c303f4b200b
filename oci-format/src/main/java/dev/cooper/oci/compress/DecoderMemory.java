package dev.cooper.oci.compress;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;

/**
 * What the windows and dictionaries of all streams that are unpacked at once may take together.
 *
 * <p>A stream of a few kilobytes can ask for 128 MiB, and as many streams are unpacked at once as
 * there are processors. Streams that ask for little, as nearly all do, are counted and never wait;
 * one that asks for more waits until there is room, or fails after a while. Thread-safe.
 */
final class DecoderMemory {
  /** What zstd's highest usual levels ask for. */
  static final long LITTLE = 8L << 20;

  private static final long MOST_NATIVE = 256L << 20;
  private static final long PATIENCE_SECONDS = 120;

  /** Of zstd's windows, which are outside of the heap. */
  static final DecoderMemory NATIVE = new DecoderMemory(MOST_NATIVE, PATIENCE_SECONDS);

  /** Of xz's dictionaries: half of the heap, as for all that is kept of entries. */
  static final DecoderMemory HEAP =
      new DecoderMemory(Runtime.getRuntime().maxMemory() / 2, PATIENCE_SECONDS);

  private final long most;
  private final long patience;
  private long taken;

  DecoderMemory(long most, long patienceSeconds) {
    this.most = most;
    this.patience = TimeUnit.SECONDS.toNanos(patienceSeconds);
  }

  long most() {
    return most;
  }

  /** What is in use. */
  synchronized long taken() {
    return taken;
  }

  /** Takes some, once there is room for it beside the others'. */
  synchronized void take(long bytes) throws IOException {
    long deadline = System.nanoTime() + patience;
    while (bytes > LITTLE && taken > 0 && taken + bytes > most) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IOException(
            "cannot unpack a stream whose window takes "
                + bytes
                + " bytes of memory: other streams that are being unpacked hold "
                + taken
                + " of "
                + most
                + "; try again when they are done");
      }
      await(left);
    }
    taken += bytes;
  }

  /** Returns early now and then: the caller looks again whether there is room. */
  @SuppressWarnings("WaitNotInLoop")
  private void await(long nanos) throws IOException {
    try {
      wait(1 + TimeUnit.NANOSECONDS.toMillis(nanos));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted while waiting for memory to unpack with");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  synchronized void give(long bytes) {
    taken -= bytes;
    notifyAll();
  }

  /** Something that is unpacked with memory taken for it. */
  interface Opener {
    InputStream open() throws IOException;
  }

  /** A stream whose memory is given back when it is closed, or here if it cannot be opened. */
  InputStream stream(long bytes, Opener opener) throws IOException {
    take(bytes);
    boolean opened = false;
    try {
      InputStream stream = new Taken(opener.open(), bytes);
      opened = true;
      return stream;
    } finally {
      if (!opened) {
        give(bytes);
      }
    }
  }

  /** Gives it back once. */
  private final class Taken extends java.io.FilterInputStream {
    private final long bytes;
    private boolean given;

    Taken(InputStream in, long bytes) {
      super(in);
      this.bytes = bytes;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return in.read(target, offset, length);
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        giveBack();
      }
    }

    private void giveBack() {
      synchronized (DecoderMemory.this) {
        if (!given) {
          given = true;
          give(bytes);
        }
      }
    }
  }
}
