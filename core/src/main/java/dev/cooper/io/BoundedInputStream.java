package dev.cooper.io;

import dev.cooper.oci.ImageLimits;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Ends, with the error of a limit, what somebody else need not end. */
public final class BoundedInputStream extends FilterInputStream {
  private final String what;
  private final String limit;
  private final long most;
  private long size;

  /**
   * Over a stream.
   *
   * @param what it gives, for the message
   * @param limit the limit's name in {@link ImageLimits}
   * @param most its value
   */
  public BoundedInputStream(InputStream in, String what, String limit, long most) {
    super(in);
    this.what = what;
    this.limit = limit;
    this.most = most;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = in.read(target, offset, length);
    size += Math.max(0, n);
    if (size > most) {
      throw ImageLimits.exceeded(limit, most, what + " has " + size + " bytes or more");
    }
    return n;
  }
}
