package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;

import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.SizeSink;
import dev.cooper.spi.TreeFilter;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The runtime: a keeper, started when something first needs it and again if it was killed.
 * Thread-safe.
 */
final class LinuxRuntime implements ContainerRuntime {
  private @Nullable Keeper keeper;
  private boolean closed;

  /** Loads the machine code and what calls it, a good part of a short JVM's time. */
  @Override
  public void prepare() {
    Trampoline.here(Sys.GETEUID);
  }

  /** The keeper, alive. */
  synchronized Keeper keeper() {
    if (closed) {
      throw Lane.gone();
    }
    Keeper current = keeper;
    if (current == null || !current.alive()) {
      if (current != null) {
        current.close();
      }
      current = start();
      keeper = current;
    }
    return current;
  }

  private static Keeper start() {
    long uid = Trampoline.here(Sys.GETEUID);
    if (uid == 0) {
      return Keeper.start(false, IdMap.none());
    }
    IdMap ids =
        IdMap.ofUser(
            uid, Trampoline.here(Sys.GETEGID), Path.of("/etc/subuid"), Path.of("/etc/subgid"));
    return Keeper.start(true, ids);
  }

  @Override
  public void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
      throws IOException {
    HostPath source = HostPath.of(path);
    try (TreeReader reader = new TreeReader(Task.HERE, sink, filter, notices, null)) {
      source.read(reader);
    }
  }

  @Override
  public TreeOutput unpack(Path directory, Consumer<String> notices) {
    Keeper current = keeper();
    Lane lane = current.acquire();
    int fd = -1;
    try {
      fd = openDirectory(lane, directory);
      return TreeWriter.of(current, lane, fd, TreeWriter.Kind.LAYER, notices);
    } catch (RuntimeException e) {
      if (fd >= 0) {
        TreeRemover.close(lane, fd);
      }
      current.release(lane);
      throw e;
    }
  }

  private static int openDirectory(Lane lane, Path directory) {
    try (SyscallProgram program = new SyscallProgram(8, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      int open =
          program.call(
              directory,
              Sys.OPENAT,
              AT_FDCWD,
              program.memory.string(HostPath.bytes(directory)),
              flags);
      // Made private for the host's sake; as a root it is everyone's to search. The store above it
      // stays closed.
      int mode = program.call(directory, Sys.FCHMOD, 0, 0755);
      int owner = program.call(directory, Sys.FCHOWN, 0, 0, 0);
      program.resultOf(mode, 0, open).resultOf(owner, 0, open);
      lane.run(program);
      return (int) program.result(open);
    }
  }

  @Override
  public Rootfs mount(List<Path> layers, Path directory, Consumer<String> notices) {
    return LinuxRootfs.mount(keeper(), layers, directory, notices);
  }

  @Override
  public void delete(Path directory) {
    Path parent = directory.toAbsolutePath().getParent();
    Path name = directory.getFileName();
    if (parent == null || name == null) {
      throw new IllegalArgumentException("the root of the file system is not to be deleted");
    }
    Keeper current = keeper();
    Lane lane = current.acquire();
    try (SyscallProgram program = new SyscallProgram(2, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      program.call(
          parent, Sys.OPENAT, AT_FDCWD, program.memory.string(HostPath.bytes(parent)), flags);
      lane.run(program);
      int fd = (int) program.result(0);
      try {
        TreeRemover.remove(lane, fd, LayerPath.name(HostPath.bytes(directory.toAbsolutePath())));
      } finally {
        TreeRemover.close(lane, fd);
      }
    } finally {
      current.release(lane);
    }
  }

  @Override
  public void sync(Path directory) {
    try (SyscallProgram program = new SyscallProgram(3, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(directory));
      int open = program.call(directory, Sys.OPENAT, AT_FDCWD, path, flags);
      int sync = program.tolerate(directory, Sys.SYNCFS, 0);
      int close = program.call(directory, Sys.CLOSE, 0);
      program.resultOf(sync, 0, open).resultOf(close, 0, open);
      Task.HERE.run(program);
      program.check(sync);
    }
  }

  @Override
  public void measure(Path directory, int depth, SizeSink sink) {
    if (Trampoline.here(Sys.GETEUID) == 0) {
      // Reads everything itself, and sees none of the keeper's mounts over it.
      try (TreeSizes sizes = new TreeSizes(Task.HERE, sink)) {
        sizes.measure(directory, depth);
      }
      return;
    }
    Keeper current = keeper();
    Lane lane = current.acquire();
    try (TreeSizes sizes = new TreeSizes(lane, sink)) {
      sizes.measure(directory, depth);
    } finally {
      current.release(lane);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (keeper != null) {
      keeper.close();
      keeper = null;
    }
  }
}
