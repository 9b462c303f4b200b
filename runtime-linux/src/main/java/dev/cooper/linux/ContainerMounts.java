package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.AT_RECURSIVE;
import static dev.cooper.linux.Linux.MOUNT_ATTR_NODEV;
import static dev.cooper.linux.Linux.MOUNT_ATTR_NOEXEC;
import static dev.cooper.linux.Linux.MOUNT_ATTR_NOSUID;
import static dev.cooper.linux.Linux.MOUNT_ATTR_RDONLY;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_CREAT;
import static dev.cooper.linux.Linux.O_PATH;
import static dev.cooper.linux.Linux.O_WRONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.ProcessMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Composes the mounts of a container: /proc, /sys, /dev and what it holds, the files of /etc, and
 * the user's own.
 *
 * <p>A mount is made as a descriptor and moved to a descriptor of its target, opened inside the
 * root, so that no link of the image's can lead it elsewhere; /proc, /sys and /dev may not be links
 * at all.
 */
final class ContainerMounts {
  private static final List<String> DEVICES =
      List.of("null", "zero", "full", "random", "urandom", "tty");
  private static final List<String> DIRECTORIES = List.of("pts", "shm", "mqueue");
  private static final long PRIVATE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

  private final SyscallProgram program;
  private final KernelFiles kernel;
  private final Memory memory;
  private final long root;
  private final long empty;
  private final long inRoot;
  private final long direct;
  private long device;

  ContainerMounts(SyscallProgram program, long rootSlot, KernelFiles kernel) {
    this.program = program;
    this.kernel = kernel;
    this.memory = program.memory;
    this.root = rootSlot;
    this.empty = memory.string("");
    this.inRoot =
        TreePaths.how(
            memory, O_PATH | O_CLOEXEC, Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS);
    this.direct =
        TreePaths.how(
            memory,
            O_PATH | Linux.O_DIRECTORY | O_CLOEXEC,
            Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS);
  }

