package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_PATH;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The places that mounts need in a directory of the host or in a cache, which other commands may
 * have mounted too; taken away by the last of this JVM's that uses them.
 *
 * <p>To remove a directory is to unmount what others have mounted there (rmdir(2) asks its own
 * mount namespace only). So this JVM counts who uses a place, and each holds a shared lock on it
 * (flock(2)): one that another JVM holds stays. Thread-safe.
 */
final class BindStubs implements AutoCloseable {
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int MOST_TRIES = 100;

  /** How many mounts of this JVM use a place that one of them made; guarded by itself. */
  private static final Map<Id, Integer> USES = new HashMap<>();

  private final Lane lane;
  private final RootPaths paths;
  private final MountStubs stubs;
  private final Deque<Used> used = new ArrayDeque<>();
  private final Map<ByteString, Integer> locks = new HashMap<>();

  private record Id(long fileSystem, long inode) {}

  private record Used(Id id, MountStubs.Made made) {}

  BindStubs(Lane lane, int directory) {
    this.lane = lane;
    this.paths = new RootPaths(lane, directory);
    this.stubs = new MountStubs(lane, directory, path -> () -> {});
  }

  RootPaths paths() {
    return paths;
  }

  /** Makes what is missing of a path whose links were followed, and holds it. */
  void make(ByteString place, boolean directory) {
    synchronized (USES) {
      for (int i = 0; i < MOST_TRIES; i++) {
        if (attempt(place, directory)) {
          return;
        }
      }
    }
    throw new OperationException(
        "cannot make a mount point: " + place + " is taken away again and again by others");
  }

  /** False if another JVM removed a part of it meanwhile. */
  private boolean attempt(ByteString place, boolean directory) {
    ByteString at = ByteString.EMPTY;
    List<ByteString> names = LayerPath.components(place);
    try {
      for (int i = 0; i < names.size(); i++) {
        at = LayerPath.join(at, names.get(i));
        use(at, i < names.size() - 1 || directory);
      }
      return hold(place);
    } catch (SystemCallException e) {
      if (e.errno() == Linux.ENOENT || e.errno() == Linux.EEXIST) {
        return false;
      }
      throw e;
    }
  }

  private void use(ByteString at, boolean directory) {
    if (used.stream().anyMatch(each -> each.made().path().equals(at))) {
      return;
    }
    if (paths.entry(at) == null) {
      MountStubs.Made made = stubs.makeOne(at, directory);
      Id id = id(at);
      USES.put(id, 1);
      used.push(new Used(id, made));
      return;
    }
    Id id = id(at);
    if (USES.containsKey(id)) {
      USES.merge(id, 1, Integer::sum);
      MountStubs.Times none = MountStubs.Times.NONE;
      used.push(new Used(id, new MountStubs.Made(at, directory, id.inode(), none, none, () -> {})));
    }
  }

  private Id id(ByteString path) {
    int fd = paths.tryOpen(path, O_PATH | Linux.O_NOFOLLOW);
    if (fd < 0) {
      throw new SystemCallException("openat2", path.toString(), -fd);
    }
    try {
      return id(fd);
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  private Id id(int fd) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call("mount point", Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      return new Id(Stat.fileSystem(stat), Stat.inode(stat));
    }
  }

  /** Locks it, unless it is a file that others may lock; false if it is being taken away. */
  private boolean hold(ByteString place) {
    TarEntry entry = paths.entry(place);
    if (entry == null) {
      return false;
    }
    boolean ours = used.stream().anyMatch(each -> each.made().path().equals(place));
    if (locks.containsKey(place) || entry.type() != EntryType.DIRECTORY && !ours) {
      return true;
    }
    int fd = paths.tryOpen(place, O_RDONLY | O_NONBLOCK | Linux.O_NOFOLLOW);
    if (fd < 0) {
      return fd != -Linux.ENOENT;
    }
    if (lock(fd, LOCK_SH) != Linux.EAGAIN && id(fd).equals(id(place))) {
      locks.put(place, fd);
      return true;
    }
    TreeRemover.close(lane, fd);
    return false;
  }

  /** An errno, or 0; a file system that has no locks is one that nobody shares. */
  private int lock(int fd, int kind) {
    try (SyscallProgram program = SyscallProgram.small()) {
      int row = program.tolerate("mount point", Sys.FLOCK, fd, kind | LOCK_NB);
      lane.run(program);
      return program.errno(row);
    }
  }

  /** Takes away what nobody uses any more, the last first. */
  @Override
  public void close() {
    synchronized (USES) {
      while (!used.isEmpty()) {
        release(used.pop());
      }
    }
    new ArrayList<>(locks.values()).forEach(fd -> Trampoline.here(Sys.CLOSE, fd));
    locks.clear();
  }

  private void release(Used one) {
    int left = USES.merge(one.id(), -1, Integer::sum);
    if (left > 0) {
      return;
    }
    USES.remove(one.id());
    Integer fd = locks.get(one.made().path());
    if (!lane.isDead() && (fd == null || lock(fd, LOCK_EX) != Linux.EAGAIN)) {
      stubs.takeAway(one.made());
    }
  }
}
