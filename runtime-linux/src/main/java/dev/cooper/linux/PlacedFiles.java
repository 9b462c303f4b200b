package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ProcessMount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Puts files and directories into a tree where nothing can be mounted over it, and takes them away
 * again, whatever became of them.
 *
 * <p>What lies in the way goes aside, beside the tree, and comes back afterwards; a note of it is
 * written before, for whoever opens the tree after a JVM was killed. Paths are canonical, and none
 * of their directories is a link. Not thread-safe.
 */
final class PlacedFiles {
  private final RootTree tree;
  private final Path aside;
  private final Deque<Placed> placed = new ArrayDeque<>();
  private final Map<ByteString, Parent> parents = new LinkedHashMap<>();
  private final Map<ByteString, Times> watched = new LinkedHashMap<>();

  /** What was put at a path; what lay there, if anything did, is aside under a name. */
  private record Placed(ByteString path, String name, boolean replaces, Runnable restored) {
    /** As a file: the path, and a NUL if something lay there. */
    byte[] note() {
      return new ByteString(path.latin1() + (replaces ? "\0" : "")).toBytes();
    }

    static Placed of(byte[] note, String name) {
      String text = ByteString.of(note).latin1();
      boolean replaces = text.endsWith("\0");
      String path = replaces ? text.substring(0, text.length() - 1) : text;
      return new Placed(new ByteString(path), name, replaces, () -> {});
    }
  }

  /** A directory that something was put into: its times before, and after all was put there. */
  private static final class Parent {
    final @Nullable Times before;
    final Runnable restored;
    @Nullable Times after;

    Parent(@Nullable Times before, Runnable restored) {
      this.before = before;
      this.restored = restored;
    }

    /** What its times were, if nothing but us has changed it since; else null. */
    @Nullable Times unchanged(Times now) {
      return now.equals(after) ? before : null;
    }
  }

  private record Times(long inode, long seconds, int nanos) {}

  /** Makes something under a name of an open directory. */
  interface Maker {
    void make(Lane lane, int directory, ByteString name);
  }

  PlacedFiles(RootTree tree, Path aside) {
    this.tree = tree;
    this.aside = aside;
  }

  void directory(Lane lane, ByteString path, int mode) {
    place(
        lane,
        path,
        (task, parent, name) -> {
          try (SyscallProgram program = SyscallProgram.small()) {
            program.call(path, Sys.MKDIRAT, parent, program.memory.string(name), mode);
            task.run(program);
          }
        });
  }

  /** A file of which {@link #changed} tells. */
  void watchedFile(Lane lane, ByteString path, ProcessMount.Memory file) {
    file(lane, path, file);
    Times now = times(lane, path);
    if (now != null) {
      watched.put(path, now);
    }
  }

  /** Which of the watched files were written to, removed or replaced since. */
  List<ByteString> changed(Lane lane) {
    return watched.keySet().stream()
        .filter(path -> !Objects.equals(watched.get(path), times(lane, path)))
        .toList();
  }

  void file(Lane lane, ByteString path, ProcessMount.Memory file) {
    place(lane, path, (task, parent, name) -> write(task, parent, name, file));
  }

  private static void write(Lane lane, int parent, ByteString name, ProcessMount.Memory file) {
    int length = file.content().length();
    try (SyscallProgram program = new SyscallProgram(8, 8192)) {
      int flags = Linux.O_CREAT | Linux.O_EXCL | Linux.O_WRONLY | Linux.O_CLOEXEC;
      String subject = file.target();
      int open =
          program.call(subject, Sys.OPENAT, parent, program.memory.string(name), flags, 0600);
      long content = program.memory.bytes(file.content().toBytes());
      int write = program.call(subject, Sys.WRITE, 0, content, length);
      int owner = program.call(subject, Sys.FCHOWN, 0, file.uid(), file.gid());
      int mode = program.call(subject, Sys.FCHMOD, 0, file.mode());
      int close = program.call(subject, Sys.CLOSE, 0);
      for (int row : new int[] {write, owner, mode, close}) {
        program.resultOf(row, 0, open);
      }
      lane.run(program);
      if (program.result(write) != length) {
        throw program.shortWrite(write, length);
      }
    }
  }

  void place(Lane lane, ByteString path, Maker maker) {
    ByteString in = LayerPath.parent(path);
    if (!parents.containsKey(in)) {
      parents.put(in, new Parent(times(lane, in), tree.restoring(lane, in)));
    }
    Runnable restored = tree.restoring(lane, path);
    boolean replaces = times(lane, path) != null;
    Placed one = new Placed(path, UUID.randomUUID().toString(), replaces, restored);
    note(one);
    placed.push(one);
    RootPaths paths = new RootPaths(lane, tree.root());
    int parent = paths.openDirectory(in);
    try {
      move(lane, parent, LayerPath.name(path), one.name(), false);
      maker.make(lane, parent, LayerPath.name(path));
    } finally {
      TreeRemover.close(lane, parent);
    }
    Parent known = parents.get(in);
    if (known != null) {
      known.after = times(lane, in);
    }
  }

