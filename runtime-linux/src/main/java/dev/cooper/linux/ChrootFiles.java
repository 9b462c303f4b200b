package dev.cooper.linux;

import dev.cooper.command.Network;
import dev.cooper.command.Seccomp;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.ProcessSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What commands find beside the image's files where nothing can be mounted: /dev with a few
 * devices, an empty /proc and /sys, the host's name and network in /etc, and secrets as files.
 *
 * <p>They are there while a command runs, for all that run at a time, and are gone when the last of
 * them has ended, with all that was put into them: no diff ever shows them. Thread-safe.
 */
final class ChrootFiles {
  private static final Map<String, Long> DEVICES =
      new TreeMap<>(
          Map.of(
              "null", 0x103L, "zero", 0x105L, "full", 0x107L, "random", 0x108L, "urandom", 0x109L,
              "tty", 0x500L));

  private final RootTree tree;
  private final Path aside;
  private final Consumer<String> notices;
  private int processes;
  private @Nullable MountStubs stubs;
  private @Nullable PlacedFiles shared;
  private @Nullable OutputFifos fifos;
  private boolean toldOfDevices;

  ChrootFiles(RootTree tree, Path aside, Consumer<String> notices) {
    this.tree = tree;
    this.aside = aside;
    this.notices = notices;
  }

  void recover(Lane lane) throws IOException {
    new PlacedFiles(tree, aside).recover(lane);
  }

