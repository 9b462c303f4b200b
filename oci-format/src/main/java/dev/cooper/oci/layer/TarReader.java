package dev.cooper.oci.layer;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a layer's tar stream, entry by entry, in bounded memory.
 *
 * <p>It takes ustar, PAX, GNU and v7 archives. Where the readers of this world differ in what they
 * make of a header (two names, a size on a link), it refuses. As GNU tar and Go's archive/tar do,
 * it takes the end of the stream at a header for the archive's end. Not thread-safe; closing closes
 * the stream it reads.
 */
public final class TarReader implements Closeable {
  /** The size of a header in bytes, and what contents are padded to. */
  public static final int BLOCK = TarInput.BLOCK;

  private final TarInput in;
  private final ImageLimits limits;
  private final LayerBudget budget;
  private final TarHeaders headers;
  private TarContent content;
  private boolean ended;

  private TarReader(InputStream in, LayerBudget budget) {
    this.in = new TarInput(in);
    this.limits = budget.limits();
    this.budget = budget;
    this.headers = new TarHeaders(this.in, budget);
    this.content = TarContent.plain(this.in, 0);
  }

  /**
   * Reads an uncompressed archive within the default limits.
   *
   * @param in the archive, from its first byte; buffered here
   * @return the reader
   */
  public static TarReader over(InputStream in) {
    return over(in, ImageLimits.DEFAULT);
  }

  /**
   * Reads an uncompressed archive within limits.
   *
   * @param in the archive, from its first byte; buffered here
   * @param limits what is refused
   * @return the reader
   */
  public static TarReader over(InputStream in, ImageLimits limits) {
    return over(in, LayerBudget.of(limits, Long.MAX_VALUE));
  }

  /**
   * Reads an uncompressed archive within what is left of a budget.
   *
   * @param in the archive, from its first byte; buffered here
   * @param budget what each entry is taken from
   * @return the reader
   */
  public static TarReader over(InputStream in, LayerBudget budget) {
    return new TarReader(in, budget);
  }

  /**
   * Whether a file begins as a tar does, of whatever format: with a header whose checksum is right,
   * as Go's archive/tar tells.
   *
   * @param head the file's first {@link #BLOCK} bytes, uncompressed; all of it if it is shorter
   * @return false for anything else, also for the end of an archive
   */
  public static boolean begins(byte[] head) {
    return TarHeader.isOne(head);
  }

  /**
   * Goes to the next entry, past what is left of this one's content.
   *
   * @return the entry, or null at the archive's end
   * @throws ContentException if the archive is malformed, truncated or over a limit
   * @throws IOException if the stream can't be read
   */
  public @Nullable TarEntry next() throws IOException {
    if (ended) {
      return null;
    }
    content.finish();
    TarEntry entry = headers.next();
    ended = entry == null;
    if (entry != null) {
      budget.take(entry);
    }
    content = ended ? TarContent.plain(in, 0) : headers.content();
    return entry;
  }

  /**
   * Reads from this entry's content; the holes of a sparse file come out as zeros.
   *
   * @param target where to
   * @param offset its first index
   * @param length the most bytes
   * @return how many were read, at least 1 if {@code length} is; -1 at the content's end
   * @throws ContentException if the archive ends before the content does
   * @throws IOException if the stream can't be read
   */
  public int read(byte[] target, int offset, int length) throws IOException {
    return content.read(target, offset, length);
  }

  /**
   * This entry's content as a stream.
   *
   * @return a stream that is good until the next call of {@link #next}; closing it does nothing
   */
  public InputStream content() {
    return content;
  }

  /**
   * Where this entry's content begins.
   *
   * @return its offset in the archive in bytes, or -1 for a sparse file
   */
  public long contentOffset() {
    return content.offset();
  }

  /**
   * Reads what follows the end marker, so that a digest over the stream is one over all of it.
   *
   * @throws ContentException if more than {@link ImageLimits#trailingBytes} follow
   * @throws IllegalStateException if {@link #next} has not given null yet
   * @throws IOException if the stream can't be read
   */
  public void drain() throws IOException {
    if (!ended) {
      throw new IllegalStateException("drain before the archive's end");
    }
    byte[] scratch = new byte[64 * 1024];
    long end = in.offset();
    while (in.read(scratch, 0, scratch.length) >= 0) {
      if (in.offset() - end > limits.trailingBytes()) {
        throw ImageLimits.exceeded(
            "trailingBytes",
            limits.trailingBytes(),
            "more than as many bytes follow the end of the tar at offset " + end);
      }
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Whether it is at its end. */
  @Override
  public String toString() {
    return "TarReader[" + (ended ? "at its end" : "open") + "]";
  }
}
