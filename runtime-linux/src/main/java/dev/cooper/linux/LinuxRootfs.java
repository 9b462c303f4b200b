package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_NONBLOCK;
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
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A tree that the keeper sees, held by a descriptor of its root. */
final class LinuxRootfs implements Rootfs {
  private final Keeper keeper;
  private final RootTree tree;
  private final Consumer<String> notices;
  private final @Nullable Engine engine;
  private boolean closed;

  /**
   * One that was mounted.
   *
   * @param engine what runs commands in it; null if we do
   */
  LinuxRootfs(Keeper keeper, RootTree tree, Consumer<String> notices, @Nullable Engine engine) {
    this.engine = engine;
    this.keeper = keeper;
    this.tree = tree;
    this.notices = notices;
  }

  private RootPaths paths(Lane lane) {
    return new RootPaths(lane, tree.root());
  }

  @Override
  public TreeOutput write() {
    requireOpen();
    Lane lane = keeper.acquire();
    try {
      tree.settle(lane);
      int fd = paths(lane).openDirectory(ByteString.EMPTY);
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
      TarEntry found = paths(lane).entry(path);
      return found == null || tree.isMountPointOnly(lane, path) ? null : found;
    } finally {
      keeper.release(lane);
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
      int fd = paths(lane).tryOpen(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
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
      return FileStamps.of(lane, tree.root(), paths);
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
            tree.isMountPointOnly(lane, LayerPath.join(path, at))
                ? TreeFilter.Choice.SKIP
                : filter.choose(at, directory);
    try (TreeReader reader = new TreeReader(lane, sink, own, notices, Baseline.NONE)) {
      int fd = paths(lane).tryOpen(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
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
            ? paths(lane).tryOpen(LayerPath.parent(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
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
    try {
      tree.diff(lane, sink, notices);
    } finally {
      keeper.release(lane);
    }
  }

  @Override
  public ProcessEnd run(ProcessSpec process, ProcessIo io) {
    requireOpen();
    Lane lane = keeper.acquire();
    try {
      return new LinuxProcess(keeper, lane, tree, process, engine).run(io);
    } finally {
      keeper.release(lane);
    }
  }

  @Override
  public Path hostPath() {
    return Path.of("/proc/" + keeper.pid() + "/root")
        .resolve(tree.merged().toString().substring(1));
  }

  @Override
  public Path seal(Path target) {
    requireOpen();
    closed = true;
    Lane lane = keeper.acquire();
    try {
      return tree.seal(lane, target);
    } catch (IOException e) {
      throw new OperationException(
          "cannot keep the changes of the container in " + target + ": " + e, e);
    } finally {
      keeper.release(lane);
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
      Trampoline.here(Sys.CLOSE, tree.root());
      tree.abandon();
      return;
    }
    Lane lane = keeper.acquire();
    try {
      tree.unmount(lane);
    } finally {
      keeper.release(lane);
    }
  }
}
