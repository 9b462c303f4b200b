package dev.cooper.linux;

import dev.cooper.oci.ByteString;

/**
 * The overlay's own ways to hide what lower directories hold: a device 0:0 for a name, an attribute
 * for a directory's content.
 */
final class Whiteouts {
  private Whiteouts() {}

  /** Adds the row that makes the directory in a slot opaque. */
  static void setOpaque(SyscallProgram program, long slot, Object subject, boolean rootless) {
    long name = program.memory.string(Xattrs.opaque(rootless));
    int row = program.call(subject, Sys.FSETXATTR, 0, name, program.memory.string("y"), 1, 0);
    program.from(row, 0, slot);
  }

  static boolean isOne(Task task, long parentSlot, ByteString name) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      int row =
          program.call(
              name,
              Sys.STATX,
              0,
              program.memory.string(name),
              Linux.AT_SYMLINK_NOFOLLOW,
              Stat.BASIC,
              stat);
      program.from(row, 0, parentSlot);
      task.run(program);
      return Stat.isWhiteout(stat);
    }
  }

  /** Makes a directory that hides what lower ones hold under its name. */
  static void makeOpaqueDirectory(Task task, long parentSlot, ByteString name, boolean rootless) {
    try (SyscallProgram program = SyscallProgram.small()) {
      int make = program.call(name, Sys.MKDIRAT, 0, program.memory.string(name), 0755);
      program.from(make, 0, parentSlot);
      task.run(program);
    }
    makeOpaqueIfDirectory(task, parentSlot, name, rootless);
  }

  static void makeOpaqueIfDirectory(Task task, long parentSlot, ByteString name, boolean rootless) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long slot = program.memory.zeroed(8);
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;
      int open = program.call(name, Sys.OPENAT, 0, program.memory.string(name), flags);
      program.from(open, 0, parentSlot).into(open, slot);
      setOpaque(program, slot, name, rootless);
      int close = program.call(name, Sys.CLOSE, 0);
      program.from(close, 0, slot);
      int stopped = task.run(program, 0);
      if (stopped == open
          && (program.errno(open) == Linux.ENOTDIR || program.errno(open) == Linux.ELOOP)) {
        return;
      }
      if (stopped < program.size()) {
        throw program.failure(stopped);
      }
    }
  }
}
