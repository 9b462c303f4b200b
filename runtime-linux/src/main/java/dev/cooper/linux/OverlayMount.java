package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An overlay mount of a working container: its layers, a skeleton of mount points below them, and
 * its changes above.
 *
 * <p>Lower directories are named by short links in a directory of the mount's own, so that as many
 * as the kernel takes (500) fit into one page of options. The skeleton is the lowest: it gives an
 * image without /proc or /etc/hosts somewhere to mount them, and never shows in a diff. Redirects,
 * metacopy and index are off, so the upper directory is the diff; the mount is volatile, because a
 * build's root is nothing to sync.
 */
final class OverlayMount implements RootTree {
  static final int MOST_LAYERS = 499;
  private static final List<String> SKELETON_DIRECTORIES = List.of("dev", "etc", "proc", "sys");
  private static final List<String> SKELETON_FILES =
      List.of("etc/hostname", "etc/hosts", "etc/resolv.conf");

  private static final Set<String> SKELETON =
      Stream.concat(SKELETON_DIRECTORIES.stream(), SKELETON_FILES.stream())
          .collect(Collectors.toUnmodifiableSet());

  private final List<Path> layers;
  private final Path directory;
  private final int root;
  private final RootAttributes attributes;
  private final Consumer<String> notices;
  private final Set<ByteString> touched = ConcurrentHashMap.newKeySet();

  private OverlayMount(
      List<Path> layers,
      Path directory,
      int root,
      RootAttributes attributes,
      Consumer<String> notices) {
    this.layers = List.copyOf(layers);
    this.directory = directory;
    this.root = root;
    this.attributes = attributes;
    this.notices = notices;
  }

  static OverlayMount mount(
      Lane lane, List<Path> all, Path directory, boolean rootless, Consumer<String> notices) {
    List<Path> layers = Whiteouts.shown(lane, all, rootless);
    boolean fresh = Files.notExists(directory.resolve("changes/upper"));
    prepare(directory);
    RootAttributes attributes = RootAttributes.ofLayers(lane, layers);
    if (fresh) {
      // The merged root shows the upper directory's own attributes: they have to be the image's.
      attributes.give(lane, directory.resolve("changes/upper"));
    }
    try (SyscallProgram program = new SyscallProgram(2 * layers.size() + 64, 16384)) {
      compose(program, layers, directory, rootless);
      int stopped = lane.run(program, 0);
      if (stopped < program.size()) {
        throw explain(program.failure(stopped), directory);
      }
      return new OverlayMount(
          layers, directory, (int) program.result(program.size() - 1), attributes, notices);
    }
  }

  private static void prepare(Path directory) {
    try {
      for (String name :
          List.of("changes", "changes/upper", "changes/work", "merged", "lower", "skeleton")) {
        if (!Files.isDirectory(directory.resolve(name))) {
          Files.createDirectory(directory.resolve(name));
        }
      }
      for (String name : SKELETON_DIRECTORIES) {
        Files.createDirectories(directory.resolve("skeleton").resolve(name));
      }
      for (String name : SKELETON_FILES) {
        Path file = directory.resolve("skeleton").resolve(name);
        if (Files.notExists(file)) {
          Files.createFile(file);
        }
      }
    } catch (IOException e) {
      throw new OperationException(
          "cannot prepare the working container's directory " + directory + ": " + e.getMessage(),
          e);
    }
  }

