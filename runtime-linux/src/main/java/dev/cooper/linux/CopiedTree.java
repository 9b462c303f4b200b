package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a working container's layers, where no overlay can be mounted, with a snapshot of what
 * it was: what differs from that has changed.
 *
 * <pre>
 * changes/
 *   tree/        what processes see
 *   snapshot     there once the tree is whole; a seal replaces it
 *   restored     what has been put back since, and is as it was
 *   aside/       what lies in the way of something that a process needs, while it runs
 *   clock        tells the file system's time
 * </pre>
 *
 * <p>It differs from an overlay in what a file is that has several names: each name of a layer's
 * file is a file of its own here, so the whole tree shows them apart (up to what {@link CopyLinks}
 * says); and names that a process linked to each other stay linked once the step is sealed, so that
 * a change of one shows in the others. A file that was only opened for writing is unchanged here,
 * and so is what a directory holds that was moved away and back.
 */
final class CopiedTree implements RootTree {
  private final Keeper keeper;
  private final CopyPaths at;
  private final Path directory;
  private final int root;
  private final RootAttributes attributes;
  private final RestoredStamps restored;
  private final FileClock clock;
  private final @Nullable ChrootFiles chrootFiles;
  private final Consumer<String> notices;
  private Snapshot snapshot;

  private CopiedTree(
      Keeper keeper,
      CopyPaths at,
      int root,
      RootAttributes attributes,
      Snapshot snapshot,
      FileClock clock,
      Consumer<String> notices)
      throws IOException {
    this.keeper = keeper;
    this.at = at;
    this.directory = at.directory();
    this.root = root;
    this.attributes = attributes;
    this.snapshot = snapshot;
    this.clock = clock;
    this.notices = notices;
    this.restored = RestoredStamps.read(at.restored());
    this.chrootFiles = keeper.isPlain() ? new ChrootFiles(this, at.aside(), notices) : null;
  }

  /** Whether a container's directory holds one, whole or not. */
  static boolean isIn(Path directory) {
    return Files.exists(new CopyPaths(directory).tree());
  }

  /** Opens the one that is there, or copies the layers, the lowest first. */
  static CopiedTree open(
      Keeper keeper, Lane lane, List<Path> layers, Path directory, Consumer<String> notices) {
    CopyPaths at = new CopyPaths(directory);
    try {
      at.prepare();
      RootAttributes attributes = RootAttributes.ofLayers(lane, layers);
      FileClock clock = FileClock.in(lane, at.clock());
      if (Files.notExists(at.snapshot())) {
        copy(keeper, lane, layers, at, attributes, notices);
      }
      clock.tick(lane);
      Snapshot snapshot = snapshot(at, layers);
      int root = enter(keeper, lane, at);
      CopiedTree tree = new CopiedTree(keeper, at, root, attributes, snapshot, clock, notices);
      if (tree.chrootFiles != null) {
        tree.chrootFiles.recover(lane);
      }
      return tree;
    } catch (IOException e) {
      throw new OperationException(
          "cannot copy the layers of the working container in " + directory + ": " + e, e);
    }
  }

