package dev.cooper.oci.compress;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.cooper.oci.ContentException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/**
 * A format that a library unpacks: its complaints become ContentExceptions, while an IOException of
 * the stream below stays what it is.
 */
final class ForeignFormat extends InputStream {
  private static final int ZSTD_WINDOW_LOG = 27;

  /** Later frames of a stream may have the window of zstd's usual levels, or of the first. */
  private static final int ZSTD_USUAL_LOG = 23;

  /** What a dictionary of 64 MiB, xz's largest preset's, takes. */
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
    } catch (OutOfMemoryError e) {
      throw noRoom(e);
    }
  }

  /** One array that did not fit: the heap itself is as it was. */
  private ContentException noRoom(OutOfMemoryError e) {
    return new ContentException(
        format
            + " content needs more memory than this JVM's heap of "
            + Runtime.getRuntime().maxMemory()
            + " bytes has left: give it more, with -Xmx",
        e);
  }

  static InputStream zstd(InputStream packed) throws IOException {
    PushbackInputStream in = new PushbackInputStream(packed, ZstdWindow.HEADER);
    byte[] head = in.readNBytes(ZstdWindow.HEADER);
    in.unread(head);
    long window = ZstdWindow.of(head, head.length, 1L << ZSTD_WINDOW_LOG);
    int log = Math.max(ZSTD_USUAL_LOG, ZstdWindow.log(window));
    return DecoderMemory.NATIVE.stream(
        Math.max(window, 1L << ZSTD_USUAL_LOG),
        () ->
            new ForeignFormat(
                "zstd", in, below -> new ZstdInputStreamNoFinalizer(below).setLongMax(log)));
  }

  static InputStream bzip2(InputStream packed) throws IOException {
    return new ForeignFormat("bzip2", packed, in -> new BZip2CompressorInputStream(in, true));
  }

  /** Its dictionary is in the heap: of a small one it may take a quarter. */
  static InputStream xz(InputStream packed) throws IOException {
    long quarter = Runtime.getRuntime().maxMemory() / 4;
    int kib = (int) Math.min(XZ_MEMORY_KIB, quarter >> 10);
    return DecoderMemory.HEAP.stream(
        (long) kib << 10, () -> new ForeignFormat("xz", packed, in -> new XZInputStream(in, kib)));
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
    } catch (OutOfMemoryError e) {
      throw noRoom(e);
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
    if (e instanceof MemoryLimitException limit) {
      throw new ContentException(
          format
              + " content needs "
              + limit.getMemoryNeeded()
              + " KiB of memory, over the "
              + limit.getMemoryLimit()
              + " KiB that it may take, at most a quarter of this JVM's heap: give it more, with"
              + " -Xmx, or pack it anew with a smaller dictionary",
          e);
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
