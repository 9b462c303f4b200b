package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpTimeoutException;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A blob as it comes from a registry, which goes on where it was when the connection breaks.
 *
 * <p>A read gives all that it is asked for, but at the end: what is done with the bytes is then
 * done for many at a time. What it gives is not verified: that is its wrapper's task, which also
 * finds it out if a server that was asked for the rest gave something else. Not thread-safe, but
 * for closing.
 */
final class BlobStream extends InputStream {
  private static final Pattern RANGE = Pattern.compile("bytes ([0-9]{1,18})-[0-9]+/([0-9]+|\\*)");

  /** Whoever gives so much between two faults is worth asking on. */
  private static final long GAIN = 64 * 1024;

  private static final int SKIPPED = 64 * 1024;

  /** A blob may be waited for an hour, and then for as long as 128 KiB a second need for it. */
  private static final long PATIENCE_SECONDS = 3600;

  private static final long LEAST_PER_SECOND = 128 * 1024;

  /** Asks for the blob. */
  interface Opener {
    /** Asks once more; the range is null for all of it. */
    Response open(@Nullable String range) throws IOException;

    /** What is said when no further try is worth it. */
    RegistryException failure(IOException last, Tries tries);
  }

  private final Opener opener;
  private final Descriptor blob;
  private final Tries tries;
  private final Progress progress;
  private final TransferLimits.Permit permit;
  private final String where;
  private @Nullable Response response;
  private long position;
  private long atLastFault;
  private long waitedBefore;
  private boolean givenUp;
  private boolean ranges = true;
  private boolean closed;

  /**
   * Asks for the blob at once.
   *
   * @param permit was acquired, and is released by closing, or here if the blob can't be opened
   */
  BlobStream(
      Opener opener,
      Descriptor blob,
      Tries tries,
      Progress progress,
      TransferLimits.Permit permit,
      String where)
      throws IOException {
    this.opener = opener;
    this.blob = blob;
    this.tries = tries;
    this.progress = progress;
    this.permit = permit;
    this.where = where;
    boolean opened = false;
    try {
      response = checked(opener.open(null));
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /** An answer that gives all of it. */
  private Response checked(Response all) {
    long length = all.length().orElse(blob.size());
    if (length != blob.size()) {
      all.close();
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: blob %s has %d bytes, expected %d",
              where,
              blob.digest(),
              length,
              blob.size()));
    }
    return all;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    int done = 0;
    while (done < length) {
      int n = some(target, offset + done, length - done);
      if (n < 0) {
        break;
      }
      done += n;
    }
    return done == 0 && length > 0 ? -1 : done;
  }

  /** What has come; -1 at the blob's end. */
  private int some(byte[] target, int offset, int length) throws IOException {
    while (true) {
      try {
        BodyStream body = current();
        int n = body.read(target, offset, length);
        requirePatience(waitedBefore + body.waited());
        if (n < 0 && position < blob.size()) {
          throw new IOException("the body ended after " + position + " bytes");
        }
        position += Math.max(0, n);
        progress.progressed(position);
        if (position == blob.size()) {
          progress.ended(Transfer.Outcome.TRANSFERRED);
        }
        return n;
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (givenUp) {
          throw e;
        }
        if (position == blob.size() && !isClosed()) {
          return -1; // all of it is there; whether it is right, its digest says
        }
        recover(e);
      }
    }
  }

  /** Of a server that is just not slow enough to be given up, somebody has to tire once. */
  private void requirePatience(long nanos) throws IOException {
    long seconds = TimeUnit.NANOSECONDS.toSeconds(nanos);
    if (seconds > PATIENCE_SECONDS + blob.size() / LEAST_PER_SECOND) {
      String waited = "its bytes were waited for " + seconds + " s in all";
      givenUp = true;
      throw failed(opener.failure(new HttpTimeoutException(waited), tries));
    }
  }

  private synchronized BodyStream current() throws IOException {
    Response open = response;
    if (closed || open == null) {
      throw new IOException("stream closed");
    }
    return open.body();
  }

  /** Waits, and goes on at the position that was reached. */
  private void recover(IOException fault) throws IOException {
    IOException last = fault;
    while (true) {
      if (isClosed()) {
        throw last;
      }
      if (position - atLastFault >= GAIN) {
        tries.renew();
      }
      atLastFault = position;
      String reason = RegistryHost.reason(last);
      if (!tries.another(last, () -> progress.retried(reason))) {
        throw failed(opener.failure(last, tries));
      }
      try {
        replace(resumed());
        return;
      } catch (InterruptedIOException e) {
        throw e;
      } catch (RegistryException e) {
        throw failed(e);
      } catch (IOException e) {
        e.addSuppressed(last);
        last = e;
      }
    }
  }

  private Response resumed() throws IOException {
    if (position > 0 && ranges) {
      Response rest = opener.open("bytes=" + position + "-");
      if (rest.status() == 206 && isRest(rest)) {
        return rest;
      }
      if (rest.status() == 200) {
        return skipped(rest);
      }
      // Another part than was asked for, or none: all of it is read again.
      rest.close();
      ranges = false;
    }
    return skipped(opener.open(null));
  }

  private boolean isRest(Response part) {
    Matcher range = RANGE.matcher(part.header("Content-Range").orElse(""));
    return range.matches()
        && Long.parseLong(range.group(1)) == position
        && (range.group(2).equals("*") || range.group(2).equals(Long.toString(blob.size())))
        && part.length().orElse(blob.size() - position) == blob.size() - position;
  }

  private Response skipped(Response all) throws IOException {
    BodyStream body = checked(all).body();
    boolean skipped = false;
    try {
      byte[] scratch = new byte[SKIPPED];
      long left = position;
      while (left > 0) {
        int n = body.read(scratch, 0, (int) Math.min(left, scratch.length));
        if (n < 0) {
          throw new IOException("the body ended before the " + position + " bytes it had before");
        }
        left -= n;
      }
      skipped = true;
      return all;
    } finally {
      if (!skipped) {
        all.close();
      }
    }
  }

  private void replace(Response next) throws IOException {
    Response before;
    synchronized (this) {
      if (closed) {
        next.close();
        throw new IOException("stream closed");
      }
      before = response;
      response = next;
    }
    if (before != null) {
      waitedBefore += before.body().waited();
      before.close();
    }
  }

  private IOException failed(RegistryException last) {
    return new IOException(
        String.format(
            Locale.ROOT,
            "%s: blob %s failed after %d of %d bytes: %s",
            where,
            blob.digest(),
            position,
            blob.size(),
            last.getMessage()),
        last);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    Response open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = response;
    }
    permit.release();
    if (open != null) {
      open.close();
    }
    progress.ended(Transfer.Outcome.FAILED); // unless it has ended well; a listener may throw
  }
}