  private static void compose(
      SyscallProgram program, List<Path> layers, Path directory, boolean rootless) {
    Memory memory = program.memory;
    program.call(directory, Sys.CHDIR, memory.string(HostPath.bytes(directory.resolve("lower"))));
    StringBuilder lower = new StringBuilder();
    for (int i = layers.size() - 1; i >= 0; i--) {
      link(program, HostPath.bytes(layers.get(i)), Integer.toString(i));
      lower.append(i).append(':');
    }
    for (String name : SKELETON_DIRECTORIES) {
      program.call(name, Sys.FCHMODAT, AT_FDCWD, memory.string("../skeleton/" + name), 0755);
    }
    for (String name : SKELETON_FILES) {
      program.call(name, Sys.FCHMODAT, AT_FDCWD, memory.string("../skeleton/" + name), 0644);
    }
    // A volatile mount that was not unmounted (its JVM was killed) leaves this mark; the page cache
    // outlived it. Whoever asks for the mount knows that the machine did not crash since: a
    // container's record tells its boot.
    String mark = "../changes/work/work/incompat";
    program.tolerate("work", Sys.UNLINKAT, AT_FDCWD, memory.string(mark + "/volatile/dirty"), 0);
    for (String part : List.of(mark + "/volatile", mark)) {
      program.tolerate("work", Sys.UNLINKAT, AT_FDCWD, memory.string(part), Linux.AT_REMOVEDIR);
    }
    String options =
        "lowerdir="
            + lower
            + "../skeleton,upperdir=../changes/upper,workdir=../changes/work,volatile"
            + (rootless ? ",userxattr" : ",redirect_dir=off,metacopy=off,index=off");
    long merged = memory.string("../merged");
    long overlay = memory.string("overlay");
    // What a process makes of a file while we open it must not be the host's disk.
    program.call(
        "overlay on " + directory,
        Sys.MOUNT,
        overlay,
        merged,
        overlay,
        Linux.MS_NODEV,
        memory.string(options));
    program.call("merged", Sys.OPENAT, AT_FDCWD, merged, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }

  private static void link(SyscallProgram program, ByteString target, String name) {
    long at = program.memory.string(name);
    program.tolerate(name, Sys.UNLINKAT, AT_FDCWD, at, 0);
    program.call(name, Sys.SYMLINKAT, program.memory.string(target), AT_FDCWD, at);
  }

  private static SystemCallException explain(SystemCallException failure, Path directory) {
    if (!failure.getMessage().startsWith("mount ")) {
      return failure;
    }
    String remedy =
        failure.errno() == Linux.EINVAL
            ? "its file system cannot hold an overlay's changes (overlayfs, NFS and eCryptfs cannot): put the store on ext4, xfs, btrfs or tmpfs"
            : "the kernel has to allow overlay mounts here (5.11 or newer for an ordinary user)";
    return failure.during(
        "cannot mount the root filesystem of the working container in " + directory, remedy);
  }

  @Override
  public int root() {
    return root;
  }

  @Override
  public Path merged() {
    return directory.resolve("merged");
  }

  @Override
  public Path directory() {
    return directory;
  }

  private Path upper() {
    return directory.resolve("changes/upper");
  }

  /** The skeleton shows where neither the image nor a process made something. */
  @Override
  public boolean isMountPointOnly(Lane lane, ByteString path) {
    if (!SKELETON.contains(path.latin1())) {
      return false;
    }
    List<Path> all = new ArrayList<>(layers);
    all.add(upper());
    try (LowerPaths paths = new LowerPaths(lane, all)) {
      return !paths.holds(path);
    }
  }

  /** It has been copied up, but shows what it showed. */
  @Override
  public Runnable restoring(Lane lane, ByteString path) {
    return () -> {
      for (ByteString at = path; !at.isEmpty(); at = LayerPath.parent(at)) {
        touched.add(at);
      }
    };
  }

  @Override
  public Prepared prepare(Lane lane, ProcessSpec process, long keeper) {
    return PreparedMounts.of(lane, this, process, keeper, notices);
  }

  @Override
  public void diff(Lane lane, EntrySink sink, Consumer<String> notices) throws IOException {
    RootPaths merged = new RootPaths(lane, root);
    try (LowerPaths lower = new LowerPaths(lane, layers);
        TreeReader reader =
            new TreeReader(
                lane,
                sink,
                TreeFilter.ALL,
                notices,
                new OverlayBaseline(lower, touched::contains, merged::entry))) {
      int upper = openUpper(lane);
      try {
        boolean rootChanged = !attributes.isSame(RootAttributes.ofOpen(lane, upper));
        reader.readDirectory(upper, rootChanged);
      } finally {
        TreeRemover.close(lane, upper);
      }
    }
  }

  private int openUpper(Task task) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long path = program.memory.string(HostPath.bytes(upper()));
      program.call(upper(), Sys.OPENAT, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      task.run(program);
      return (int) program.result(0);
    }
  }

  @Override
  public Path seal(Lane lane, Path target) throws IOException {
    unmount(lane);
    return Files.move(directory.resolve("changes"), target).resolve("upper");
  }

  @Override
  public void unmount(Lane lane) {
    try (SyscallProgram program = new SyscallProgram(4, 8192)) {
      program.call("merged", Sys.CLOSE, root);
      program.call(
          merged(), Sys.UMOUNT2, program.memory.string(HostPath.bytes(merged())), Linux.MNT_DETACH);
      lane.run(program);
    }
  }
}
