package dev.cooper.oci.layer;

import dev.cooper.oci.ContentException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/** The bytes of an archive: buffered for headers, handed straight through for content. */
final class TarInput implements Closeable {
  static final int BLOCK = 512;
  private static final int DIRECT = 16 * 1024;

  private final InputStream in;
  private final byte[] buffer = new byte[64 * 1024];
  private int position;
  private int limit;
  private long bufferStart;

  TarInput(InputStream in) {
    this.in = in;
  }

  /** How many bytes of the archive were taken. */
  long offset() {
    return bufferStart + position;
  }

  byte[] buffer() {
    return buffer;
  }

  /**
   * Takes one block; it stays in {@link #buffer} until the next call.
   *
   * @return its index in the buffer, or -1 where the archive ends before its first byte
   */
  int block() throws IOException {
    if (limit - position < BLOCK) {
      fill();
    }
    if (limit - position < BLOCK) {
      if (limit == position) {
        return -1;
      }
      throw truncated("a header block", limit - position, BLOCK);
    }
    int at = position;
    position += BLOCK;
    return at;
  }

  /** Moves what is left to the front, and reads until a block is there or the archive ends. */
  private void fill() throws IOException {
    int left = limit - position;
    System.arraycopy(buffer, position, buffer, 0, left);
    bufferStart += position;
    position = 0;
    limit = left;
    while (limit < BLOCK) {
      int n = in.read(buffer, limit, buffer.length - limit);
      if (n < 0) {
        return;
      }
      limit += n;
    }
  }

  /** Reads at least one byte, or gives -1 at the archive's end. */
  int read(byte[] target, int offset, int length) throws IOException {
    if (limit == position) {
      if (length >= DIRECT) {
        int n = in.read(target, offset, length);
        bufferStart += Math.max(0, n);
        return n;
      }
      bufferStart += position;
      position = 0;
      limit = Math.max(0, in.read(buffer, 0, buffer.length));
      if (limit == 0) {
        return -1;
      }
    }
    int n = Math.min(length, limit - position);
    System.arraycopy(buffer, position, target, offset, n);
    position += n;
    return n;
  }

  byte[] readFully(int length, String what) throws IOException {
    byte[] bytes = new byte[length];
    for (int done = 0; done < length; ) {
      int n = read(bytes, done, length - done);
      if (n < 0) {
        throw truncated(what, done, length);
      }
      done += n;
    }
    return bytes;
  }

  void skip(long length, String what) throws IOException {
    for (long left = length; left > 0; ) {
      if (position == limit) {
        bufferStart += position;
        position = 0;
        limit = Math.max(0, in.read(buffer, 0, buffer.length));
        if (limit == 0) {
          throw truncated(what, length - left, length);
        }
      }
      int n = (int) Math.min(left, limit - position);
      position += n;
      left -= n;
    }
  }

  ContentException truncated(String what, long found, long expected) {
    return new ContentException(
        "tar ends at offset "
            + offset()
            + " within "
            + what
            + ": "
            + found
            + " of "
            + expected
            + " bytes are there");
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