  /** The devices and directories in the /dev of every container. */
  static Set<String> namesInDev() {
    return Stream.concat(DEVICES.stream(), DIRECTORIES.stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** What a name is in the /dev of every container. */
  static ProtectedPaths.Kind inDev(String name) {
    return DIRECTORIES.contains(name)
        ? ProtectedPaths.Kind.DIRECTORY
        : DEVICES.contains(name) ? ProtectedPaths.Kind.OTHER : ProtectedPaths.Kind.ABSENT;
  }

  private long slot() {
    return memory.zeroed(8);
  }

  /** A new file system of a kind, as a mount of its own, in a slot. */
  long filesystem(String kind, long attributes, String... options) {
    return NewFileSystem.add(program, kind, attributes, options).mount();
  }

  /** A copy of an existing mount or a part of one, or of what is open itself, in a slot. */
  long copy(long at, ByteString path, boolean recursive) {
    long mount = slot();
    int row =
        program.call(
            path,
            Sys.OPEN_TREE,
            0,
            memory.string(path),
            Linux.OPEN_TREE_CLONE
                | O_CLOEXEC
                | (recursive ? AT_RECURSIVE : 0)
                | (path.isEmpty() ? Linux.AT_EMPTY_PATH : 0));
    program.from(row, 0, at).into(row, mount);
    return mount;
  }

  private long here() {
    long at = slot();
    Memory.IO.putLong(at, AT_FDCWD);
    return at;
  }

  void restrict(long mount, long attributes, boolean recursive) {
    long wanted = memory.zeroed(32);
    Memory.IO.putLong(wanted, attributes);
    int row =
        program.call(
            "mount attributes",
            Sys.MOUNT_SETATTR,
            0,
            empty,
            Linux.AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
            wanted,
            32);
    program.from(row, 0, mount);
  }

  /** Moves a mount onto what a slot holds open, or onto a name in it. */
  private void attach(long mount, long target, String name) {
    int flags =
        Linux.MOVE_MOUNT_F_EMPTY_PATH | (name.isEmpty() ? Linux.MOVE_MOUNT_T_EMPTY_PATH : 0);
    int row = program.call(name, Sys.MOVE_MOUNT, 0, empty, 0, memory.string(name), flags);
    program.from(row, 0, mount).from(row, 2, target);
  }

  /** Moves a mount onto a target in the image, its links followed inside the root. */
  private void attach(long mount, String path) {
    attach(mount, path, ByteString.utf8(path.substring(1)));
  }

  private void attach(long mount, String path, ByteString below) {
    long target = open(path, below, inRoot);
    int flags = Linux.MOVE_MOUNT_F_EMPTY_PATH | Linux.MOVE_MOUNT_T_EMPTY_PATH;
    int row = program.call(path + " in the container", Sys.MOVE_MOUNT, 0, empty, 0, empty, flags);
    program.from(row, 0, mount).from(row, 2, target);
  }

  private long open(String name, long how) {
    return open("/" + name, ByteString.utf8(name), how);
  }

  private long open(String path, ByteString below, long how) {
    long target = slot();
    int row =
        program.call(path + " in the container", Sys.OPENAT2, 0, memory.string(below), how, 24);
    program.from(row, 0, root).into(row, target);
    return target;
  }

  void system(boolean hostNetwork, boolean ttyGroup, List<MountPlan.Place> inDev) {
    long proc = filesystem("proc", PRIVATE);
    attach(proc, open("proc", direct), "");
    long sys = hostNetwork ? hostSys() : filesystem("sysfs", PRIVATE | MOUNT_ATTR_RDONLY);
    attach(sys, open("sys", direct), "");
    long dev = filesystem("tmpfs", PRIVATE, "mode=755", "size=65536k");
    device = dev;
    attach(dev, open("dev", direct), "");
    devices(dev, ttyGroup);
    make(dev, inDev);
    protect(proc, dev);
    boolean isNew = !hostNetwork || kernel.newSys();
    for (String name : isNew ? kernel.maskedNewSys() : kernel.maskedHostSys()) {
      mask(sys, name, true, dev);
    }
  }

  /**
   * A new sysfs shows the network of its mounter's own namespace, and nothing of what is mounted in
   * the host's. An ordinary user can make none for the host's network: only the host's, whole and
   * read-only, fits there.
   */
  private long hostSys() {
    if (kernel.newSys()) {
      return filesystem("sysfs", PRIVATE | MOUNT_ATTR_RDONLY);
    }
    long sys = copy(here(), ByteString.utf8("/sys"), true);
    restrict(sys, PRIVATE | MOUNT_ATTR_RDONLY, true);
    return sys;
  }

  private void devices(long dev, boolean ttyGroup) {
    nodes(dev);
    List<String> options = new ArrayList<>(List.of("newinstance", "ptmxmode=0666", "mode=0620"));
    if (ttyGroup) {
      options.add("gid=5");
    }
    attach(
        filesystem("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, options.toArray(new String[0])),
        dev,
        "pts");
    attach(filesystem("tmpfs", PRIVATE, "mode=1777", "size=65536k"), dev, "shm");
    attach(filesystem("mqueue", PRIVATE), dev, "mqueue");
  }

  /** What /dev holds by itself, and where the rest goes. */
  private void nodes(long dev) {
    for (String name : DEVICES) {
      bindDevice(dev, name);
    }
    for (String directory : DIRECTORIES) {
      int row = program.call("dev/" + directory, Sys.MKDIRAT, 0, memory.string(directory), 0755);
      program.from(row, 0, dev);
    }
    link(dev, "/proc/self/fd", "fd");
    link(dev, "/proc/self/fd/0", "stdin");
    link(dev, "/proc/self/fd/1", "stdout");
    link(dev, "/proc/self/fd/2", "stderr");
    link(dev, "pts/ptmx", "ptmx");
  }

  private void bindDevice(long dev, String name) {
    int file =
        program.call(
            "dev/" + name,
            Sys.OPENAT,
            0,
            memory.string(name),
            O_CREAT | O_WRONLY | O_CLOEXEC,
            0666);
    program.from(file, 0, dev);
    int close = program.call("dev/" + name, Sys.CLOSE, 0);
    program.resultOf(close, 0, file);
    attach(copy(here(), ByteString.utf8("/dev/" + name), false), dev, name);
  }

  private void link(long dev, String target, String name) {
    int row =
        program.call("dev/" + name, Sys.SYMLINKAT, memory.string(target), 0, memory.string(name));
    program.from(row, 1, dev);
  }

  private void protect(long proc, long dev) {
    kernel
        .masked()
        .forEach((name, kind) -> mask(proc, name, kind == ProtectedPaths.Kind.DIRECTORY, dev));
    for (String name : kernel.readOnly()) {
      long copy = copy(proc, ByteString.utf8(name), true);
      restrict(copy, PRIVATE | MOUNT_ATTR_RDONLY, true);
      attach(copy, proc, name);
    }
  }

  private void mask(long at, String name, boolean directory, long dev) {
    attach(cover(directory, dev), at, name);
  }

  private long cover(boolean directory, long dev) {
    return directory
        ? filesystem("tmpfs", PRIVATE | MOUNT_ATTR_RDONLY, "size=4k")
        : copy(dev, ByteString.utf8("null"), false);
  }

  /**
   * Makes the root one whose nodes of devices cannot be opened, whoever made them: with CAP_MKNOD
   * the host's disk would be one mknod away.
   */
  void root(boolean readOnly) {
    restrict(root, MOUNT_ATTR_NODEV | (readOnly ? MOUNT_ATTR_RDONLY : 0), false);
  }

  /** Hides and protects what else is asked for, above all other mounts. */
  void protect(ProtectedPaths paths) {
    for (MountStubs.Target hidden : paths.masked()) {
      attach(cover(hidden.directory(), device), hidden.path());
    }
    for (String path : paths.readOnly()) {
      long place = open(path.substring(1), inRoot);
      long mount = slot();
      int flags = Linux.OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE | Linux.AT_EMPTY_PATH;
      int row = program.call(path, Sys.OPEN_TREE, 0, empty, flags);
      program.from(row, 0, place).into(row, mount);
      restrict(mount, MOUNT_ATTR_RDONLY, true);
      attach(mount, place, "");
    }
  }

  /**
   * Mounts all that a plan says, each where its target now leads.
   *
   * @param files its files, in slots
   */
  void attach(MountPlan plan, List<Long> files, long keeper) {
    int file = 0;
    for (MountPlan.Step step : plan.steps()) {
      if (step.mount() instanceof ProcessMount.Bind bind) {
        attach(
            bound(BindSource.of(bind.source(), keeper), bind.readOnly()),
            step.path(),
            step.target());
      } else if (step.mount() instanceof ProcessMount.Tmpfs tmpfs) {
        long mount = tmpfs(tmpfs.size(), tmpfs.mode());
        attach(mount, step.path(), step.target());
        make(mount, step.places());
      } else {
        attach(files.get(file++), step.path(), step.target());
      }
    }
  }

  /** Makes places in a file system that is new and holds nothing else. */
  private void make(long mount, List<MountPlan.Place> places) {
    for (MountPlan.Place place : places) {
      long path = memory.string(place.path());
      int row =
          place.directory()
              ? program.call(place.path(), Sys.MKDIRAT, 0, path, 0755)
              : program.call(place.path(), Sys.MKNODAT, 0, path, Linux.S_IFREG | 0644, 0);
      program.from(row, 0, mount);
    }
  }

  private long bound(BindSource source, boolean readOnly) {
    long mount = source(source);
    restrict(
        mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (readOnly ? MOUNT_ATTR_RDONLY : 0), true);
    return mount;
  }

  /** Inside another container's root, nothing of that leads out of it (CVE-2024-1753). */
  private long source(BindSource source) {
    if (source.root() == null) {
      return copy(here(), source.path(), true);
    }
    long base = slot();
    int root =
        program.call(
            source.root(),
            Sys.OPENAT,
            AT_FDCWD,
            memory.string(source.root()),
            O_PATH | Linux.O_DIRECTORY | O_CLOEXEC);
    program.into(root, base);
    long place = slot();
    int row = program.call(source.path(), Sys.OPENAT2, 0, memory.string(source.path()), inRoot, 24);
    program.from(row, 0, base).into(row, place);
    return copy(place, ByteString.EMPTY, true);
  }

  private long tmpfs(long size, int mode) {
    String octal = "mode=" + Integer.toOctalString(mode);
    return size > 0
        ? filesystem("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, octal, "size=" + size)
        : filesystem("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, octal);
  }

  // --- on places of ours outside the root, for an engine to take up

  /** The processes of the caller's own namespace. */
  void procHere() {
    attach(filesystem("proc", PRIVATE), place(Path.of("/proc")), "");
  }

  /** Control groups that cannot be changed, where there are any. */
  void readOnlyGroups() {
    long wanted = memory.zeroed(32);
    Memory.IO.putLong(wanted, MOUNT_ATTR_RDONLY);
    long path = memory.string("/sys/fs/cgroup");
    program.tolerate("groups", Sys.MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, wanted, 32);
  }

  void devAt(Path at, List<MountPlan.Place> inDev) {
    long dev = filesystem("tmpfs", PRIVATE, "mode=755", "size=65536k");
    attach(dev, place(at), "");
    nodes(dev);
    // Not by the engine: runc 1.1 gives it the mode of the directory below, whatever it is told.
    attach(filesystem("tmpfs", PRIVATE, "mode=1777", "size=65536k"), dev, "shm");
    make(dev, inDev);
  }

  void hostSysAt(Path at) {
    attach(hostSys(), place(at), "");
  }

  void bindAt(BindSource source, Path at, boolean readOnly) {
    attach(bound(source, readOnly), place(at), "");
  }

  void tmpfsAt(Path at, ProcessMount.Tmpfs tmpfs, List<MountPlan.Place> places) {
    long mount = tmpfs(tmpfs.size(), tmpfs.mode());
    attach(mount, place(at), "");
    make(mount, places);
  }

  private long place(Path at) {
    long place = slot();
    int row =
        program.call(
            at, Sys.OPENAT, AT_FDCWD, memory.string(HostPath.bytes(at)), O_PATH | O_CLOEXEC);
    program.into(row, place);
    return place;
  }

  /**
   * Files whose content never touches a disk, in one file system that lies, in this namespace only,
   * over a directory of ours; a slot for each, to be attached.
   */
  List<Long> memoryFiles(List<ProcessMount.Memory> files, Path over) {
    long mount = filesystem("tmpfs", PRIVATE, "mode=700");
    long place = slot();
    int row =
        program.call(
            over,
            Sys.OPENAT,
            AT_FDCWD,
            memory.string(HostPath.bytes(over)),
            O_PATH | Linux.O_DIRECTORY | O_CLOEXEC);
    program.into(row, place);
    attach(mount, place, "");
    List<Long> slots = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      memoryFile(mount, Integer.toString(i), files.get(i));
      slots.add(copy(mount, ByteString.utf8(Integer.toString(i)), false));
    }
    return slots;
  }

  private void memoryFile(long mount, String name, ProcessMount.Memory file) {
    int open =
        program.call(
            file.target(),
            Sys.OPENAT,
            0,
            memory.string(name),
            O_CREAT | O_WRONLY | O_CLOEXEC,
            0600);
    program.from(open, 0, mount);
    int write =
        program.call(
            file.target(),
            Sys.WRITE,
            0,
            memory.bytes(file.content().toBytes()),
            file.content().length());
    int owner = program.call(file.target(), Sys.FCHOWN, 0, file.uid(), file.gid());
    int mode = program.call(file.target(), Sys.FCHMOD, 0, file.mode());
    int close = program.call(file.target(), Sys.CLOSE, 0);
    program
        .resultOf(write, 0, open)
        .resultOf(owner, 0, open)
        .resultOf(mode, 0, open)
        .resultOf(close, 0, open);
  }
}
