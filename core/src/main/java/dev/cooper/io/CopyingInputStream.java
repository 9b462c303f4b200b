package dev.cooper.io;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Writes what is read from a stream to another one, too. Not thread-safe. */
public final class CopyingInputStream extends FilterInputStream {
  private final OutputStream out;

  /**
   * Over a stream.
   *
   * @param out gets the same bytes; not closed
   */
  public CopyingInputStream(InputStream in, OutputStream out) {
    super(in);
    this.out = out;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = in.read(target, offset, length);
    if (n > 0) {
      out.write(target, offset, n);
    }
    return n;
  }

  @Override
  public long skip(long count) throws IOException {
    throw new IOException("skipped bytes would not be copied");
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /** Reads to the end: what unpacks a stream need not look at its very last byte. */
  public void rest() throws IOException {
    byte[] scratch = new byte[8192];
    int n = 0;
    while (n >= 0) {
      n = read(scratch, 0, scratch.length);
    }
  }
}
