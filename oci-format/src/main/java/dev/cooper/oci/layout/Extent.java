package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.util.Objects;

/**
 * A part of a file as a stream; many streams share the file, each read of them seeks.
 *
 * <p>Not a FileChannel, which an interrupt of one reader would close for all of them.
 */
final class Extent extends InputStream {
  private final RandomAccessFile file;
  private final long end;
  private long position;

  Extent(RandomAccessFile file, long offset, long size) {
    this.file = file;
    this.position = offset;
    this.end = offset + size;
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
    if (position == end) {
      return -1;
    }
    int most = (int) Math.min(length, end - position);
    int n;
    synchronized (file) {
      file.seek(position);
      n = file.read(target, offset, most);
    }
    if (n < 0) {
      throw new ContentException(
          "archive ends at offset " + position + ", expected " + end + ": was it truncated?");
    }
    position += n;
    return n;
  }

  @Override
  public long skip(long count) {
    long n = Math.max(0, Math.min(count, end - position));
    position += n;
    return n;
  }

  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, end - position);
  }
}
