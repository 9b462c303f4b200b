package dev.cooper.linux;

import java.nio.file.Path;
import java.util.List;

/**
 * Mode and owner of a root directory.
 *
 * @param mode its permissions
 * @param uid its owner
 * @param gid its group
 */
record RootAttributes(int mode, long uid, long gid) {
  static final RootAttributes DEFAULT = new RootAttributes(0755, 0, 0);

  /** Those of the uppermost layer that says something of its root. */
  static RootAttributes ofLayers(Task task, List<Path> layers) {
    RootAttributes attributes = DEFAULT;
    for (int i = layers.size() - 1; i >= 0 && attributes.equals(DEFAULT); i--) {
      attributes = of(task, layers.get(i));
    }
    return attributes;
  }

  private static RootAttributes of(Task task, Path layer) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long path = program.memory.string(HostPath.bytes(layer));
      program.call(layer, Sys.STATX, Linux.AT_FDCWD, path, 0, Stat.BASIC, stat);
      task.run(program);
      return ofStat(stat);
    }
  }

  /** Those of an open directory. */
  static RootAttributes ofOpen(Task task, int fd) {
    try (SyscallProgram program = new SyscallProgram(1, 1024)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call("/", Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      task.run(program);
      return ofStat(stat);
    }
  }

  private static RootAttributes ofStat(long stat) {
    return new RootAttributes(Stat.mode(stat) & 07777, Stat.uid(stat), Stat.gid(stat));
  }
}
