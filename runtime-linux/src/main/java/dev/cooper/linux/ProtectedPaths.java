package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The further paths that a process shall not see or not write to, as far as they are there.
 *
 * <p>What covers a path depends on whether it is a directory, so each is looked at before the
 * process starts. Where it has become something else by then, the mount fails and nothing runs.
 *
 * @param masked hidden
 * @param readOnly not to be written to
 */
record ProtectedPaths(List<MountStubs.Target> masked, List<String> readOnly) {
  private static final ProtectedPaths NONE = new ProtectedPaths(List.of(), List.of());

  /** What a path is. */
  enum Kind {
    DIRECTORY,
    OTHER,
    ABSENT
  }

  static ProtectedPaths of(ProcessSpec process, Lane lane, RootTree tree) {
    List<String> mask = process.security().masked();
    List<String> protect = process.security().readOnly();
    if (mask.isEmpty() && protect.isEmpty()) {
      return NONE;
    }
    List<MountStubs.Target> masked = new ArrayList<>();
    for (String path : mask) {
      Kind kind = kind(path, process, lane, tree);
      if (kind != Kind.ABSENT) {
        masked.add(new MountStubs.Target(path, kind == Kind.DIRECTORY));
      }
    }
    List<String> readOnly =
        protect.stream().filter(path -> kind(path, process, lane, tree) != Kind.ABSENT).toList();
    return new ProtectedPaths(masked, readOnly);
  }

  /** What a path inside is, as the process will see it. */
  static Kind kind(String path, ProcessSpec process, Lane lane, RootTree tree) {
    if (path.startsWith("/proc/")) {
      // The kernel's own, of which the JVM's may show less.
      String name = path.substring("/proc/".length());
      return KernelFiles.kinds(lane, "proc", List.of(name)).getOrDefault(name, Kind.ABSENT);
    }
    if (path.startsWith("/sys/")) {
      return onHost(Path.of(path)); // the kernel's own, there as here
    }
    if (path.startsWith("/dev/")) {
      return ContainerMounts.inDev(path.substring("/dev/".length()));
    }
    for (ProcessMount mount : process.mounts()) {
      if (mount instanceof ProcessMount.Bind bind && path.startsWith(bind.target() + "/")) {
        return onHost(bind.source().resolve(path.substring(bind.target().length() + 1)));
      }
    }
    return inRoot(path, lane, tree);
  }

  private static Kind onHost(Path path) {
    return Files.isDirectory(path) ? Kind.DIRECTORY : Files.exists(path) ? Kind.OTHER : Kind.ABSENT;
  }

  private static Kind inRoot(String path, Lane lane, RootTree tree) {
    try (SyscallProgram program = new SyscallProgram(3, 8192)) {
      long how =
          TreePaths.how(
              program.memory,
              O_PATH | O_CLOEXEC,
              Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS);
      long stat = program.memory.zeroed(Stat.SIZE);
      int open =
          program.call(
              path, Sys.OPENAT2, tree.root(), program.memory.string(path.substring(1)), how, 24);
      int look =
          program.tolerate(
              path, Sys.STATX, 0, program.memory.string(""), Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      int close = program.tolerate(path, Sys.CLOSE, 0);
      program.resultOf(look, 0, open).resultOf(close, 0, open);
      lane.run(program, 0);
      int errno = program.errno(open);
      if (errno == Linux.ENOENT || errno == Linux.ENOTDIR) {
        return Kind.ABSENT;
      }
      program.check(open);
      program.check(look);
      return (Stat.mode(stat) & Linux.S_IFMT) == Linux.S_IFDIR ? Kind.DIRECTORY : Kind.OTHER;
    }
  }
}
