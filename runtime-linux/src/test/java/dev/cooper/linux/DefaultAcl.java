package dev.cooper.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Gives directories a default access control list, without a tool. */
public final class DefaultAcl {
  private static final int NOBODY = -1;

  private DefaultAcl() {}

  /**
   * Lets user 1 and the group read and write what is made in a directory, and others nothing.
   *
   * <p>Source: the kernel's {@code include/uapi/linux/posix_acl_xattr.h}.
   */
  public static void give(Path directory) {
    ByteBuffer list = ByteBuffer.allocate(4 + 5 * 8).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
    entry(list, 0x01, 7, NOBODY);
    entry(list, 0x02, 7, 1);
    entry(list, 0x04, 7, NOBODY);
    entry(list, 0x10, 7, NOBODY);
    entry(list, 0x20, 0, NOBODY);
    try (SyscallProgram program = SyscallProgram.small()) {
      long path = program.memory.string(HostPath.bytes(directory));
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      int open = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      long name = program.memory.string("system.posix_acl_default");
      long value = program.memory.bytes(list.array());
      int set = program.call(directory, Sys.FSETXATTR, 0, name, value, list.capacity(), 0);
      int close = program.call(directory, Sys.CLOSE, 0);
      program.resultOf(set, 0, open).resultOf(close, 0, open);
      Task.HERE.run(program);
    }
  }

  private static void entry(ByteBuffer list, int tag, int rights, int id) {
    list.putShort((short) tag).putShort((short) rights).putInt(id);
  }
}
