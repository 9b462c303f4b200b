package dev.cooper.linux;

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

  static ProtectedPaths of(ProcessSpec process, Lane lane, RootTree.Prepared mounts) {
    List<String> mask = process.security().masked();
    List<String> protect = process.security().readOnly();
    if (mask.isEmpty() && protect.isEmpty()) {
      return NONE;
    }
    List<MountStubs.Target> masked = new ArrayList<>();
    for (String path : mask) {
      Kind kind = kind(path, lane, mounts);
      if (kind != Kind.ABSENT) {
        masked.add(new MountStubs.Target(path, kind == Kind.DIRECTORY));
      }
    }
    List<String> readOnly =
        protect.stream().filter(path -> kind(path, lane, mounts) != Kind.ABSENT).toList();
    return new ProtectedPaths(masked, readOnly);
  }

  /** What a path inside is, as the process will see it. */
  static Kind kind(String path, Lane lane, RootTree.Prepared mounts) {
    if (path.startsWith("/proc/")) {
      // The kernel's own, of which the JVM's may show less.
      String name = path.substring("/proc/".length());
      return KernelFiles.kinds(lane, "proc", List.of(name)).getOrDefault(name, Kind.ABSENT);
    }
    if (path.startsWith("/sys/")) {
      return onHost(Path.of(path)); // the kernel's own, there as here
    }
    return mounts.kind(path);
  }

  private static Kind onHost(Path path) {
    return Files.isDirectory(path) ? Kind.DIRECTORY : Files.exists(path) ? Kind.OTHER : Kind.ABSENT;
  }
}
