package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Removes names from a directory that is held open, never following a link.
 *
 * <p>What others remove meanwhile is fine, and what they add goes too: a directory that fills as
 * fast as it is emptied is moved to another name, where those who add by its path no longer find
 * it; those who hold it open may go on for half a minute. However deep a tree is: beyond some
 * levels a directory is first moved up to where the removal began, so that neither the stack nor
 * the descriptors run out.
 */
final class TreeRemover {
  private static final int DIRECTORY_FLAGS =
      Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;
  private static final int ROWS = 256;
  private static final int DEEPEST = 64;
  private static final int TRIES_IN_PLACE = 8;
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Directories that were moved up and are still to be removed. */
  private record Moved(int parent, Deque<ByteString> names) {
    ByteString next() {
      return ByteString.utf8(".cooper-removed-" + names.size() + "-" + UUID.randomUUID());
    }
  }

  private TreeRemover() {}

  /** Removes a name and, if it is a directory, all below it; a name that is not there is fine. */
  static void remove(Task task, int parent, ByteString name) {
    Moved moved = new Moved(parent, new ArrayDeque<>());
    remove(task, parent, name, 0, moved);
    while (!moved.names().isEmpty()) {
      remove(task, parent, moved.names().pop(), 0, moved);
    }
  }

  private static void remove(Task task, int parent, ByteString name, int depth, Moved moved) {
    int errno = tryUnlink(task, parent, name, 0);
    if (errno == Linux.EISDIR || errno == Linux.EPERM) {
      if (depth == DEEPEST) {
        moveUp(task, parent, name, moved);
        return;
      }
      errno = removeDirectory(task, parent, name, depth, moved);
    }
    if (errno != 0 && errno != Linux.ENOENT) {
      throw new SystemCallException("unlinkat", name.toString(), errno);
    }
  }

  private static void moveUp(Task task, int parent, ByteString name, Moved moved) {
    ByteString to = moved.next();
    int errno = rename(task, parent, name, moved.parent(), to);
    if (errno == 0) {
      moved.names().push(to);
    } else if (errno != Linux.ENOENT) {
      throw new SystemCallException("renameat2", name.toString(), errno);
    }
  }

  /** Returns the last error number, or 0. */
  private static int removeDirectory(
      Task task, int parent, ByteString name, int depth, Moved moved) {
    for (int i = 0; i < TRIES_IN_PLACE; i++) {
      empty(task, parent, name, depth, moved);
      int errno = tryUnlink(task, parent, name, Linux.AT_REMOVEDIR);
      if (errno != Linux.ENOTEMPTY) {
        return errno;
      }
    }
    ByteString aside = moved.next();
    int errno = rename(task, parent, name, parent, aside);
    ByteString now = errno == 0 ? aside : name;
    long begun = System.nanoTime();
    do {
      empty(task, parent, now, depth, moved);
      errno = tryUnlink(task, parent, now, Linux.AT_REMOVEDIR);
    } while (errno == Linux.ENOTEMPTY && System.nanoTime() - begun < LONGEST_NANOS);
    return errno;
  }

  /** Returns the error number, or 0. */
  private static int rename(
      Task task, int parent, ByteString name, int newParent, ByteString newName) {
    try (SyscallProgram program = SyscallProgram.small()) {
      program.tolerate(
          name,
          Sys.RENAMEAT2,
          parent,
          program.memory.string(name),
          newParent,
          program.memory.string(newName),
          0);
      task.run(program);
      return program.errno(0);
    }
  }

  private static void empty(Task task, int parent, ByteString name, int depth, Moved moved) {
    int fd = open(task, parent, name);
    if (fd < 0) {
      return;
    }
    try {
      List<ByteString> names = Directory.names(task, fd, name);
      for (int from = 0; from < names.size(); from += ROWS) {
        List<ByteString> some = names.subList(from, Math.min(names.size(), from + ROWS));
        removeAll(task, fd, some, depth, moved);
      }
    } finally {
      close(task, fd);
    }
  }

  /** Unlinks many names in one program; those that are directories take the long way. */
  private static void removeAll(Task task, int fd, List<ByteString> names, int depth, Moved moved) {
    try (SyscallProgram program = new SyscallProgram(ROWS, 16384)) {
      for (ByteString name : names) {
        program.tolerate(name, Sys.UNLINKAT, fd, program.memory.string(name), 0);
      }
      task.run(program);
      for (int row = 0; row < names.size(); row++) {
        if (program.errno(row) != 0) {
          remove(task, fd, names.get(row), depth + 1, moved);
        }
      }
    }
  }

  /** A descriptor, or -1 if it is gone. */
  private static int open(Task task, int parent, ByteString name) {
    try (SyscallProgram program = SyscallProgram.small()) {
      program.tolerate(name, Sys.OPENAT, parent, program.memory.string(name), DIRECTORY_FLAGS);
      task.run(program);
      if (program.errno(0) == Linux.ENOENT) {
        return -1;
      }
      program.check(0);
      return (int) program.result(0);
    }
  }

  static void close(Task task, int fd) {
    try (SyscallProgram program = SyscallProgram.small()) {
      program.tolerate("descriptor", Sys.CLOSE, fd);
      task.run(program);
    }
  }

  private static int tryUnlink(Task task, int parent, ByteString name, int flags) {
    try (SyscallProgram program = SyscallProgram.small()) {
      program.tolerate(name, Sys.UNLINKAT, parent, program.memory.string(name), flags);
      task.run(program);
      return program.errno(0);
    }
  }
}
