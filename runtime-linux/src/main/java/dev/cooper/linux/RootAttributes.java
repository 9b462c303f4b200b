package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Mode, owner, time and attributes of a root directory.
 *
 * @param mode its permissions
 * @param uid its owner
 * @param gid its group
 * @param mtimeSeconds when something was made or removed in it last
 * @param xattrs those that an image may hold
 */
record RootAttributes(
    int mode, long uid, long gid, long mtimeSeconds, Map<ByteString, ByteString> xattrs) {
  static final RootAttributes DEFAULT = new RootAttributes(0755, 0, 0, 0, Map.of());

  /** Whether it is the same directory but for what is in it. */
  boolean isSame(RootAttributes other) {
    return mode == other.mode
        && uid == other.uid
        && gid == other.gid
        && xattrs.equals(other.xattrs);
  }

  /** Those of the uppermost layer, as an overlay has it with every other directory. */
  static RootAttributes ofLayers(Task task, List<Path> layers) {
    return layers.isEmpty() ? DEFAULT : of(task, layers.get(layers.size() - 1));
  }

  private static RootAttributes of(Task task, Path layer) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long path = program.memory.string(HostPath.bytes(layer));
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      program.call(layer, Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      task.run(program);
      int fd = (int) program.result(0);
      try {
        return ofOpen(task, fd);
      } finally {
        TreeRemover.close(task, fd);
      }
    }
  }

  /** Those of an open directory. */
  static RootAttributes ofOpen(Task task, int fd) {
    try (SyscallProgram program = new SyscallProgram(1, 1024);
        XattrReader xattrs = new XattrReader(task)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call("/", Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      task.run(program);
      return new RootAttributes(
          Stat.mode(stat) & 07777,
          Stat.uid(stat),
          Stat.gid(stat),
          Stat.mtimeSeconds(stat),
          xattrs.of(fd));
    }
  }

  /** Gives them to a directory. */
  void give(Task task, Path directory) {
    try (SyscallProgram program = new SyscallProgram(xattrs.size() + 5, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(directory));
      int open = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      int owner = program.call(directory, Sys.FCHOWN, 0, uid, gid);
      int change = program.call(directory, Sys.FCHMOD, 0, mode);
      program.resultOf(owner, 0, open).resultOf(change, 0, open);
      xattrs.forEach((name, value) -> give(program, open, name, value));
      long time = program.memory.allocate(32);
      TreeBatch.putTimes(time, mtimeSeconds, 0);
      int times = program.call(directory, Sys.UTIMENSAT, 0, 0, time, 0);
      int close = program.call(directory, Sys.CLOSE, 0);
      program.resultOf(times, 0, open).resultOf(close, 0, open);
      task.run(program);
    }
  }

  private static void give(SyscallProgram program, int open, ByteString name, ByteString value) {
    long nameAt = program.memory.string(name);
    long valueAt = program.memory.bytes(value.toBytes());
    int row = program.call(name, Sys.FSETXATTR, 0, nameAt, valueAt, value.length(), 0);
    program.resultOf(row, 0, open);
  }
}
