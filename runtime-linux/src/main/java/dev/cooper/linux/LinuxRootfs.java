package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_PATH;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeFilter;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An overlay in the keeper's mount namespace, held by a descriptor of its root. */
final class LinuxRootfs implements Rootfs {
  private static final long ROOT_RESOLVE = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;

  private final Keeper keeper;
  private final OverlayMount overlay;
  private final Consumer<String> notices;
  private boolean closed;

  private LinuxRootfs(Keeper keeper, OverlayMount overlay, Consumer<String> notices) {
    this.keeper = keeper;
    this.overlay = overlay;
    this.notices = notices;
  }

  static LinuxRootfs mount(
      Keeper keeper, List<Path> layers, Path directory, Consumer<String> notices) {
    Lane lane = keeper.acquire();
    try {
      return new LinuxRootfs(
          keeper, OverlayMount.mount(lane, layers, directory, keeper.rootless()), notices);
    } finally {
      keeper.release(lane);
    }
  }

  @Override
  public TreeOutput write() {
    requireOpen();
    Lane lane = keeper.acquire();
    try {
      int fd = overlay.openRoot(lane);
      return TreeWriter.of(keeper, lane, fd, TreeWriter.Kind.MERGED, notices);
    } catch (RuntimeException e) {
      keeper.release(lane);
      throw e;
    }
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    requireOpen();
    Lane lane = keeper.acquire();
    try {
      int fd = open(lane, path, O_PATH | O_NOFOLLOW);
      if (fd < 0) {
        return null;
      }
      try {
        return isMountPointOnly(lane, path) ? null : TreeReader.entryOf(lane, fd, path);
      } finally {
        TreeRemover.close(lane, fd);
      }
    } finally {
      keeper.release(lane);
    }
  }

  /** Whether a path is neither the layers' nor changed, but of the skeleton that mounts need. */
  private boolean isMountPointOnly(Lane lane, ByteString path) {
    if (!overlay.isSkeleton(path)) {
      return false;
    }
    List<Path> all = new ArrayList<>(overlay.layers());
    all.add(overlay.directory().resolve("changes/upper"));
    try (LowerPaths paths = new LowerPaths(lane, all)) {
      return !paths.holds(path);
    }
  }

  /**
   * Opens a path without following any link; negative where there is nothing, a link on the way, or
   * a path that is not canonical, which the kernel could still resolve.
   */
  private int open(Task task, ByteString path, int flags) {
    if (!LayerPath.isCanonical(path)) {
      return -Linux.ENOENT;
    }
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long how = TreePaths.how(program.memory, flags | O_CLOEXEC, ROOT_RESOLVE);
      ByteString name = path.isEmpty() ? ByteString.utf8(".") : path;
      program.tolerate(path, Sys.OPENAT2, overlay.root(), program.memory.string(name), how, 24);
      task.run(program);
      int errno = program.errno(0);
      if (errno != 0 && errno != Linux.ENOENT && errno != Linux.ENOTDIR && errno != Linux.ELOOP) {
        throw program.failure(0);
      }
      return (int) program.result(0);
    }
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    @Nullable TarEntry entry = entry(path);
    if (entry == null || entry.type() != EntryType.FILE || entry.size() > limit) {
      return null;
    }
    Lane lane = keeper.acquire();
    try (SyscallProgram program = new SyscallProgram(1, limit + 64)) {
      int fd = open(lane, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      if (fd < 0) {
        return null;
      }
      long at = program.memory.allocate(limit);
      program.call(path, Sys.READ, fd, at, limit);
      try {
        lane.run(program);
      } finally {
        TreeRemover.close(lane, fd);
      }
      byte[] content = new byte[(int) program.result(0)];
      Memory.IO.getByteArray(at, content, 0, content.length);
      return content;
    } finally {
      keeper.release(lane);
    }
  }

  @Override
  public @Nullable ByteString stamp(List<ByteString> paths) {
    requireOpen();
    Lane lane = keeper.acquire();
    try {
      return FileStamps.of(lane, overlay.root(), paths);
    } finally {
      keeper.release(lane);
    }
  }

  @Override
  public void readTree(ByteString path, TreeFilter filter, EntrySink sink) throws IOException {
    requireOpen();
    Lane lane = keeper.acquire();
    TreeFilter own =
        (at, directory) ->
            isMountPointOnly(lane, LayerPath.join(path, at))
                ? TreeFilter.Choice.SKIP
                : filter.choose(at, directory);
    try (TreeReader reader = new TreeReader(lane, sink, own, notices, null)) {
      int fd = open(lane, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (fd >= 0) {
        try {
          reader.readDirectory(fd, true);
        } finally {
          TreeRemover.close(lane, fd);
        }
        return;
      }
      readOne(lane, reader, path);
    } finally {
      keeper.release(lane);
    }
  }

  private void readOne(Lane lane, TreeReader reader, ByteString path) throws IOException {
    int parent =
        LayerPath.isCanonical(path)
            ? open(lane, LayerPath.parent(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            : -Linux.ENOENT;
    if (parent < 0) {
      throw new OperationException("nothing lies at /" + path + " in the container");
    }
    try {
      reader.readFile(parent, LayerPath.name(path));
    } finally {
      TreeRemover.close(lane, parent);
    }
  }

  @Override
  public void diff(EntrySink sink) throws IOException {
    requireOpen();
    Lane lane = keeper.acquire();
    try (LowerPaths lower = new LowerPaths(lane, overlay.layers());
        TreeReader reader =
            new TreeReader(
                lane, sink, (path, directory) -> choose(lower, path, directory), notices, lower)) {
      int upper = overlay.openUpper(lane);
      try {
        reader.readDirectory(upper, overlay.rootChanged(lane, upper));
      } finally {
        TreeRemover.close(lane, upper);
      }
    } finally {
      keeper.release(lane);
    }
  }

  /**
   * A directory that only held a mount point for a while is as it was, unless something in it
   * changed.
   */
  private TreeFilter.Choice choose(LowerPaths lower, ByteString path, boolean directory) {
    if (!directory || !overlay.isTouched(path)) {
      return TreeFilter.Choice.TAKE;
    }
    TarEntry below = lower.entry(path);
    return below != null && below.equals(entry(path))
        ? TreeFilter.Choice.DESCEND
        : TreeFilter.Choice.TAKE;
  }

  @Override
  public ProcessEnd run(ProcessSpec process, ProcessIo io) {
    requireOpen();
    Lane lane = keeper.acquire();
    boolean free = false;
    try {
      ProcessEnd end = new LinuxProcess(keeper, lane, overlay, process).run(io);
      free = true;
      return end;
    } catch (SystemCallException e) {
      free = true;
      throw e;
    } finally {
      if (free || lane.isDone()) {
        keeper.release(lane);
      }
    }
  }

  @Override
  public Path hostPath() {
    return Path.of("/proc/" + keeper.pid() + "/root")
        .resolve(overlay.merged().toString().substring(1));
  }

  @Override
  public Path seal(Path target) {
    close();
    try {
      return Files.move(overlay.directory().resolve("changes"), target).resolve("upper");
    } catch (IOException e) {
      throw new OperationException(
          "cannot keep the changes of the container in " + target + ": " + e, e);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new OperationException("this root filesystem is closed: open the container again");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (!keeper.alive()) {
      Trampoline.here(Sys.CLOSE, overlay.root());
      return;
    }
    Lane lane = keeper.acquire();
    try {
      overlay.unmount(lane);
    } finally {
      keeper.release(lane);
    }
  }
}
