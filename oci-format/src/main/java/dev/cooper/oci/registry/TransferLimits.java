package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Semaphore;

/**
 * How many blobs come from and go to one registry at a time, counted apart.
 *
 * <p>Whoever reads a blob may upload what is read, and so hold a download while waiting for an
 * upload. The other way round nobody waits, or both would for ever: what an upload's source opens
 * in a registry, be it the same one, counts as a part of that upload. Thread-safe.
 */
final class TransferLimits {
  private static final ThreadLocal<Boolean> FOR_UPLOAD = ThreadLocal.withInitial(() -> false);

  private final Semaphore downloads;
  private final Semaphore uploads;

  TransferLimits(int parallel) {
    downloads = new Semaphore(parallel);
    uploads = new Semaphore(parallel);
  }

  /** Lets one transfer more begin; to be released once. */
  interface Permit {
    void release();
  }

  /** Something that reads what is uploaded. */
  @FunctionalInterface
  interface Reading<T> {
    T read() throws IOException;
  }

  /** Reads what is uploaded, wherever it comes from. */
  static <T> T forUpload(Reading<T> reading) throws IOException {
    boolean before = FOR_UPLOAD.get();
    FOR_UPLOAD.set(true);
    try {
      return reading.read();
    } finally {
      if (!before) {
        FOR_UPLOAD.remove();
      }
    }
  }

  /** Waits until one download more is allowed. */
  Permit download() throws InterruptedIOException {
    return FOR_UPLOAD.get() ? () -> {} : acquired(downloads);
  }

  /** Waits until one upload more is allowed. */
  Permit upload() throws InterruptedIOException {
    return acquired(uploads);
  }

  private static Permit acquired(Semaphore permits) throws InterruptedIOException {
    try {
      permits.acquire();
      return permits::release;
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting for other transfers");
    }
  }
}
