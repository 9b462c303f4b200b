package dev.cooper.store;

import dev.cooper.io.FileLocks;
import dev.cooper.oci.Digest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The turn to fetch one blob from a registry for a store, so that several threads and JVMs that
 * want it read it once.
 *
 * <p>It is no more than that: a registry decides how long a turn lasts, so whoever waits for one
 * gives up once its holder no longer gains, or after a while, and fetches for itself. Nothing is
 * placed on the strength of a turn. The holder's gain is the time of a file beside the lock. A few
 * blobs share one lock, so that locks don't pile up. Not thread-safe.
 */
public final class FetchLock {
  /** What is told before waiting. */
  public static final String WAITING = "another build of this store is fetching it; waiting for it";

  /** So many bytes are a gain; a holder that is slower than one each {@link #STALL} has stalled. */
  private static final long GAIN = 1 << 20;

  private static final Duration STALL = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(1);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Path file;

  /** Another file than the lock's: closing a descriptor of that one would drop the lock. */
  private final Path gain;

  private final Duration stall;

  public FetchLock(Store store, Digest blob) {
    this(store, blob, STALL);
  }

  public FetchLock(Store store, Digest blob, Duration stall) {
    this.file = store.lockFile("fetch-" + blob.hex().substring(0, 3));
    this.gain = file.resolveSibling("gain-" + blob.hex().substring(0, 3));
    this.stall = stall;
  }

  /**
   * Waits for the turn.
   *
   * @param told once it has waited for a second
   * @return the turn, or null if its holder has stalled
   */
  public FileLocks.@Nullable Held await(Runnable told) throws IOException {
    long began = System.nanoTime();
    long pause = FIRST_PAUSE.toNanos();
    boolean silent = true;
    FileLocks.Held held = FileLocks.tryLock(file);
    while (held == null && System.nanoTime() - began < LONGEST.toNanos() && !hasStalled()) {
      if (silent && System.nanoTime() - began > PATIENCE.toNanos()) {
        silent = false;
        told.run();
      }
      LockSupport.parkNanos(pause);
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while waiting for a layer to be fetched");
      }
      pause = Math.min(2 * pause, PAUSE.toNanos());
      held = FileLocks.tryLock(file);
    }
    if (held != null) {
      gained();
    }
    return held;
  }

  private boolean hasStalled() throws IOException {
    try {
      FileTime gained = Files.getLastModifiedTime(gain);
      return System.currentTimeMillis() - gained.toMillis() > stall.toMillis();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private void gained() throws IOException {
    try {
      Files.setLastModifiedTime(gain, FileTime.fromMillis(System.currentTimeMillis()));
    } catch (NoSuchFileException e) {
      Files.write(gain, new byte[0]);
    }
  }

  /** The same bytes; the holder's gain as they come. */
  public InputStream counted(InputStream in) {
    return new GainingStream(in);
  }

  /** Counts what comes. */
  private final class GainingStream extends FilterInputStream {
    private long since;

    GainingStream(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = in.read(target, offset, length);
      since += Math.max(0, n);
      if (since >= GAIN) {
        since = 0;
        gained();
      }
      return n;
    }
  }
}