  private static void copy(
      Keeper keeper,
      Lane lane,
      List<Path> layers,
      CopyPaths at,
      RootAttributes attributes,
      Consumer<String> notices)
      throws IOException {
    at.removeTree(lane);
    Files.createDirectory(at.tree());
    int target = openRoot(lane, at.tree(), Linux.O_RDONLY);
    try {
      TreeCopier.copy(keeper, lane, layers, target, notices);
      attributes.give(lane, at.tree());
      SnapshotWriter.write(lane, target, names(layers), at.newSnapshot());
    } finally {
      TreeRemover.close(lane, target);
    }
    Files.move(at.newSnapshot(), at.snapshot(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** What a layer is called in the store, wherever that lies: its digest or its number. */
  private static List<String> names(List<Path> layers) {
    return layers.stream()
        .map(layer -> String.valueOf(layer.toAbsolutePath().getParent()))
        .map(parent -> parent.substring(parent.lastIndexOf('/') + 1))
        .toList();
  }

  private static Snapshot snapshot(CopyPaths at, List<Path> layers) throws IOException {
    Snapshot snapshot = sealed(at, Snapshot.open(at.snapshot()), layers);
    if (!snapshot.layers().equals(names(layers))) {
      snapshot.close();
      throw new OperationException(
          "the tree of the working container in "
              + at.directory()
              + " is a copy of the layers "
              + snapshot.layers()
              + ", and is to be opened with "
              + names(layers)
              + ": a JVM was killed while it was sealed: remove the container, and begin again");
    }
    return snapshot;
  }

  /** Finishes the seal that a JVM was killed over, if its layer is there, and one of these. */
  private static Snapshot sealed(CopyPaths at, Snapshot snapshot, List<Path> layers)
      throws IOException {
    if (snapshot.layers().equals(names(layers)) || Files.notExists(at.newSnapshot())) {
      return snapshot;
    }
    Snapshot next = Snapshot.open(at.newSnapshot());
    if (!next.layers().equals(names(layers))) {
      next.close();
      return snapshot;
    }
    snapshot.close();
    finish(at);
    return next;
  }

  private static void finish(CopyPaths at) throws IOException {
    Files.deleteIfExists(at.restored());
    Files.move(at.newSnapshot(), at.snapshot(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** With a mount namespace, the root of a container has to be a mount. */
  private static int enter(Keeper keeper, Lane lane, CopyPaths at) {
    if (!keeper.isPlain()) {
      try (SyscallProgram program = new SyscallProgram(2, 16384)) {
        long from = program.memory.string(HostPath.bytes(at.tree()));
        long to = program.memory.string(HostPath.bytes(at.merged()));
        program.call(at.merged(), Sys.MOUNT, from, to, 0, Linux.MS_BIND, 0);
        long wanted = program.memory.zeroed(32);
        Memory.IO.putLong(wanted, Linux.MOUNT_ATTR_NODEV); // as an overlay is mounted
        program.call(at.merged(), Sys.MOUNT_SETATTR, AT_FDCWD, to, 0, wanted, 32);
        lane.run(program);
      }
    }
    return openRoot(lane, keeper.isPlain() ? at.tree() : at.merged(), O_PATH);
  }

  private static int openRoot(Lane lane, Path path, int flags) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long name = program.memory.string(HostPath.bytes(path));
      program.call(path, Sys.OPENAT, AT_FDCWD, name, flags | O_DIRECTORY | O_CLOEXEC);
      lane.run(program);
      return (int) program.result(0);
    }
  }

  @Override
  public int root() {
    return root;
  }

  @Override
  public Path merged() {
    return keeper.isPlain() ? at.tree() : at.merged();
  }

  @Override
  public Path directory() {
    return directory;
  }

  /** What mounts need is made for a process, and taken away again. */
  @Override
  public boolean isMountPointOnly(Lane lane, ByteString path) {
    return false;
  }

  @Override
  public Runnable restoring(Lane lane, ByteString path) {
    Snapshot.Stamp before = stamp(lane, path);
    if (before == null || !isUnchanged(path, before)) {
      return () -> {};
    }
    return () -> restored.put(path, stamp(lane, path));
  }

  private synchronized boolean isUnchanged(ByteString path, Snapshot.Stamp now) {
    try {
      return now.equals(restored.all().get(path)) || now.equals(snapshot.find(path));
    } catch (IOException e) {
      throw new OperationException("cannot read what /" + path + " was", e);
    }
  }

  private Snapshot.@Nullable Stamp stamp(Lane lane, ByteString path) {
    int fd =
        path.isEmpty() ? -1 : new RootPaths(lane, root).tryOpen(path, O_PATH | Linux.O_NOFOLLOW);
    if (fd < 0) {
      return null;
    }
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call(path, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC | Stat.BIRTH, stat);
      lane.run(program);
      return Snapshot.Stamp.of(stat);
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  @Override
  public void settle(Lane lane) {
    if (restored.takeNew()) {
      clock.tick(lane);
    }
  }

  @Override
  public Prepared prepare(Lane lane, ProcessSpec process, long keeperPid) {
    settle(lane);
    return chrootFiles != null
        ? chrootFiles.prepare(lane, process)
        : PreparedMounts.of(lane, this, process, keeperPid, notices);
  }

  @Override
  public synchronized void diff(Lane lane, EntrySink sink, Consumer<String> notices)
      throws IOException {
    restored.save();
    try (TreeReader reader =
        new TreeReader(
            lane,
            sink,
            TreeFilter.ALL,
            notices,
            new SnapshotBaseline(
                snapshot, snapshot.root(), restored.all(), changedSeconds(lane)))) {
      int fd = new RootPaths(lane, root).openDirectory(ByteString.EMPTY);
      try {
        reader.readDirectory(fd, !attributes.isSame(RootAttributes.ofOpen(lane, fd)));
      } finally {
        TreeRemover.close(lane, fd);
      }
    }
  }

  private long changedSeconds(Lane lane) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call("/", Sys.STATX, root, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      return Stat.ctimeSeconds(stat);
    }
  }

  /** Writes the changes as a layer beside the tree, which stays: the next begins from it. */
  @Override
  public Path seal(Lane lane, Path target) throws IOException {
    try {
      writeLayer(lane, at.newSealed(lane));
      int fd = openRoot(lane, merged(), Linux.O_RDONLY);
      try {
        List<String> layers = new ArrayList<>(snapshot.layers());
        layers.add(String.valueOf(target.getFileName()));
        SnapshotWriter.write(lane, fd, layers, at.newSnapshot());
      } finally {
        TreeRemover.close(lane, fd);
      }
    } finally {
      unmount(lane);
    }
    Path sealed = Files.move(at.sealing(), target).resolve("upper");
    finish(at);
    return sealed;
  }

  private void writeLayer(Lane lane, Path upper) throws IOException {
    Consumer<String> unheard = notice -> {}; // each was told when the step's diff was read before
    Lane second = keeper.acquire();
    int fd;
    try {
      fd = openRoot(second, upper, Linux.O_RDONLY);
    } catch (RuntimeException e) {
      keeper.release(second);
      throw e;
    }
    try (TreeWriter out = TreeWriter.of(keeper, second, fd, TreeWriter.Kind.MARKED, unheard)) {
      diff(lane, out, unheard);
      out.finish();
    }
    rootNow(lane).give(lane, upper); // as an overlay's upper directory has it, changed or not
  }

  private RootAttributes rootNow(Lane lane) throws IOException {
    int fd = new RootPaths(lane, root).openDirectory(ByteString.EMPTY);
    try {
      return RootAttributes.ofOpen(lane, fd);
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  @Override
  public void abandon() {
    try {
      restored.save();
      snapshot.close();
    } catch (IOException e) {
      throw new OperationException("cannot keep what is known of the tree in " + directory, e);
    }
  }

  @Override
  public void unmount(Lane lane) {
    try {
      abandon();
    } finally {
      try (SyscallProgram program = new SyscallProgram(2, 8192)) {
        program.call("merged", Sys.CLOSE, root);
        if (!keeper.isPlain()) {
          long path = program.memory.string(HostPath.bytes(merged()));
          program.call(merged(), Sys.UMOUNT2, path, Linux.MNT_DETACH);
        }
        lane.run(program);
      }
    }
  }
}
