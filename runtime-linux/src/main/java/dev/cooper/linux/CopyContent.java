package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;

/**
 * Copies the content of files in the kernel: copy_file_range clones it where the file system can,
 * and holes stay holes. Not thread-safe.
 */
final class CopyContent implements AutoCloseable {
  private static final long MOST = 1L << 30;

  private final Lane lane;
  private final SyscallProgram program = new SyscallProgram(8, 4096);

  CopyContent(Lane lane) {
    this.lane = lane;
  }

  /**
   * Adds the row that copies a file's content.
   *
   * @param from the row that opens it
   * @param into the row that opens the copy
   * @param parts whether it is large or has holes, and is copied part by part
   */
  void add(TreeBatch batch, ByteString path, int from, int into, long size, boolean parts) {
    SyscallProgram rows = batch.program();
    // One call clones a whole file, holes and all, where that can be done; it fails elsewhere.
    int row =
        parts
            ? batch.add(path, Sys.IOCTL, 0, Linux.FICLONE, 0)
            : batch.add(path, Sys.COPY_FILE_RANGE, 0, 0, 0, 0, size, 0);
    if (parts) {
      rows.resultOf(row, 0, into).resultOf(row, 2, from);
    } else {
      rows.resultOf(row, 0, from).resultOf(row, 2, into);
      batch.expect(row, (int) size);
    }
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.ENOSPC || errno == Linux.EDQUOT || errno == Linux.EIO) {
            throw at.program().failure(row);
          }
          batch.mended(row);
          parts(path, (int) rows.result(from), (int) rows.result(into), size);
          return row + 1;
        });
  }

  /** What is data of a file, one piece after the other. */
  private void parts(ByteString path, int from, int into, long size) {
    once(path, Sys.FTRUNCATE, into, size);
    long at = 0;
    while (at < size) {
      long data = tolerated(path, Sys.LSEEK, from, at, Linux.SEEK_DATA);
      if (data == -Linux.ENXIO) {
        return;
      }
      long start = data < 0 ? at : data;
      long hole = tolerated(path, Sys.LSEEK, from, start, Linux.SEEK_HOLE);
      at = hole < 0 ? size : hole;
      piece(path, from, into, start, at);
    }
  }

  private void piece(ByteString path, int from, int into, long start, long end) {
    long at = start;
    while (at < end) {
      program.reset();
      long places = program.memory.zeroed(16);
      Memory.IO.putLong(places, at);
      Memory.IO.putLong(places + 8, at);
      program.tolerate(
          path, Sys.COPY_FILE_RANGE, from, places, into, places + 8, Math.min(MOST, end - at), 0);
      lane.run(program);
      int errno = program.errno(0);
      if (errno == Linux.ENOSPC || errno == Linux.EDQUOT || errno == Linux.EIO) {
        throw program.failure(0);
      }
      long n = errno != 0 ? sent(path, from, into, at, end) : program.result(0);
      if (n <= 0) {
        throw new OperationException(
            "cannot copy /" + path + " of a layer: it ended " + (end - at) + " bytes early");
      }
      at += n;
    }
  }

  /** For a kernel or a file system that does not know the other call. */
  private long sent(ByteString path, int from, int into, long at, long end) {
    once(path, Sys.LSEEK, into, at, 0);
    program.reset();
    long place = program.memory.zeroed(8);
    Memory.IO.putLong(place, at);
    program.call(path, Sys.SENDFILE, into, from, place, Math.min(MOST, end - at));
    lane.run(program);
    return program.result(0);
  }

  private void once(ByteString path, Sys call, long... arguments) {
    program.reset();
    program.call(path, call, arguments);
    lane.run(program);
  }

  private long tolerated(ByteString path, Sys call, long... arguments) {
    program.reset();
    program.tolerate(path, call, arguments);
    lane.run(program);
    return program.result(0);
  }

  @Override
  public void close() {
    program.close();
  }
}
