package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.SizeSink;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Measures a tree of any depth as du(1) does, hundreds of files in one program, and never follows a
 * link.
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

  /** What is told as one: a directory, with all below it that is not told apart from it. */
  private static final class Part {
    final Path path;
    final int depth;
    long bytes;
    long onDisk;

    Part(Path path, int depth) {
      this.path = path;
      this.depth = depth;
    }

    /** What a directory in it belongs to: itself, or a part of its own. */
    Part of(ByteString directory) {
      return depth > 0 ? new Part(path.resolve(directory.toString()), depth - 1) : this;
    }

    void add(long at) {
      bytes += Stat.size(at);
      onDisk += Stat.allocated(at);
    }
  }

  /** A directory that the walk is in or below; small, as there may be a million of them. */
  private static final class Level {
    final Part part;
    private List<ByteString> directories;

    Level(Part part, List<ByteString> directories) {
      this.part = part;
      this.directories = directories;
    }

    /** The next of its directories, or null. */
    @Nullable ByteString next() {
      if (directories.isEmpty()) {
        return null;
      }
      ByteString next = directories.remove(directories.size() - 1);
      if (directories.isEmpty()) {
        directories = List.of();
      }
      return next;
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
    try (Descent descent = new Descent(task, fd)) {
      walk(descent, new Part(directory, depth));
    } finally {
      TreeRemover.close(task, fd);
    }
  }

  private void walk(Descent descent, Part whole) {
    fileSystem = Stat.fileSystem(statOf(descent.fd(), whole.path));
    Deque<Level> levels = new ArrayDeque<>();
    levels.push(list(descent.fd(), whole));
    while (!levels.isEmpty()) {
      Level level = levels.getFirst();
      ByteString directory = level.next();
      if (directory == null) {
        leave(descent, levels);
        continue;
      }
      int fd = open(descent.fd(), directory);
      if (fd >= 0) {
        descent.enter(fd);
        levels.push(list(fd, level.part.of(directory)));
      }
    }
  }

  /** Goes up; where the level above was moved away, all up to the root is passed over. */
  private void leave(Descent descent, Deque<Level> levels) {
    end(levels);
    if (!levels.isEmpty() && !descent.leave()) {
      while (levels.size() > 1) {
        end(levels);
      }
    }
  }

  private void end(Deque<Level> levels) {
    Part part = levels.pop().part;
    if (levels.isEmpty() || levels.getFirst().part != part) {
      sink.add(part.path, part.bytes, part.onDisk);
    }
  }

  /** Adds a directory and what it holds to a part, or tells the sink of each that it holds. */
  private Level list(int fd, Part part) {
    part.add(statOf(fd, part.path));
    List<ByteString> names = names(fd, part.path);
    List<ByteString> directories = new ArrayList<>();
    for (int from = 0; from < names.size(); from += STATS) {
      stat(fd, part, names.subList(from, Math.min(names.size(), from + STATS)), directories);
    }
    return new Level(part, directories.isEmpty() ? List.of() : directories);
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

  private long statOf(int fd, Object subject) {
    stats.reset();
    long at = stats.memory.zeroed(Stat.SIZE);
    long empty = stats.memory.string("");
    stats.call(subject, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, at);
    task.run(stats);
    return at;
  }

  /** Measures what is no directory, and adds the names of those that are. */
  private void stat(int fd, Part part, List<ByteString> names, List<ByteString> directories) {
    stats.reset();
    long[] at = new long[names.size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = stats.memory.zeroed(Stat.SIZE);
      long name = stats.memory.string(names.get(i));
      stats.tolerate(
          names.get(i), Sys.STATX, fd, name, Linux.AT_SYMLINK_NOFOLLOW, Stat.BASIC, at[i]);
    }
    task.run(stats);
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
        if (part.depth > 0) {
          Path path = part.path.resolve(names.get(i).toString());
          sink.add(path, Stat.size(at[i]), Stat.allocated(at[i]));
        } else {
          part.add(at[i]);
        }
      }
    }
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
