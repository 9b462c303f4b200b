package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;

import dev.cooper.command.Isolation;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.SizeSink;
import dev.cooper.spi.TreeFilter;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The runtime: a keeper, started when something first needs it and again if it was killed; none
 * where nothing is to run. Thread-safe.
 */
final class LinuxRuntime implements ContainerRuntime {
  private final Isolation isolation;
  private final String asked;
  private final boolean singleId;
  private final Overlays overlays;
  private @Nullable Keeper keeper;
  private boolean closed;

  LinuxRuntime(RuntimeOptions options) {
    this(options, new OverlayProbe());
  }

  /** One that is told where overlays can be mounted. */
  LinuxRuntime(RuntimeOptions options, Overlays overlays) {
    this.isolation = options.isolation();
    this.asked = options.engine();
    this.singleId = options.singleId();
    this.overlays = overlays;
  }

  /** Loads the machine code and what calls it, a good part of a short JVM's time. */
  @Override
  public void prepare() {
    NativeLibrary.load();
    Trampoline.here(Sys.GETEUID);
  }

  /** The keeper, alive. */
  synchronized Keeper keeper() {
    if (closed) {
      throw new OperationException("this Cooper was closed: build another with Cooper.builder()");
    }
    if (isolation == Isolation.NONE) {
      throw new OperationException(
          "the isolation that was asked for is none, and no command runs and nothing is mounted or unpacked with it: "
              + "ask for namespaces, or for chroot in a container that has none (Cooper.builder().isolation, COOPER_ISOLATION)");
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

  private Keeper start() {
    NativeLibrary.load();
    boolean root = Trampoline.here(Sys.GETEUID) == 0;
    if (isolation == Isolation.CHROOT) {
      return Keeper.plain(singleId ? IdMap.singleId() : IdMap.none());
    }
    if (singleId) {
      return Keeper.start(!root, IdMap.singleId());
    }
    return Keeper.start(!root, root ? IdMap.none() : IdMap.ofThisUser());
  }

  @Override
  public void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
      throws IOException {
    NativeLibrary.load();
    HostPath source = HostPath.of(path);
    Task task = new HostReading(path);
    try (TreeReader reader = new TreeReader(task, sink, filter, notices, Baseline.NONE)) {
      source.read(reader);
    }
  }

  @Override
  public TreeOutput unpack(Path directory, Consumer<String> notices) {
    Keeper current = keeper();
    Lane lane = current.acquire();
    int fd = -1;
    try {
      boolean mounted = !current.isPlain() && overlays.refusal(current, lane, directory) == null;
      TreeWriter.Kind kind = mounted ? TreeWriter.Kind.LAYER : TreeWriter.Kind.MARKED;
      // Made private for the host's sake; as a root it is everyone's to search. The store above it
      // stays closed.
      fd = PlainDirectory.open(lane, directory);
      return TreeWriter.of(current, lane, fd, kind, notices);
    } catch (RuntimeException e) {
      if (fd >= 0) {
        TreeRemover.close(lane, fd);
      }
      current.release(lane);
      throw e;
    }
  }

  @Override
  public void makePlain(Path directory) {
    Keeper current = keeper();
    Lane lane = current.acquire();
    try {
      TreeRemover.close(lane, PlainDirectory.open(lane, directory));
    } finally {
      current.release(lane);
    }
  }

  @Override
  public Rootfs mount(List<Path> layers, Path directory, Consumer<String> notices) {
    @Nullable Engine engine = isolation == Isolation.OCI ? Engine.find(asked) : null;
    Keeper current = keeper();
    if (Files.notExists(directory.resolve("changes"))) {
      PlainDirectory.prepare(directory); // before anything is made in it
    }
    Lane lane = current.acquire();
    try {
      RootTree tree = tree(current, lane, layers, directory, notices);
      return new LinuxRootfs(current, tree, notices, engine);
    } finally {
      current.release(lane);
    }
  }

  /** An overlay where one can be mounted, unless the container was begun as a copy. */
  private RootTree tree(
      Keeper current, Lane lane, List<Path> layers, Path directory, Consumer<String> notices) {
    if (current.isPlain() || CopiedTree.isIn(directory)) {
      return CopiedTree.open(current, lane, layers, directory, notices);
    }
    @Nullable String refusal = refusal(current, lane, layers, directory);
    if (refusal == null) {
      return OverlayMount.mount(lane, layers, directory, current.rootless(), notices);
    }
    notices.accept(
        "the layers are copied for this container, as no overlay can be mounted: " + refusal);
    return CopiedTree.open(current, lane, layers, directory, notices);
  }

  private @Nullable String refusal(Keeper current, Lane lane, List<Path> layers, Path directory) {
    if (layers.size() > OverlayMount.MOST_LAYERS) {
      return "it takes at most "
          + OverlayMount.MOST_LAYERS
          + " layers, and here are "
          + layers.size();
    }
    if (FileMarks.areIn(lane, layers)) {
      return "a layer was unpacked where there are none";
    }
    return overlays.refusal(current, lane, directory);
  }

  @Override
  public void delete(Path directory) {
    Path parent = directory.toAbsolutePath().getParent();
    Path name = directory.getFileName();
    if (parent == null || name == null) {
      throw new IllegalArgumentException("the root of the file system is not to be deleted");
    }
    if (isolation == Isolation.NONE) {
      delete(Task.HERE, parent, directory);
      return;
    }
    Keeper current = keeper();
    Lane lane = current.acquire();
    try {
      delete(lane, parent, directory);
    } finally {
      current.release(lane);
    }
  }

  private static void delete(Task task, Path parent, Path directory) {
    try (SyscallProgram program = new SyscallProgram(2, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      program.call(
          parent, Sys.OPENAT, AT_FDCWD, program.memory.string(HostPath.bytes(parent)), flags);
      task.run(program);
      int fd = (int) program.result(0);
      try {
        TreeRemover.remove(task, fd, LayerPath.name(HostPath.bytes(directory.toAbsolutePath())));
      } finally {
        TreeRemover.close(task, fd);
      }
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
