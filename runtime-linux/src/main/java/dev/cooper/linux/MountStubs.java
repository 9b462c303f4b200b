package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;

/**
 * Makes the places that mounts need and a root lacks, and takes them away again when the process is
 * gone.
 *
 * <p>All inside the root, by descriptors; what is taken away is only what was made, if it still is
 * the same and is empty (CVE-2024-23652: a process may have put a link in its place).
 */
final class MountStubs implements AutoCloseable {
  private final Lane lane;
  private final RootPaths paths;
  private final Function<ByteString, Runnable> restoring;
  private final Deque<Made> made = new ArrayDeque<>();

  /** A place that something is to be mounted on. */
  record Target(String path, boolean directory) {}

  /** What was made: its path, inode, and its parent's times before and after. */
  record Made(
      ByteString path,
      boolean directory,
      long inode,
      Times before,
      Times after,
      Runnable restored) {}

  /** A path's modification time and inode; zero where there is nothing. */
  record Times(long seconds, long nanos, long inode) {
    static final Times NONE = new Times(0, 0, 0);
  }

  MountStubs(Lane lane, RootTree tree) {
    this(lane, tree.root(), path -> tree.restoring(lane, path));
  }

  /**
   * Those in an open directory.
   *
   * @param restoring as {@link RootTree#restoring}
   */
  MountStubs(Lane lane, int root, Function<ByteString, Runnable> restoring) {
    this.lane = lane;
    this.paths = new RootPaths(lane, root);
    this.restoring = restoring;
  }

  /** Makes what is missing; one program asks for all of them. */
  void ensure(List<Target> targets) {
    for (Target target : missing(targets)) {
      make(target);
    }
  }

  private List<Target> missing(List<Target> targets) {
    try (SyscallProgram program = new SyscallProgram(2 * targets.size(), 8192)) {
      long how =
          TreePaths.how(
              program.memory,
              O_PATH | O_CLOEXEC,
              Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS);
      for (Target target : targets) {
        int open =
            program.tolerate(
                target.path(),
                Sys.OPENAT2,
                paths.root(),
                program.memory.string(target.path()),
                how,
                24);
        int close = program.tolerate(target.path(), Sys.CLOSE, 0);
        program.resultOf(close, 0, open);
      }
      lane.run(program);
      List<Target> missing = new ArrayList<>();
      for (int i = 0; i < targets.size(); i++) {
        if (program.errno(2 * i) != 0) {
          missing.add(targets.get(i));
        }
      }
      return missing;
    }
  }

  private void make(Target target) {
    make(paths.canonical(target.path()), target.directory());
  }

  /** Makes what is missing of a path whose links were followed. */
  void make(ByteString place, boolean directory) {
    ByteString at = ByteString.EMPTY;
    List<ByteString> names = LayerPath.components(place);
    for (int i = 0; i < names.size(); i++) {
      at = LayerPath.join(at, names.get(i));
      if (paths.entry(at) == null) {
        made.push(makeOne(at, i < names.size() - 1 || directory));
      }
    }
  }

  /** Makes one that is not there; the caller keeps what is to be taken away. */
  Made makeOne(ByteString path, boolean directory) {
    ByteString in = LayerPath.parent(path);
    Times before = times(in);
    Runnable restored = restoring.apply(in);
    int parent = paths.openDirectory(in);
    try (SyscallProgram program = SyscallProgram.small()) {
      long name = program.memory.string(LayerPath.name(path));
      long stat = program.memory.zeroed(Stat.SIZE);
      if (directory) {
        program.call(path, Sys.MKDIRAT, parent, name, 0755);
      } else {
        program.call(path, Sys.MKNODAT, parent, name, Linux.S_IFREG | 0644, 0);
      }
      program.call(path, Sys.STATX, parent, name, Linux.AT_SYMLINK_NOFOLLOW, Stat.BASIC, stat);
      lane.run(program);
      return new Made(path, directory, Stat.inode(stat), before, times(in), restored);
    } finally {
      TreeRemover.close(lane, parent);
    }
  }

  /** Modification time and inode of a directory, or of nothing. */
  private Times times(ByteString path) {
    int fd = paths.tryOpen(path, O_PATH);
    if (fd < 0) {
      return Times.NONE;
    }
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      program.call(
          path, Sys.STATX, fd, program.memory.string(""), Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      return new Times(Stat.mtimeSeconds(stat), Stat.mtimeNanos(stat), Stat.inode(stat));
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  /** Takes away what was made, the last first. */
  @Override
  public void close() {
    if (made.isEmpty() || lane.isDead()) {
      return;
    }
    while (!made.isEmpty()) {
      takeAway(made.pop());
    }
  }

  void takeAway(Made one) {
    ByteString in = LayerPath.parent(one.path());
    Times now = times(in);
    int parent = paths.tryOpen(in, Linux.O_RDONLY | O_DIRECTORY);
    if (parent < 0) {
      return;
    }
    try {
      TarEntry entry = paths.entry(one.path());
      if (entry == null
          || times(one.path()).inode() != one.inode()
          || entry.size() > 0 && !one.directory()) {
        return;
      }
      try (SyscallProgram program = SyscallProgram.small()) {
        int row =
            program.tolerate(
                one.path(),
                Sys.UNLINKAT,
                parent,
                program.memory.string(LayerPath.name(one.path())),
                one.directory() ? Linux.AT_REMOVEDIR : 0);
        lane.run(program);
        if (program.errno(row) == 0 && now.equals(one.after())) {
          restore(parent, in, one);
        }
      }
    } finally {
      TreeRemover.close(lane, parent);
    }
  }

  /** Nothing else changed the parent: it gets its time back, and is no change of the layer's. */
  private void restore(int parent, ByteString path, Made one) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long times = program.memory.allocate(32);
      TreeBatch.putTimes(times, one.before().seconds(), (int) one.before().nanos());
      program.call(path, Sys.UTIMENSAT, parent, 0, times, 0);
      lane.run(program);
    }
    one.restored().run();
  }
}
