package dev.cooper.oci.layer;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The content of one entry: bytes of the archive, and zeros where a sparse file has holes. */
final class TarContent extends InputStream {
  private static final String WHAT = "a file's content";

  private final TarInput in;
  private final @Nullable SparseMap map;
  private final long archived;
  private final long offset;
  private final long size;
  private long taken;
  private long position;
  private int segment;

  private TarContent(TarInput in, @Nullable SparseMap map, long size, long archived) {
    this.in = in;
    this.map = map;
    this.size = size;
    this.archived = archived;
    this.offset = in.offset();
  }

  static TarContent plain(TarInput in, long size) {
    return new TarContent(in, null, size, size);
  }

  static TarContent sparse(TarInput in, SparseMap map, long size, long archived) {
    return new TarContent(in, map, size, archived);
  }

  long offset() {
    return map == null ? offset : -1;
  }

  long size() {
    return size;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int at, int length) throws IOException {
    Objects.checkFromIndexSize(at, length, target.length);
    if (length == 0) {
      return 0;
    }
    if (position == size) {
      return -1;
    }
    int n =
        map == null ? take(target, at, length, size - position) : sparse(map, target, at, length);
    position += n;
    return n;
  }

  private int sparse(SparseMap segments, byte[] target, int at, int length) throws IOException {
    boolean last = segment == segments.segments();
    long start = last ? size : segments.offset(segment);
    if (position < start) {
      int zeros = (int) Math.min(length, start - position);
      Arrays.fill(target, at, at + zeros, (byte) 0);
      return zeros;
    }
    long end = start + segments.length(segment);
    int n = take(target, at, length, end - position);
    if (position + n == end) {
      segment++;
    }
    return n;
  }

  private int take(byte[] target, int at, int length, long left) throws IOException {
    int n = in.read(target, at, (int) Math.min(length, left));
    if (n < 0) {
      throw in.truncated(WHAT, taken, archived);
    }
    taken += n;
    return n;
  }

  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, size - position);
  }

  /** Passes over what is left of it in the archive, and over the padding of its last block. */
  void finish() throws IOException {
    in.skip(archived - taken, WHAT);
    taken = archived;
    position = size;
    in.skip(-archived & (TarInput.BLOCK - 1), "the padding of a file's content");
  }
}
