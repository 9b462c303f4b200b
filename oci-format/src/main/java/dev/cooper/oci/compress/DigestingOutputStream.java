package dev.cooper.oci.compress;

import dev.cooper.oci.Digest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Hands bytes on, and takes their SHA-256 and number.
 *
 * <p>A large write is hashed on another thread while it is written on this one. Only what was
 * written without an error counts. Not thread-safe; closing closes the stream below.
 */
public final class DigestingOutputStream extends OutputStream {
  private static final int LARGE = 64 * 1024;

  private final OutputStream out;
  private final MessageDigest hasher = Digest.newSha256();
  private @Nullable Digest digest;
  private long size;

  /**
   * Over a stream.
   *
   * @param out gets the bytes
   */
  public DigestingOutputStream(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(int octet) throws IOException {
    check();
    out.write(octet);
    hasher.update((byte) octet);
    size++;
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    check();
    if (length < LARGE) {
      out.write(source, offset, length);
      hasher.update(source, offset, length);
    } else {
      overlapped(source, offset, length);
    }
    size += length;
  }

  /** Returns only when both are done: the array is the caller's. */
  private void overlapped(byte[] source, int offset, int length) throws IOException {
    FutureTask<?> hashing =
        new FutureTask<>(() -> hasher.update(source, offset, length), Boolean.TRUE);
    Workers.COMPUTE.execute(hashing);
    try {
      out.write(source, offset, length);
    } finally {
      hashing.run(); // does it here if no worker was free, and nothing if one has it
      await(hashing);
    }
  }

  private static void await(FutureTask<?> hashing) throws IOException {
    try {
      hashing.get();
    } catch (ExecutionException e) {
      throw new IOException("hashing failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted while hashing");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private void check() throws IOException {
    if (digest != null) {
      throw new IOException("written to after its digest was taken");
    }
  }

  /**
   * The digest of all that was written; nothing more can be written then.
   *
   * @return its SHA-256
   */
  public Digest digest() {
    Digest taken = digest;
    if (taken == null) {
      taken = Digest.of("sha256", hasher.digest());
      digest = taken;
    }
    return taken;
  }

  /**
   * How many bytes were written.
   *
   * @return the number of bytes
   */
  public long size() {
    return size;
  }

  @Override
  public void flush() throws IOException {
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /** How much was written. */
  @Override
  public String toString() {
    return "DigestingOutputStream[" + size + " bytes]";
  }
}
