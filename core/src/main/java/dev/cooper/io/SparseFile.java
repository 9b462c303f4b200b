package dev.cooper.io;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A new file that is written from its beginning to its end, with a hole where many zeros are
 * written at once: what has holes on its way into a layer does not fill the disk. A failure names
 * the file. Unbuffered; its size is right after each write. Not thread-safe.
 */
public final class SparseFile extends OutputStream {
  /** The fewest zeros that become a hole: no file system has smaller ones. */
  private static final int HOLE = 4096;

  private static final byte[] ZEROS = new byte[64 << 10];

  private final Path path;
  private final RandomAccessFile file;
  private final FileChannel channel;
  private long position;

  private SparseFile(Path path, RandomAccessFile file) {
    this.path = path;
    this.file = file;
    this.channel = file.getChannel();
  }

  /** Makes a file that is not there yet. */
  public static SparseFile create(Path path) throws IOException {
    Files.createFile(path);
    return new SparseFile(path, new RandomAccessFile(path.toFile(), "rw"));
  }

  @Override
  public void write(int octet) throws IOException {
    write(new byte[] {(byte) octet}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    try {
      if (isHole(source, offset, length)) {
        position += length;
        file.setLength(position);
        return;
      }
      ByteBuffer left = ByteBuffer.wrap(source, offset, length);
      while (left.hasRemaining()) {
        position += channel.write(left, position);
      }
    } catch (IOException e) {
      throw FullDisk.named(e, path);
    }
  }

  private static boolean isHole(byte[] source, int offset, int length) {
    if (length < HOLE || source[offset] != 0 || source[offset + length - 1] != 0) {
      return false; // as nearly always
    }
    for (int at = offset; at < offset + length; at += ZEROS.length) {
      int n = Math.min(ZEROS.length, offset + length - at);
      if (!Arrays.equals(source, at, at + n, ZEROS, 0, n)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
