package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.LayerPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
final class OverlayMount {
  private static final int MOST_LAYERS = 499;
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
  private final Set<ByteString> touched = ConcurrentHashMap.newKeySet();

  /** Mode and owner of a root directory. */
  private record RootAttributes(int mode, long uid, long gid) {
    static final RootAttributes DEFAULT = new RootAttributes(0755, 0, 0);
  }

  private OverlayMount(List<Path> layers, Path directory, int root, RootAttributes attributes) {
    this.layers = List.copyOf(layers);
    this.directory = directory;
    this.root = root;
    this.attributes = attributes;
  }

  static OverlayMount mount(Lane lane, List<Path> layers, Path directory, boolean rootless) {
    if (layers.size() > MOST_LAYERS) {
      throw new OperationException(
          "an overlay takes at most "
              + MOST_LAYERS
              + " layers, and this image has "
              + layers.size()
              + ": commit it squashed");
    }
    boolean fresh = Files.notExists(directory.resolve("changes/upper"));
    prepare(directory);
    RootAttributes attributes = RootAttributes.DEFAULT;
    for (int i = layers.size() - 1; i >= 0 && attributes.equals(RootAttributes.DEFAULT); i--) {
      attributes = attributesOf(lane, layers.get(i));
    }
    try (SyscallProgram program = new SyscallProgram(2 * layers.size() + 64, 16384)) {
      compose(program, layers, directory, rootless, fresh ? attributes : null);
      int stopped = lane.run(program, 0);
      if (stopped < program.size()) {
        throw explain(program.failure(stopped), directory);
      }
      return new OverlayMount(
          layers, directory, (int) program.result(program.size() - 1), attributes);
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

  private static RootAttributes attributesOf(Lane lane, Path layer) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      program.call(
          layer,
          Sys.STATX,
          AT_FDCWD,
          program.memory.string(HostPath.bytes(layer)),
          0,
          Stat.BASIC,
          stat);
      lane.run(program);
      return new RootAttributes(Stat.mode(stat) & 07777, Stat.uid(stat), Stat.gid(stat));
    }
  }

  private static void compose(
      SyscallProgram program,
      List<Path> layers,
      Path directory,
      boolean rootless,
      @Nullable RootAttributes initial) {
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
    if (initial != null) {
      // The merged root shows the upper directory's own attributes: they have to be the image's.
      long upper = memory.string("../changes/upper");
      program.call("upper", Sys.FCHOWNAT, AT_FDCWD, upper, initial.uid(), initial.gid(), 0);
      program.call("upper", Sys.FCHMODAT, AT_FDCWD, upper, initial.mode());
    }
    // A volatile mount that was not unmounted (its JVM was killed) leaves this mark; the page cache
    // outlived it.
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
    program.call(
        "overlay on " + directory, Sys.MOUNT, overlay, merged, overlay, 0, memory.string(options));
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

  /**
   * Whether a path is one that mounts need: it may be there although neither the image nor a
   * process made it.
   */
  boolean isSkeleton(ByteString path) {
    return SKELETON.contains(path.latin1());
  }

  /** A descriptor of the merged root, for paths only. */
  int root() {
    return root;
  }

  Path merged() {
    return directory.resolve("merged");
  }

  Path directory() {
    return directory;
  }

  List<Path> layers() {
    return layers;
  }

  /** The merged root, to be written into. */
  int openRoot(Task task) {
    return open(task, root, ".");
  }

  int openUpper(Task task) {
    return open(task, AT_FDCWD, directory.resolve("changes/upper").toString());
  }

  private static int open(Task task, int at, String name) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      ByteString bytes = at == AT_FDCWD ? HostPath.bytes(Path.of(name)) : ByteString.utf8(name);
      program.call(
          name, Sys.OPENAT, at, program.memory.string(bytes), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      task.run(program);
      return (int) program.result(0);
    }
  }

  /** Whether the root directory itself has another mode or owner than it had. */
  boolean rootChanged(Task task, int upper) {
    try (SyscallProgram program = new SyscallProgram(1, 1024)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      program.call(
          "/", Sys.STATX, upper, program.memory.string(""), Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      task.run(program);
      return !attributes.equals(
          new RootAttributes(Stat.mode(stat) & 07777, Stat.uid(stat), Stat.gid(stat)));
    }
  }

  /**
   * Notes a directory that a mount point was made in and taken away from: copied up, but unchanged.
   */
  void touched(ByteString path) {
    for (ByteString at = path; !at.isEmpty(); at = LayerPath.parent(at)) {
      touched.add(at);
    }
  }

  boolean isTouched(ByteString path) {
    return touched.contains(path);
  }

  void unmount(Lane lane) {
    try (SyscallProgram program = new SyscallProgram(4, 8192)) {
      program.call("merged", Sys.CLOSE, root);
      program.call(
          merged(), Sys.UMOUNT2, program.memory.string(HostPath.bytes(merged())), Linux.MNT_DETACH);
      lane.run(program);
    }
  }
}
