package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Objects;

/**
 * Hands content on, and checks its size and digest before it gives away the last byte.
 *
 * <p>Content that is too short, too long or different ends in a {@link ContentException}, so nobody
 * sees a whole blob that is not the one asked for. Not thread-safe; closing closes the stream below
 * and checks nothing.
 */
public final class VerifyingInputStream extends FilterInputStream {
  private final Digest expected;
  private final long size;
  private final String where;
  private final MessageDigest hasher;
  private long position;
  private boolean verified;

  /**
   * Over a stream.
   *
   * @param in the content, up to its end
   * @param descriptor the size and digest it has to have
   * @param where what is read, for messages
   */
  public VerifyingInputStream(InputStream in, Descriptor descriptor, String where) {
    super(in);
    this.expected = descriptor.digest();
    this.size = descriptor.size();
    this.where = where;
    this.hasher = expected.newMessageDigest();
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
    if (position == size) {
      verify();
      return -1;
    }
    int n = in.read(target, offset, (int) Math.min(length, size - position));
    if (n < 0) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: blob %s ends after %d bytes, expected %d",
              where,
              expected,
              position,
              size));
    }
    hasher.update(target, offset, n);
    position += n;
    if (position == size) {
      verify();
    }
    return n;
  }

  private void verify() throws IOException {
    if (verified) {
      return;
    }
    if (in.read() >= 0) {
      throw new ContentException(
          String.format(Locale.ROOT, "%s: blob %s has more than %d bytes", where, expected, size));
    }
    Digest found = Digest.of(expected.algorithm(), hasher.digest());
    if (!found.equals(expected)) {
      throw new ContentException(
          String.format(
              Locale.ROOT, "%s: content of blob %s has the digest %s", where, expected, found));
    }
    verified = true;
  }

  @Override
  public long skip(long count) throws IOException {
    byte[] scratch = new byte[(int) Math.max(0, Math.min(count, 64 * 1024))];
    long left = count;
    while (left > 0) {
      int n = read(scratch, 0, (int) Math.min(left, scratch.length));
      if (n < 0) {
        break;
      }
      left -= n;
    }
    return Math.max(0, count - left);
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(in.available(), size - position);
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /** What it reads, and how far it is. */
  @Override
  public String toString() {
    return "VerifyingInputStream[" + where + ", " + position + " of " + size + " bytes]";
  }
}
