package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.IOException;

/** Reads the maps of sparse files that lie in blocks: GNU's own, and PAX format 1.0. */
final class SparseReader {
  private static final int BLOCK = TarInput.BLOCK;
  private static final int MAX_DIGITS = 20;

  private final TarInput in;
  private final ImageLimits limits;
  private final TarHeader header;
  private final long offset;

  SparseReader(TarInput in, ImageLimits limits, TarHeader header, long offset) {
    this.in = in;
    this.limits = limits;
    this.header = header;
    this.offset = offset;
  }

  /** Four segments in the header, then 21 in each of the blocks that follow it. */
  TarContent gnu(long archived) throws IOException {
    SparseMap map = new SparseMap(limits, offset);
    long size = header.natural(483, 12, "real size");
    boolean more = header.octet(482) != 0;
    segments(header, 386, 4, map);
    TarHeader extension = new TarHeader();
    while (more) {
      int at = in.block();
      if (at < 0) {
        throw in.truncated("a sparse map", 0, BLOCK);
      }
      extension.look(in.buffer(), at, in.offset() - BLOCK);
      more = extension.octet(504) != 0;
      map.count();
      segments(extension, 0, 21, map);
    }
    map.check(size, archived);
    return TarContent.sparse(in, map, size, archived);
  }

  /** Adds a block's segments, up to the first unused one. */
  private static void segments(TarHeader block, int first, int count, SparseMap map) {
    for (int i = 0; i < count; i++) {
      int at = first + 24 * i;
      if (block.octet(at) == 0) {
        return;
      }
      map.add(
          block.natural(at, 12, "segment offset"), block.natural(at + 12, 12, "segment length"));
    }
  }

  TarContent pax(PaxSparse sparse, long archived) throws IOException {
    SparseMap map = sparse.map();
    long left = archived;
    if (sparse.mapFollows()) {
      long start = in.offset();
      lines(map, archived);
      left = archived - (in.offset() - start);
    }
    map.check(sparse.realSize, left);
    return TarContent.sparse(in, map, sparse.realSize, left);
  }

  /**
   * Decimal lines: the number of segments, then each one's offset and length; padded to a block.
   */
  private void lines(SparseMap map, long archived) throws IOException {
    if (map.segments() > 0) {
      throw map.bad("found a map in the header and one in the content");
    }
    Lines lines = new Lines(archived);
    long count = lines.number();
    if (count > limits.sparseSegments()) {
      throw ImageLimits.exceeded(
          "sparseSegments",
          limits.sparseSegments(),
          "the sparse file in the tar at offset " + offset + " has " + count + " segments");
    }
    for (long i = 0; i < count; i++) {
      long start = lines.number();
      map.add(start, lines.number());
    }
  }

  /** Numbers, one a line, from as many blocks as they need. */
  private final class Lines {
    private final byte[] digits = new byte[MAX_DIGITS];
    private long blocksLeft;
    private int at = -1;
    private int end = -1;

    Lines(long archived) {
      blocksLeft = archived / BLOCK;
    }

    long number() throws IOException {
      int length = 0;
      for (int b = octet(); b != '\n'; b = octet()) {
        if (length == MAX_DIGITS) {
          throw bad("found a line of more than " + MAX_DIGITS + " bytes");
        }
        digits[length++] = (byte) b;
      }
      return PaxRecords.natural(ByteString.of(digits, 0, length), "sparse map", offset);
    }

    private int octet() throws IOException {
      if (at == end) {
        at = blocksLeft-- > 0 ? in.block() : -1;
        if (at < 0) {
          throw bad("it is not in the content");
        }
        end = at + BLOCK;
      }
      return in.buffer()[at++];
    }

    private ContentException bad(String found) {
      return new ContentException("sparse map in tar at offset " + offset + ": " + found);
    }
  }
}
