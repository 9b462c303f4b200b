package dev.cooper.oci.layer;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes a layer's tar stream: the same entries give the same bytes, everywhere and always.
 *
 * <p>Headers are ustar; a PAX header (POSIX.1-2017 pax) comes before them only with what ustar
 * can't hold: long or non-ASCII names, long links, ids and sizes beyond octal, times before 1970 or
 * with nanoseconds, and extended attributes as {@code SCHILY.xattr.*}. User and group names are
 * left empty. Not thread-safe.
 *
 * <p>Closing closes the stream below. Only {@link #finish} writes the end marker, so that an
 * archive whose writing failed doesn't look whole.
 */
public final class TarWriter implements Closeable, EntrySink {
  private static final int BLOCK = TarInput.BLOCK;

  private final OutputStream out;
  private final byte[] buffer = new byte[128 * 1024];
  private final TarHeaderWriter headers = new TarHeaderWriter();
  private int position;
  private long left;
  private int padding;
  private @Nullable TarEntry open;
  private boolean finished;

  /**
   * Writes to a stream.
   *
   * @param out where to; buffered here
   */
  public TarWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * Begins an entry.
   *
   * @param entry its header; {@link TarEntry#size} bytes have to be written before {@link #end}
   * @throws IllegalArgumentException if the entry has no name
   * @throws IllegalStateException if an entry is open, or the archive is finished
   * @throws IOException if the stream can't be written
   */
  @Override
  public void begin(TarEntry entry) throws IOException {
    check(open == null && !finished, "begin", entry);
    byte[] extension = headers.extension(entry);
    if (extension != null) {
      block(TarHeaderWriter.EXTENSION, 'x', extension.length);
      append(extension, 0, extension.length);
      pad(-extension.length & (BLOCK - 1));
    }
    block(entry, TarHeaderWriter.flag(entry.type()), entry.size());
    left = entry.size();
    padding = (int) (-entry.size() & (BLOCK - 1));
    open = entry;
  }

  private void block(TarEntry entry, char flag, long size) throws IOException {
    if (buffer.length - position < BLOCK) {
      flushBuffer();
    }
    headers.block(entry, flag, size, buffer, position);
    position += BLOCK;
  }

  /**
   * Writes some of the open entry's content.
   *
   * @param source its bytes
   * @param offset the first one's index
   * @param length how many
   * @throws IllegalStateException if no entry is open, or it would get more than its size
   * @throws IOException if the stream can't be written
   */
  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    check(open != null && length <= left, "write of " + length + " with " + left + " left", open);
    left -= length;
    append(source, offset, length);
  }

  /**
   * Ends the open entry.
   *
   * @throws IllegalStateException if none is open, or content is missing
   * @throws IOException if the stream can't be written
   */
  @Override
  public void end() throws IOException {
    check(open != null && left == 0, "end with " + left + " bytes missing", open);
    pad(padding);
    open = null;
  }

  /**
   * Writes an entry without content.
   *
   * @param entry of size 0
   * @throws IllegalStateException if its size is another
   * @throws IOException if the stream can't be written
   */
  @Override
  public void put(TarEntry entry) throws IOException {
    begin(entry);
    end();
  }

  /**
   * Writes an entry with its content.
   *
   * @param entry its header
   * @param content exactly {@link TarEntry#size} bytes, and then its end; not closed
   * @throws IllegalStateException if there are fewer or more
   * @throws IOException if the content can't be read, or the stream can't be written
   */
  public void put(TarEntry entry, InputStream content) throws IOException {
    begin(entry);
    if (buffer.length - position < BLOCK) {
      flushBuffer();
    }
    for (int n = read(content); n >= 0; n = read(content)) {
      check(n <= left, "more content than the size", entry);
      left -= n;
      position += n;
      if (position == buffer.length) {
        flushBuffer();
      }
    }
    end();
  }

  private int read(InputStream content) throws IOException {
    return content.read(buffer, position, buffer.length - position);
  }

  /**
   * Writes the end marker, and hands everything to the stream below.
   *
   * @throws IllegalStateException if an entry is open
   * @throws IOException if the stream can't be written
   */
  public void finish() throws IOException {
    check(open == null, "finish", open);
    if (!finished) {
      pad(2 * BLOCK);
      finished = true;
    }
    flushBuffer();
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private static void check(boolean holds, String operation, @Nullable TarEntry entry) {
    if (!holds) {
      throw new IllegalStateException(
          "tar writer: " + operation + (entry == null ? "" : ", at " + entry.path()));
    }
  }

  private void append(byte[] source, int offset, int length) throws IOException {
    if (length > buffer.length - position) {
      flushBuffer();
      if (length >= buffer.length) {
        out.write(source, offset, length);
        return;
      }
    }
    System.arraycopy(source, offset, buffer, position, length);
    position += length;
  }

  private void pad(int zeros) throws IOException {
    if (zeros > buffer.length - position) {
      flushBuffer();
    }
    Arrays.fill(buffer, position, position + zeros, (byte) 0);
    position += zeros;
  }

  private void flushBuffer() throws IOException {
    int length = position;
    position = 0;
    out.write(buffer, 0, length);
  }

  /** How much was written to where. */
  @Override
  public String toString() {
    return "TarWriter[" + out + "]";
  }
}