  /** Puts there what a process needs. */
  RootTree.Prepared prepare(Lane lane, ProcessSpec process) {
    require(process);
    Own own = new Own(lane, enter(lane, process));
    try {
      own.place(process);
      return own;
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  private static void require(ProcessSpec process) {
    requireNoMounts(process.security());
    if (!process.resources().isUnlimited()) {
      throw new OperationException(
          "what a command uses cannot be limited with isolation chroot: leave the limits out, or ask for isolation namespaces");
    }
    if (!process.hostNetwork()) {
      throw new OperationException(
          "a command cannot have a network of its own with isolation chroot: let it have the host's, or ask for isolation namespaces");
    }
    if (!process.network().equals(Network.HOST)) {
      throw new OperationException(
          "a command cannot have names and name servers of its own with isolation chroot, where all that run share /etc: leave them out, or ask for isolation namespaces");
    }
    for (ProcessMount mount : process.mounts()) {
      if (mount instanceof ProcessMount.Bind) {
        throw new OperationException(
            "nothing can be mounted on "
                + mount.target()
                + " with isolation chroot: copy it into the container, or ask for isolation namespaces, which has bind and cache mounts");
      }
      if (mount instanceof ProcessMount.Tmpfs tmpfs && tmpfs.size() > 0) {
        throw new OperationException(
            "the tmpfs on "
                + mount.target()
                + " cannot have a size with isolation chroot, where it is a directory of the disk: leave it out, or ask for isolation namespaces");
      }
    }
  }

  private static void requireNoMounts(ProcessSecurity security) {
    if (security.readOnlyRoot() || !security.masked().isEmpty() || !security.readOnly().isEmpty()) {
      throw new OperationException(
          "a read-only root and masked or read-only paths need mounts, which isolation chroot has not: leave them out, or ask for isolation namespaces");
    }
    if (security.seccomp() instanceof Seccomp.Profile && !security.noNewPrivileges()) {
      throw new OperationException(
          "with isolation chroot a seccomp profile of your own needs noNewPrivileges: ask for both, or for isolation namespaces");
    }
  }

  /** Returns the outputs that have names: the first of several that run at a time has them. */
  private synchronized @Nullable OutputFifos enter(Lane lane, ProcessSpec process) {
    if (processes++ > 0) {
      return null;
    }
    try {
      MountStubs parents = new MountStubs(lane, tree);
      stubs = parents;
      parents.ensure(List.of(new MountStubs.Target("etc", true)));
      PlacedFiles placed = new PlacedFiles(tree, aside);
      shared = placed;
      for (ProcessMount.Memory file : EtcFiles.of(process.hostname(), process.network())) {
        placed.watchedFile(lane, place(lane, file.target()), file);
      }
      placed.directory(lane, ByteString.utf8("proc"), 0555);
      placed.directory(lane, ByteString.utf8("sys"), 0555);
      placed.place(lane, ByteString.utf8("dev"), this::devices);
      OutputFifos made = fifos;
      fifos = null;
      return made;
    } catch (RuntimeException e) {
      leave(lane);
      throw e;
    }
  }

  /** Its directory's links are followed inside the root, but not what it is itself. */
  private ByteString place(Lane lane, String target) {
    ByteString path = ByteString.utf8(target.substring(1));
    ByteString parent =
        new RootPaths(lane, tree.root()).canonical(LayerPath.parent(path).toString());
    return LayerPath.join(parent, LayerPath.name(path));
  }

  private void devices(Lane lane, int parent, ByteString name) {
    try (SyscallProgram program = SyscallProgram.small()) {
      int make = program.call("/dev", Sys.MKDIRAT, parent, program.memory.string(name), 0755);
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;
      int open = program.call("/dev", Sys.OPENAT, parent, program.memory.string(name), flags);
      List<Integer> rows = new ArrayList<>();
      DEVICES.forEach(
          (device, number) -> {
            long at = program.memory.string(device);
            int row =
                program.tolerate(
                    "/dev/" + device, Sys.MKNODAT, 0, at, Linux.S_IFCHR | 0666, number);
            program.resultOf(row, 0, open);
            rows.add(row);
          });
      long shm = program.memory.string("shm");
      int memory = program.call("/dev/shm", Sys.MKDIRAT, 0, shm, 01777);
      program.resultOf(memory, 0, open);
      lane.run(program, make);
      program.check(make);
      program.check(open);
      try {
        program.check(memory);
        fifos = new OutputFifos(lane, program.result(open));
      } finally {
        TreeRemover.close(lane, (int) program.result(open));
      }
      rows.stream()
          .filter(row -> program.errno(row) != 0)
          .findFirst()
          .ifPresent(row -> tell(program, row));
    }
  }

  private void tell(SyscallProgram program, int row) {
    if (!toldOfDevices) {
      toldOfDevices = true;
      notices.accept(
          "commands have no /dev/null and the like: no device can be made here: "
              + program.failure(row).getMessage());
    }
  }

  /** With namespaces these are mount points: removing or replacing them fails there. */
  private void tellOfChanges(List<ByteString> changed) {
    if (!changed.isEmpty()) {
      notices.accept(
          "what a command wrote to, removed or put in the place of "
              + changed.stream().map(path -> "/" + path).collect(Collectors.joining(", "))
              + " is not kept: with isolation chroot this is Cooper's while commands run, and the"
              + " image's own is back afterwards; change it by copy(...) or write(...)");
    }
  }

  private synchronized void leave(Lane lane) {
    if (--processes > 0 || lane.isDead()) {
      return;
    }
    PlacedFiles placed = shared;
    MountStubs parents = stubs;
    shared = null;
    stubs = null;
    if (placed != null) {
      tellOfChanges(placed.changed(lane));
      placed.restore(lane);
    }
    if (parents != null) {
      parents.close();
    }
  }

  /** What one process alone has. */
  private final class Own implements RootTree.Prepared {
    private final Lane lane;
    private final MountStubs parents;
    private final PlacedFiles placed;
    private final @Nullable OutputFifos outputs;

    Own(Lane lane, @Nullable OutputFifos outputs) {
      this.lane = lane;
      this.outputs = outputs;
      this.parents = new MountStubs(lane, tree);
      this.placed = new PlacedFiles(tree, aside);
    }

    /** The outer before the inner, as with mounts; two on one place are an error. */
    void place(ProcessSpec process) {
      Map<ByteString, ProcessMount> places = new LinkedHashMap<>();
      RootPaths paths = new RootPaths(lane, tree.root());
      for (ProcessMount mount : process.mounts()) {
        ByteString path = paths.canonical(mount.target());
        if (path.isEmpty()) {
          throw new OperationException(
              "cannot mount on " + mount.target() + ": its links lead to the root directory");
        }
        @Nullable ProcessMount before = places.putIfAbsent(path, mount);
        if (before != null) {
          throw new OperationException(
              "cannot mount on " + mount.target() + ": " + MountPlan.taken(before.target(), path));
        }
      }
      for (ProcessMount.Memory file : EtcFiles.of(process.hostname(), process.network())) {
        ByteString path = ChrootFiles.this.place(lane, file.target());
        if (isHidden(path, places)) {
          places.putIfAbsent(path, file);
        }
      }
      places.entrySet().stream()
          .sorted(Comparator.comparingInt(each -> MountView.depth(each.getKey())))
          .forEach(each -> place(each.getKey(), each.getValue()));
    }

    private static boolean isHidden(ByteString path, Map<ByteString, ProcessMount> places) {
      for (ByteString at = LayerPath.parent(path); !at.isEmpty(); at = LayerPath.parent(at)) {
        if (places.get(at) instanceof ProcessMount.Tmpfs) {
          return true;
        }
      }
      return false;
    }

    private void place(ByteString path, ProcessMount mount) {
      parents.make(LayerPath.parent(path), true);
      if (mount instanceof ProcessMount.Memory file) {
        placed.file(lane, path, file);
      } else if (mount instanceof ProcessMount.Tmpfs tmpfs) {
        placed.directory(lane, path, tmpfs.mode());
      }
    }

    @Override
    public @Nullable OutputFifos outputs() {
      return outputs;
    }

    @Override
    public void close() {
      if (outputs != null) {
        outputs.close();
      }
      if (!lane.isDead()) {
        placed.restore(lane);
        parents.close();
      }
      leave(lane);
    }
  }
}
