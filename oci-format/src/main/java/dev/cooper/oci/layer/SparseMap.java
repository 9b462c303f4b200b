package dev.cooper.oci.layer;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.util.Arrays;

/**
 * Where the data of a sparse file lies: segments in ascending order, with holes between them.
 *
 * <p>The rules are GNU tar's ("Storing Sparse Files"); whatever breaks one is refused, as readers
 * differ in what they make of it.
 */
final class SparseMap {
  private final ImageLimits limits;
  private final long entryOffset;
  private long[] segments = new long[8];
  private int count;
  private int added;
  private long dataBytes;
  private long end;

  SparseMap(ImageLimits limits, long entryOffset) {
    this.limits = limits;
    this.entryOffset = entryOffset;
  }

  void add(long offset, long length) {
    if (offset < end || length < 0 || offset + length < offset) {
      throw bad("segment " + offset + "+" + length + " is out of order, overlaps, or is negative");
    }
    count();
    end = offset + length;
    dataBytes += length;
    if (length == 0) {
      return; // GNU tar marks a hole at the file's end so
    }
    if (count == segments.length) {
      segments = Arrays.copyOf(segments, count * 2);
    }
    segments[count++] = offset;
    segments[count++] = length;
  }

  /** Counts a segment, or a block of none: an archive could go on with either without end. */
  void count() {
    if (++added > limits.sparseSegments()) {
      throw ImageLimits.exceeded(
          "sparseSegments",
          limits.sparseSegments(),
          "the sparse file in the tar at offset "
              + entryOffset
              + " has more than as many segments");
    }
  }

  /** Checks the whole against the file's size and the bytes that the archive holds for it. */
  void check(long fileSize, long archived) {
    if (fileSize < 0) {
      throw bad("size " + fileSize);
    }
    if (end > fileSize || dataBytes != archived) {
      throw bad(
          "segments of "
              + dataBytes
              + " bytes up to "
              + end
              + ", but the file has "
              + fileSize
              + " and the archive holds "
              + archived);
    }
  }

  int segments() {
    return count / 2;
  }

  long offset(int segment) {
    return segments[2 * segment];
  }

  long length(int segment) {
    return segments[2 * segment + 1];
  }

  ContentException bad(String found) {
    return new ContentException("sparse file in tar at offset " + entryOffset + ": " + found);
  }
}
