package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.List;

/** Lists an open directory. */
final class Directory {
  private static final int BUFFER = 32 << 10;

  private Directory() {}

  /**
   * The names in an open directory, without {@code .} and {@code ..}, in no order; none in one that
   * was removed meanwhile.
   */
  static List<ByteString> names(Task task, int fd, Object subject) {
    List<ByteString> names = new ArrayList<>();
    try (SyscallProgram program = new SyscallProgram(1, BUFFER)) {
      long buffer = program.memory.allocate(BUFFER);
      int row = program.tolerate(subject, Sys.GETDENTS64, fd, buffer, BUFFER);
      do {
        task.run(program);
        if (program.errno(row) == Linux.ENOENT) {
          return names;
        }
        program.check(row);
        collect(buffer, program.result(0), names);
      } while (program.result(0) > 0);
    }
    return names;
  }

  /** The entries of struct linux_dirent64: inode, offset, length, type, name. */
  private static void collect(long buffer, long length, List<ByteString> names) {
    for (long at = buffer; at < buffer + length; at += Memory.IO.getShort(at + 16) & 0xffff) {
      ByteString name = string(at + 19);
      if (!name.latin1().equals(".") && !name.latin1().equals("..")) {
        names.add(name);
      }
    }
  }

  static ByteString string(long at) {
    return ByteString.of(Memory.IO.getZeroTerminatedByteArray(at));
  }
}
