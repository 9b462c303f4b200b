package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.SizeSink;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Measures a tree as du(1) does, hundreds of files in one program, and never follows a link.
 *
 * <p>What goes while it is measured is passed over, and so are other file systems. Not thread-safe.
 */
final class TreeSizes implements AutoCloseable {
  private static final int STATS = 256;
  private static final int DIRECTORY_FLAGS =
      Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;

  private final Task task;
  private final SizeSink sink;
  private final SyscallProgram stats = new SyscallProgram(STATS, STATS * (Stat.SIZE + 300));
  private final Set<Inode> linked = new HashSet<>();
  private long fileSystem;

  private record Inode(long fileSystem, long number) {}

  /** What one part takes, with all that is not told apart from it. */
  private static final class Sum {
    long bytes;
    long onDisk;

    void add(long at) {
      bytes += Stat.size(at);
      onDisk += Stat.allocated(at);
    }
  }

  TreeSizes(Task task, SizeSink sink) {
    this.task = task;
    this.sink = sink;
  }

  void measure(Path directory, int depth) {
    int fd = open(Linux.AT_FDCWD, HostPath.bytes(directory));
    if (fd < 0) {
      return;
    }
    Sum own = new Sum();
    try {
      long at = statOf(fd, directory);
      fileSystem = Stat.fileSystem(at);
      own.add(at);
      children(fd, directory, depth, own);
    } finally {
      TreeRemover.close(task, fd);
    }
    sink.add(directory, own.bytes, own.onDisk);
  }

  /** Adds what a directory holds to its own sum, or tells the sink of each. */
  private void children(int fd, Path path, int depth, Sum sum) {
    List<ByteString> names = names(fd, path);
    for (int from = 0; from < names.size(); from += STATS) {
      List<ByteString> some = names.subList(from, Math.min(names.size(), from + STATS));
      for (ByteString directory : stat(fd, path, some, depth, sum)) {
        below(fd, path, directory, depth, sum);
      }
    }
  }

  private List<ByteString> names(int fd, Path path) {
    try {
      return Directory.names(task, fd, path);
    } catch (SystemCallException e) {
      if (e.errno() == Linux.ENOENT) {
        return List.of(); // removed since it was opened
      }
      throw e;
    }
  }

  private void below(int parent, Path path, ByteString name, int depth, Sum sum) {
    int fd = open(parent, name);
    if (fd < 0) {
      return;
    }
    try {
      Path child = depth > 0 ? path.resolve(name.toString()) : path;
      Sum own = depth > 0 ? new Sum() : sum;
      own.add(statOf(fd, child));
      children(fd, child, Math.max(0, depth - 1), own);
      if (depth > 0) {
        sink.add(child, own.bytes, own.onDisk);
      }
    } finally {
      TreeRemover.close(task, fd);
    }
  }

  private long statOf(int fd, Object subject) {
    stats.reset();
    long at = stats.memory.zeroed(Stat.SIZE);
    long empty = stats.memory.string("");
    stats.call(subject, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, at);
    task.run(stats);
    return at;
  }

  /** Measures what is no directory, and gives the names of those that are. */
  private List<ByteString> stat(int fd, Path path, List<ByteString> names, int depth, Sum sum) {
    stats.reset();
    long[] at = new long[names.size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = stats.memory.zeroed(Stat.SIZE);
      long name = stats.memory.string(names.get(i));
      stats.tolerate(
          names.get(i), Sys.STATX, fd, name, Linux.AT_SYMLINK_NOFOLLOW, Stat.BASIC, at[i]);
    }
    task.run(stats);
    List<ByteString> directories = new ArrayList<>();
    for (int i = 0; i < at.length; i++) {
      if (stats.errno(i) != 0) {
        continue; // it went
      }
      if (Stat.format(at[i]) == Linux.S_IFDIR) {
        if (Stat.fileSystem(at[i]) == fileSystem) { // else it is a root that is mounted here
          directories.add(names.get(i));
        }
      } else if (Stat.nlink(at[i]) <= 1
          || linked.add(new Inode(Stat.fileSystem(at[i]), Stat.inode(at[i])))) {
        if (depth > 0) {
          sink.add(path.resolve(names.get(i).toString()), Stat.size(at[i]), Stat.allocated(at[i]));
        } else {
          sum.add(at[i]);
        }
      }
    }
    return directories;
  }

  private int open(int parent, ByteString name) {
    stats.reset();
    stats.tolerate(name, Sys.OPENAT, parent, stats.memory.string(name), DIRECTORY_FLAGS);
    task.run(stats);
    int errno = stats.errno(0);
    if (errno != 0 && errno != Linux.ENOENT && errno != Linux.ENOTDIR) {
      throw new SystemCallException("openat", name.toString(), errno);
    }
    return errno == 0 ? (int) stats.result(0) : -1;
  }

  @Override
  public void close() {
    stats.close();
  }
}
