package dev.cooper.oci.compress;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;

/**
 * Unpacks a stream by what it begins with: nothing known, gzip, zstd, bzip2 or xz.
 *
 * <p>All of it runs in the JVM, in bounded memory: zstd windows up to 128 MiB and, of all streams
 * together, 256 MiB, outside of the heap; xz dictionaries up to 64 MiB and a quarter of the heap,
 * and together half of it. A stream that wants much waits for others that have it, for two minutes
 * at most; one that wants 8 MiB or less never waits.
 */
public final class Decompression {
  private static final int HEAD = 6;
  private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};

  private Decompression() {}

  /**
   * The unpacked bytes of a stream.
   *
   * @param in packed or not; closed with the result
   * @return its unpacked bytes, or its own where no magic number is known; reading throws {@link
   *     dev.cooper.oci.ContentException} for bad content
   * @throws IOException if {@code in} can't be read
   */
  public static InputStream open(InputStream in) throws IOException {
    byte[] head = in.readNBytes(HEAD);
    InputStream whole = new Rejoined(head, in);
    if (head.length >= 3 && head[0] == 'B' && head[1] == 'Z' && head[2] == 'h') {
      return new ReadAhead(ForeignFormat.bzip2(whole), whole);
    }
    if (Arrays.equals(head, XZ)) {
      return new ReadAhead(ForeignFormat.xz(whole), whole);
    }
    return Compression.detect(head, head.length).decompress(whole);
  }

  /** The bytes that were looked at, and the rest. */
  private static final class Rejoined extends SequenceInputStream {
    private final InputStream rest;

    Rejoined(byte[] head, InputStream rest) {
      super(new ByteArrayInputStream(head), rest);
      this.rest = rest;
    }

    /** Sequence streams read on to find the next one; only the rest is there to be closed. */
    @Override
    public void close() throws IOException {
      rest.close();
    }
  }
}
