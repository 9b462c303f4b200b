package dev.cooper.oci.compress;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.cooper.oci.ContentException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * A format that a library unpacks: its complaints become ContentExceptions, while an IOException of
 * the stream below stays what it is.
 */
final class ForeignFormat extends InputStream {
  private static final int ZSTD_WINDOW_LOG = 27;
  private static final int XZ_MEMORY_KIB = 66 * 1024;

  private final String format;
  private final Source source;
  private final InputStream unpacked;

  private ForeignFormat(String format, InputStream packed, Opener opener) throws IOException {
    this.format = format;
    this.source = new Source(packed);
    try {
      this.unpacked = opener.open(source);
    } catch (IOException e) {
      throw translated(e);
    }
  }

  static InputStream zstd(InputStream packed) throws IOException {
    return new ForeignFormat(
        "zstd", packed, in -> new ZstdInputStreamNoFinalizer(in).setLongMax(ZSTD_WINDOW_LOG));
  }

  static InputStream bzip2(InputStream packed) throws IOException {
    return new ForeignFormat("bzip2", packed, in -> new BZip2CompressorInputStream(in, true));
  }

  static InputStream xz(InputStream packed) throws IOException {
    return new ForeignFormat("xz", packed, in -> new XZInputStream(in, XZ_MEMORY_KIB));
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    try {
      return unpacked.read(target, offset, length);
    } catch (IOException e) {
      throw translated(e);
    }
  }

  @Override
  public void close() throws IOException {
    unpacked.close();
  }

  private IOException translated(IOException e) {
    if (source.failure != null) {
      return e;
    }
    throw new ContentException(
        format + " content is bad after " + source.count + " bytes: " + e.getMessage(), e);
  }

  /** Opens the library's stream. */
  private interface Opener {
    InputStream open(InputStream in) throws IOException;
  }

  /** Remembers whether it was the stream below that failed. */
  private static final class Source extends FilterInputStream {
    private long count;
    private @Nullable IOException failure;

    Source(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      try {
        int n = in.read(target, offset, length);
        count += Math.max(0, n);
        return n;
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
