package dev.cooper.oci.compress;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * How a layer's bytes are packed: the three that the OCI image specification's media types know.
 *
 * <p>Compressed bytes are the same for the same input and level, whatever the number of threads and
 * however the input is cut into writes.
 */
public enum Compression {
  /** Not at all. */
  NONE,
  /** RFC 1952. */
  GZIP,
  /** RFC 8878. */
  ZSTD;

  /** How many bytes {@link #detect} looks at. */
  public static final int MAGIC_LENGTH = 4;

  private static final int GZIP_MAX_LEVEL = 9;
  private static final int ZSTD_LEVEL = 3;

  /**
   * Which compression some bytes begin with.
   *
   * @param head the first bytes of a blob
   * @param length how many of them count; {@link #MAGIC_LENGTH} or more, if the blob has them
   * @return the compression by its magic number, {@link #NONE} for any other
   */
  public static Compression detect(byte[] head, int length) {
    if (length >= 2 && (head[0] & 0xff) == 0x1f && (head[1] & 0xff) == 0x8b) {
      return GZIP;
    }
    if (length < MAGIC_LENGTH) {
      return NONE;
    }
    int magic =
        (head[0] & 0xff) | (head[1] & 0xff) << 8 | (head[2] & 0xff) << 16 | (head[3] & 0xff) << 24;
    boolean skippable = (magic & 0xfffffff0) == 0x184d2a50;
    return magic == 0xfd2fb528 || skippable ? ZSTD : NONE;
  }

  /**
   * Unpacks a stream of this compression.
   *
   * <p>After the first few hundred KiB another thread reads and unpacks ahead of the caller, a
   * bounded way. Bytes after the end of the packed content are refused.
   *
   * @param in packed; closed with the result
   * @return the unpacked bytes; reading throws {@link dev.cooper.oci.ContentException} for bad
   *     content, and an IOException only where {@code in} does
   * @throws IOException if {@code in} can't be read
   */
  public InputStream decompress(InputStream in) throws IOException {
    return switch (this) {
      case NONE -> in;
      case GZIP -> new ReadAhead(new GzipInput(in), in);
      case ZSTD -> new ReadAhead(ForeignFormat.zstd(in), in);
    };
  }

  /**
   * Packs what is written, at the default level and with all processors.
   *
   * @param out gets the packed bytes; closed with the result
   * @return a stream that has to be closed to be complete
   * @throws IOException if {@code out} can't be written
   */
  public OutputStream compress(OutputStream out) throws IOException {
    return compress(out, CompressionParameters.DEFAULT);
  }

  /**
   * Packs what is written. Flushing the result cuts no block, so it doesn't change the bytes.
   *
   * @param out gets the packed bytes; closed with the result
   * @param parameters level and threads
   * @return a stream that has to be closed to be complete
   * @throws IllegalArgumentException if the level is out of the format's range
   * @throws IOException if {@code out} can't be written
   */
  public OutputStream compress(OutputStream out, CompressionParameters parameters)
      throws IOException {
    return switch (this) {
      case NONE -> new PassThrough(out);
      case GZIP -> gzip(out, parameters);
      case ZSTD -> zstd(out, parameters);
    };
  }

  private static OutputStream gzip(OutputStream out, CompressionParameters parameters) {
    int level = parameters.levelOr(ParallelGzip.DEFAULT_LEVEL);
    if (level > GZIP_MAX_LEVEL) {
      throw new IllegalArgumentException("gzip level " + level + ", at most 9");
    }
    return new ParallelGzip(out, level, parameters.threadsOrAll());
  }

  /** Always with workers, even one: zstd's bytes differ only between none and some. */
  private static OutputStream zstd(OutputStream out, CompressionParameters parameters)
      throws IOException {
    ZstdOutputStreamNoFinalizer zstd =
        new ZstdOutputStreamNoFinalizer(out, parameters.levelOr(ZSTD_LEVEL));
    zstd.setWorkers(parameters.threadsOrAll());
    zstd.setCloseFrameOnFlush(false);
    return new Unflushed(zstd, out);
  }

  /** Hands whole arrays on, as FilterOutputStream itself does not. */
  private static class PassThrough extends FilterOutputStream {
    PassThrough(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      out.write(source, offset, length);
    }
  }

  /** A flush would end a zstd block, and so change the bytes. */
  private static final class Unflushed extends PassThrough {
    private final OutputStream below;

    Unflushed(OutputStream out, OutputStream below) {
      super(out);
      this.below = below;
    }

    @Override
    public void flush() {}

    @Override
    public void close() throws IOException {
      try {
        out.close();
      } finally {
        below.close(); // zstd's own close gives up before it, if the frame's end can't be written
      }
    }
  }
}
