package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a path exists in what lies below an overlay's upper directory. Not thread-safe. */
final class LowerPaths implements AutoCloseable {
  private final Task task;
  private final List<Integer> layers = new ArrayList<>();

  /** Opens the layers, the lowest first. */
  LowerPaths(Task task, List<Path> layers) {
    this.task = task;
    for (Path layer : layers) {
      try (SyscallProgram program = new SyscallProgram(1, 8192)) {
        int flags = Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
        program.call(
            layer, Sys.OPENAT, Linux.AT_FDCWD, program.memory.string(HostPath.bytes(layer)), flags);
        task.run(program);
        this.layers.add(0, (int) program.result(0));
      }
    }
  }

  boolean holds(ByteString path) {
    return entry(path) != null;
  }

  /** What the layers show at a path, or null if they show nothing. */
  @Nullable TarEntry entry(ByteString path) {
    for (int layer : layers) {
      int fd = open(layer, path);
      if (fd < 0 && -fd != Linux.ENOENT) {
        return null; // something that is no directory lies on the way, and hides what is below
      }
      if (fd >= 0) {
        try {
          TarEntry entry = StatEntries.of(task, fd, path);
          return entry.type() == EntryType.CHAR_DEVICE
                  && entry.deviceMajor() == 0
                  && entry.deviceMinor() == 0
              ? null
              : entry;
        } finally {
          TreeRemover.close(task, fd);
        }
      }
    }
    return null;
  }

  private int open(int layer, ByteString path) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long how =
          TreePaths.how(
              program.memory,
              Linux.O_PATH | Linux.O_NOFOLLOW | Linux.O_CLOEXEC,
              Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS);
      program.tolerate(path, Sys.OPENAT2, layer, program.memory.string(path), how, 24);
      task.run(program);
      return (int) program.result(0);
    }
  }

  @Override
  public void close() {
    layers.forEach(fd -> TreeRemover.close(task, fd));
    layers.clear();
  }
}