  private void note(Placed one) {
    try {
      Files.write(aside.resolve(one.name() + ".path"), one.note());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + aside, e);
    }
  }

  /** Moves what lies at a name out of the tree, or back; returns whether there was something. */
  private boolean move(Lane lane, int parent, ByteString name, String away, boolean back) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long inside = program.memory.string(name);
      long outside = program.memory.string(HostPath.bytes(aside.resolve(away)));
      int row =
          back
              ? program.tolerate(name, Sys.RENAMEAT2, AT_FDCWD, outside, parent, inside, 0)
              : program.tolerate(name, Sys.RENAMEAT2, parent, inside, AT_FDCWD, outside, 0);
      lane.run(program);
      if (program.errno(row) != 0 && program.errno(row) != Linux.ENOENT) {
        throw program.failure(row);
      }
      return program.errno(row) == 0;
    }
  }

  private @Nullable Times times(Lane lane, ByteString path) {
    int fd = new RootPaths(lane, tree.root()).tryOpen(path, Linux.O_PATH | Linux.O_NOFOLLOW);
    if (fd < 0) {
      return null;
    }
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call(path, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      return new Times(Stat.inode(stat), Stat.mtimeSeconds(stat), Stat.mtimeNanos(stat));
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  /** Takes everything away, and puts back what was there. */
  void restore(Lane lane) {
    Map<ByteString, Times> now = new LinkedHashMap<>();
    for (ByteString each : parents.keySet()) {
      Times times = times(lane, each);
      if (times != null) {
        now.put(each, times);
      }
    }
    List<Runnable> restored = new ArrayList<>();
    while (!placed.isEmpty()) {
      Placed one = placed.pop();
      if (takeAway(lane, one)) {
        restored.add(one.restored());
      }
    }
    parents.forEach((path, parent) -> putTimes(lane, path, parent, now.get(path)));
    parents.clear();
    restored.forEach(Runnable::run);
  }

  private boolean takeAway(Lane lane, Placed one) {
    if (one.replaces() && !Files.exists(aside.resolve(one.name()), LinkOption.NOFOLLOW_LINKS)) {
      forget(lane, one.name()); // it has not gone aside yet, or it is back
      return false;
    }
    ByteString in = LayerPath.parent(one.path());
    int parent =
        new RootPaths(lane, tree.root())
            .tryOpen(in, Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW);
    boolean back = false;
    if (parent >= 0) {
      try {
        TreeRemover.remove(lane, parent, LayerPath.name(one.path()));
        back = move(lane, parent, LayerPath.name(one.path()), one.name(), true);
      } finally {
        TreeRemover.close(lane, parent);
      }
    }
    forget(lane, one.name());
    return back;
  }

  /** What could not come back was removed with its directory. */
  private void forget(Lane lane, String name) {
    try {
      int fd = openAside(lane);
      try {
        TreeRemover.remove(lane, fd, ByteString.utf8(name));
      } finally {
        TreeRemover.close(lane, fd);
      }
      Files.deleteIfExists(aside.resolve(name + ".path"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + aside, e);
    }
  }

  private int openAside(Lane lane) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(aside));
      program.call(aside, Sys.OPENAT, AT_FDCWD, path, flags);
      lane.run(program);
      return (int) program.result(0);
    }
  }

  /** A directory that only we changed is as it was; else it keeps the time of the last change. */
  private void putTimes(Lane lane, ByteString path, Parent parent, @Nullable Times now) {
    int fd = new RootPaths(lane, tree.root()).tryOpen(path, Linux.O_RDONLY | Linux.O_DIRECTORY);
    if (fd < 0) {
      return;
    }
    @Nullable Times before = now == null ? null : parent.unchanged(now);
    try {
      if (before != null) {
        putTimes(lane, fd, path, before);
      } else if (now != null) {
        putTimes(lane, fd, path, now);
      }
    } finally {
      TreeRemover.close(lane, fd);
    }
    if (before != null) {
      parent.restored.run();
    }
  }

  private static void putTimes(Lane lane, int fd, ByteString path, Times wanted) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long times = program.memory.allocate(32);
      TreeBatch.putTimes(times, wanted.seconds(), wanted.nanos());
      program.call(path, Sys.UTIMENSAT, fd, 0, times, 0);
      lane.run(program);
    }
  }

  /** Puts back what a JVM that was killed had put aside. */
  void recover(Lane lane) throws IOException {
    try (var notes = Files.newDirectoryStream(aside, "*.path")) {
      for (Path note : notes) {
        String file = String.valueOf(note.getFileName());
        String name = file.substring(0, file.length() - ".path".length());
        takeAway(lane, Placed.of(Files.readAllBytes(note), name));
      }
    }
  }
}
