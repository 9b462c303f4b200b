package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.nio.file.Path;
import java.util.List;

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

  /**
   * Adds the row that says of the directory in a slot that whiteouts lie in it.
   *
   * <p>A directory that only one layer has is not merged, and the kernel lists it as it lies there,
   * with its whiteouts, unless it has this attribute: an empty one says that it was merged once
   * ("origin unknown", fs/overlayfs/inode.c: ovl_get_inode, in 5.4 already; "overlay.opaque=x" of
   * 6.8 is for whiteouts that are attributes).
   */
  static void setHolds(TreeBatch batch, long slot, Object subject, boolean rootless) {
    long name = batch.memory().string(Xattrs.origin(rootless));
    int row = batch.add(subject, Sys.FSETXATTR, 0, name, batch.memory().string(""), 0, 0);
    batch.program().from(row, 0, slot);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno != Linux.EOPNOTSUPP) {
            throw at.program().failure(row);
          }
          return row + 1; // tmpfs before 6.6: names are listed there that cannot be looked up
        });
  }

  /**
   * Those of some layers, the lowest first, that an image shows: an opaque root hides all below it,
   * and the kernel does not heed the attribute at the root of a lower directory.
   */
  static List<Path> shown(Task task, List<Path> layers, boolean rootless) {
    if (layers.isEmpty()) {
      return layers;
    }
    try (SyscallProgram program = new SyscallProgram(layers.size(), 16384)) {
      Memory memory = program.memory;
      long name = memory.string(Xattrs.opaque(rootless));
      long values = memory.zeroed(layers.size());
      for (int i = 0; i < layers.size(); i++) {
        long path = memory.string(HostPath.bytes(layers.get(i)));
        program.tolerate(layers.get(i), Sys.GETXATTR, path, name, values + i, 1);
      }
      task.run(program);
      int lowest = layers.size() - 1;
      while (lowest > 0 && Memory.IO.getByte(values + lowest) != 'y') {
        lowest--;
      }
      return layers.subList(lowest, layers.size());
    }
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
