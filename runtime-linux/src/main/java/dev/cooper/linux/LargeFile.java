package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;

/** Reads a large file chunk by chunk; its holes are told as zeros and not read. Not thread-safe. */
final class LargeFile implements AutoCloseable {
  private static final int CHUNK = 1 << 20;
  private static final int SEEK_END = 2;
  private static final byte[] ZEROS = new byte[CHUNK];

  private final Task task;
  private final int file;
  private final long size;
  private final ByteString path;
  private final boolean holes;
  private final SyscallProgram read = new SyscallProgram(1, CHUNK);
  private final SyscallProgram seek = new SyscallProgram(1, 64);
  private final long chunk;

  /**
   * An open file.
   *
   * @param entry with the size that it has to have
   * @param holes whether it may have some
   */
  LargeFile(Task task, int file, TarEntry entry, boolean holes) {
    this.task = task;
    this.file = file;
    this.size = entry.size();
    this.path = entry.path();
    this.holes = holes;
    chunk = read.memory.allocate(CHUNK);
    read.call(path, Sys.READ, file, chunk, CHUNK);
  }

  /**
   * Hands the content on.
   *
   * @param buffer of at least a chunk's size
   * @return whether it had the size that was said
   */
  boolean copy(EntrySink sink, byte[] buffer) throws IOException {
    long at = 0;
    while (true) {
      long data = holes ? data(at) : at;
      for (; at < data; at += Math.min(CHUNK, data - at)) {
        sink.write(ZEROS, 0, (int) Math.min(CHUNK, data - at));
      }
      task.run(read);
      int n = (int) read.result(0);
      if (n == 0 || at + n > size) {
        return n == 0 && at == size;
      }
      Memory.IO.getByteArray(chunk, buffer, 0, n);
      sink.write(buffer, 0, n);
      at += n;
    }
  }

  /** Where the next data begins, to which the file is set; its end if there is none. */
  private long data(long at) {
    long found = seek(at, Linux.SEEK_DATA);
    if (found >= 0) {
      return Math.min(found, size);
    }
    if (found != -Linux.ENXIO) {
      return at; // a file system that knows no holes
    }
    return seek(0, SEEK_END) == size ? size : at;
  }

  private long seek(long offset, int whence) {
    seek.reset();
    seek.tolerate(path, Sys.LSEEK, file, offset, whence);
    task.run(seek);
    return seek.result(0);
  }

  @Override
  public void close() {
    read.close();
    seek.close();
  }
}
