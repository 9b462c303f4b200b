package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * The directories from a root down to the one that a walk is in, with few descriptors however deep
 * that is.
 *
 * <p>The root and the lowest directories stay open. A directory above them is opened again, as
 * {@code ..} of the one below it, when the walk comes back to it, and has to be the same as before:
 * a directory that somebody moves meanwhile leads elsewhere. Not thread-safe.
 */
final class Descent implements AutoCloseable {
  private static final int OPEN = 64;
  private static final int WORDS = 2;
  private static final int DIRECTORY_FLAGS =
      Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;
  private static final ByteString PARENT = ByteString.utf8("..");

  private final Task task;
  private final int root;
  private final SyscallProgram program = new SyscallProgram(2, Stat.SIZE + 64);

  /** The lowest directories, the uppermost of them first. */
  private final Deque<Integer> open = new ArrayDeque<>();

  /** The file systems and inodes of the directories between the root and the open ones. */
  private long[] closed = new long[WORDS];

  private int closedLevels;

  /**
   * A walk that begins in a directory.
   *
   * @param root an open directory, which stays the caller's
   */
  Descent(Task task, int root) {
    this.task = task;
    this.root = root;
  }

  /** The directory that the walk is in. */
  int fd() {
    return open.isEmpty() ? root : open.getLast();
  }

  /** How many levels that is below the root. */
  int depth() {
    return closedLevels + open.size();
  }

  /** Goes down into a directory, whose descriptor is closed when the walk leaves it. */
  void enter(int fd) {
    open.addLast(fd);
    if (open.size() > OPEN) {
      closeUppermost();
    }
  }

  private void closeUppermost() {
    int fd = open.getFirst();
    long at = identify(fd);
    if (closed.length < WORDS * (closedLevels + 1)) {
      closed = Arrays.copyOf(closed, 2 * closed.length);
    }
    closed[WORDS * closedLevels] = Stat.fileSystem(at);
    closed[WORDS * closedLevels + 1] = Stat.inode(at);
    closedLevels++;
    open.removeFirst();
    close(fd);
  }

  /**
   * Goes up to the directory above.
   *
   * @return false if that is another one than it was: the walk is in its root then
   */
  boolean leave() {
    int left = open.removeLast();
    try {
      return !open.isEmpty() || closedLevels == 0 || reopen(left);
    } finally {
      close(left);
    }
  }

  private boolean reopen(int below) {
    program.reset();
    program.tolerate(PARENT, Sys.OPENAT, below, program.memory.string(PARENT), DIRECTORY_FLAGS);
    task.run(program);
    if (program.errno(0) == Linux.ENOENT) {
      closedLevels = 0;
      return false;
    }
    if (program.errno(0) != 0) {
      throw task.failure(program, 0);
    }
    int fd = (int) program.result(0);
    open.addLast(fd);
    long at = identify(fd);
    closedLevels--;
    if (Stat.fileSystem(at) == closed[WORDS * closedLevels]
        && Stat.inode(at) == closed[WORDS * closedLevels + 1]) {
      return true;
    }
    closedLevels = 0;
    open.removeLast();
    close(fd);
    return false;
  }

  private long identify(int fd) {
    program.reset();
    long at = program.memory.zeroed(Stat.SIZE);
    long empty = program.memory.string("");
    program.call(PARENT, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, at);
    task.run(program);
    return at;
  }

  private void close(int fd) {
    program.reset();
    program.tolerate("descriptor", Sys.CLOSE, fd);
    task.run(program);
  }

  /** Closes what is open but the root. */
  @Override
  public void close() {
    try {
      while (!open.isEmpty()) {
        close(open.removeLast());
      }
    } finally {
      program.close();
    }
  }
}
