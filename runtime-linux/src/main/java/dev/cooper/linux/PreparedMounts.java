package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds where the mounts of a process go and in which order, and makes what they are mounted on:
 * the files of /etc and the caller's own, with one rule for both.
 *
 * <p>The order is that of depth, of the places that the targets resolve to at that moment; two that
 * were asked for on one place are an error, and of the files of /etc one takes the place. A place
 * that is missing is made in what lies there at that moment: in the tree or in what is bound, and
 * taken away when the process has ended; in memory; never below the tree's own /dev, /proc and
 * /sys, which are covered.
 */
final class PreparedMounts implements RootTree.Prepared {
  private static final List<String> SYSTEM = List.of("dev", "proc", "sys");

  private final Lane lane;
  private final RootTree tree;
  private final long keeper;
  private final Consumer<String> notices;
  private final MountStubs stubs;
  private final MountView view;
  private final MountView.InMemory dev = new MountView.InMemory();
  private final Map<MountView.Looked, BindStubs> bound = new LinkedHashMap<>();
  private final List<Integer> opened = new ArrayList<>();
  private final Map<ByteString, Wanted> done = new LinkedHashMap<>();
  private final Map<ByteString, MountView.InMemory> inMemory = new HashMap<>();

  /**
   * A mount that is to be made.
   *
   * @param own whether it is there without being asked for: then it is left out where it cannot be
   * @param errno what looking for its target in the tree without following links gave
   */
  private record Wanted(ProcessMount mount, boolean own, int errno) {
    ByteString lexical() {
      return ByteString.utf8(mount.target().substring(1));
    }

    boolean directory() {
      return mount instanceof ProcessMount.Tmpfs
          || mount instanceof ProcessMount.Bind bind && bind.source().toFile().isDirectory();
    }
  }

  private PreparedMounts(Lane lane, RootTree tree, long keeper, Consumer<String> notices) {
    this.lane = lane;
    this.tree = tree;
    this.keeper = keeper;
    this.notices = notices;
    this.stubs = new MountStubs(lane, tree);
    this.view = new MountView(new RootPaths(lane, tree.root()));
    for (String name : ContainerMounts.namesInDev()) {
      ByteString path = ByteString.utf8(name);
      boolean directory = ContainerMounts.inDev(name) == ProtectedPaths.Kind.DIRECTORY;
      dev.places().put(path, new MountPlan.Place(path, directory));
    }
    view.add(ByteString.utf8("dev"), dev);
    view.add(ByteString.utf8("proc"), new MountView.Kernel());
    view.add(ByteString.utf8("sys"), new MountView.Kernel());
  }

  /** Those of a process that has a mount namespace. */
  static PreparedMounts of(
      Lane lane, RootTree tree, ProcessSpec process, long keeper, Consumer<String> notices) {
    PreparedMounts mounts = new PreparedMounts(lane, tree, keeper, notices);
    try {
      mounts.prepare(process);
      return mounts;
    } catch (RuntimeException e) {
      mounts.close();
      throw e;
    }
  }

  private void prepare(ProcessSpec process) {
    List<ProcessMount> own = new ArrayList<>(EtcFiles.of(process.hostname(), process.network()));
    List<ProcessMount> all = new ArrayList<>(own);
    all.addAll(process.mounts());
    List<String> targets = new ArrayList<>(SYSTEM);
    all.forEach(mount -> targets.add(mount.target().substring(1)));
    int[] errnos = look(targets);
    for (int i = 0; i < SYSTEM.size(); i++) {
      if (errnos[i] == Linux.ENOENT) {
        stubs.make(ByteString.utf8(SYSTEM.get(i)), true);
      }
    }
    List<Wanted> wanted = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      wanted.add(new Wanted(all.get(i), i < own.size(), errnos[SYSTEM.size() + i]));
    }
    while (!wanted.isEmpty()) {
      place(wanted);
    }
  }

  /** Asks for all paths of the tree at once, links not followed: an errno, or 0. */
  private int[] look(List<String> targets) {
    try (SyscallProgram program = new SyscallProgram(2 * targets.size(), 8192)) {
      long resolve = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
      long how = TreePaths.how(program.memory, O_PATH | O_CLOEXEC, resolve);
      for (String target : targets) {
        long path = program.memory.string(target);
        int open = program.tolerate(target, Sys.OPENAT2, tree.root(), path, how, 24);
        int close = program.tolerate(target, Sys.CLOSE, 0);
        program.resultOf(close, 0, open);
      }
      lane.run(program);
      int[] errnos = new int[targets.size()];
      for (int i = 0; i < errnos.length; i++) {
        errnos[i] = program.errno(2 * i);
      }
      return errnos;
    }
  }

  /** Takes the outermost of what is left, the first that was asked for of those. */
  private void place(List<Wanted> wanted) {
    int best = 0;
    ByteString at = resolve(wanted.get(0));
    for (int i = 1; i < wanted.size(); i++) {
      ByteString other = resolve(wanted.get(i));
      if (MountView.depth(other) < MountView.depth(at)) {
        best = i;
        at = other;
      }
    }
    place(wanted.remove(best), at);
  }

  /** The look without links has told enough where there are none, and nothing is bound. */
  private ByteString resolve(Wanted one) {
    ByteString lexical = one.lexical();
    return one.errno() == Linux.ELOOP || view.isBound(lexical)
        ? view.canonical(one.mount().target())
        : lexical;
  }

  private void place(Wanted one, ByteString at) {
    if (at.isEmpty()) {
      refuse(one, "its links lead to the root directory, over which nothing can be mounted");
      return;
    }
    @Nullable Wanted before = done.get(at);
    if (before != null && !before.own()) {
      if (one.own()) {
        return; // the file of /etc is the caller's
      }
      throw cannot(one, MountPlan.taken(before.mount().target(), at));
    }
    MountView.Found found = view.find(at);
    if (!found.below().isEmpty() && !makePlace(one, at, found)) {
      return;
    }
    done.remove(at); // a file of /etc gives way, and has no turn any more
    inMemory.remove(at);
    done.put(at, one);
    view.add(at, content(one, at));
  }

  /** False where one that nobody asked for has no place. */
  private boolean makePlace(Wanted one, ByteString at, MountView.Found found) {
    boolean inTree = found.at().isEmpty();
    boolean told = inTree && at.equals(one.lexical());
    if (told && one.errno() == 0) {
      return true;
    }
    if (!(told && one.errno() == Linux.ENOENT) && view.isBelowFile(at)) {
      return refuse(one, "something that is no directory lies on the way there");
    }
    if (inTree) {
      stubs.make(at, one.directory());
    } else if (found.content() instanceof MountView.InMemory memory) {
      add(memory, found.below(), one.directory());
    } else if (found.content() instanceof MountView.Looked looked) {
      return makeBound(one, found, looked);
    }
    return true;
  }

  private static void add(MountView.InMemory memory, ByteString path, boolean directory) {
    ByteString parent = LayerPath.parent(path);
    if (!parent.isEmpty()) {
      add(memory, parent, true);
    }
    memory.places().putIfAbsent(path, new MountPlan.Place(path, directory));
  }

  private boolean makeBound(Wanted one, MountView.Found found, MountView.Looked looked) {
    Wanted outer = done.get(found.at());
    if (outer == null || !(outer.mount() instanceof ProcessMount.Bind bind)) {
      throw new IllegalStateException("nothing is bound on " + found.at());
    }
    String where = "the mount of " + bind.source() + " on " + bind.target();
    if (bind.readOnly()) {
      return looked.entry(found.below()) != null
          || refuse(
              one,
              where
                  + " is read-only and holds no "
                  + found.below()
                  + " to mount on: make it in "
                  + bind.source()
                  + ", or mount that writable");
    }
    try {
      bound
          .computeIfAbsent(looked, each -> new BindStubs(lane, each.paths().root()))
          .make(found.below(), one.directory());
      looked.changed();
      return true;
    } catch (SystemCallException e) {
      return refuse(one, "no mount point can be made in " + where + ": " + e.getMessage());
    }
  }

  private boolean refuse(Wanted one, String why) {
    if (one.own()) {
      notices.accept("the command does not get its " + one.mount().target() + ": " + why);
      return false;
    }
    throw cannot(one, why);
  }

  private static OperationException cannot(Wanted one, String why) {
    return new OperationException("cannot mount on " + one.mount().target() + ": " + why);
  }

  /** What is seen there from now on. */
  private MountView.Content content(Wanted one, ByteString at) {
    if (one.mount() instanceof ProcessMount.Tmpfs) {
      MountView.InMemory memory = new MountView.InMemory();
      inMemory.put(at, memory);
      return memory;
    }
    if (!one.directory() || !(one.mount() instanceof ProcessMount.Bind bind)) {
      return new MountView.OneFile();
    }
    return new MountView.Looked(
        () -> {
          int fd = open(BindSource.of(bind.source(), keeper));
          opened.add(fd);
          return new RootPaths(lane, fd);
        });
  }

  private int open(BindSource source) {
    try (SyscallProgram program = new SyscallProgram(3, 16384)) {
      Memory memory = program.memory;
      int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
      if (source.root() == null) {
        long path = memory.string(source.path());
        program.call(source.path(), Sys.OPENAT, AT_FDCWD, path, flags);
        lane.run(program);
        return (int) program.result(0);
      }
      long resolve = Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS;
      long how = TreePaths.how(memory, flags, resolve);
      long root = memory.string(source.root());
      int outer = program.call(source.root(), Sys.OPENAT, AT_FDCWD, root, flags);
      long path = memory.string(source.path());
      int inner = program.tolerate(source.path(), Sys.OPENAT2, 0, path, how, 24);
      int close = program.tolerate(source.root(), Sys.CLOSE, 0);
      program.resultOf(inner, 0, outer).resultOf(close, 0, outer);
      lane.run(program);
      program.check(inner);
      return (int) program.result(inner);
    }
  }

  @Override
  public MountPlan plan() {
    List<MountPlan.Step> steps = new ArrayList<>();
    done.forEach(
        (at, one) -> {
          MountView.InMemory memory = inMemory.get(at);
          List<MountPlan.Place> places = memory == null ? List.of() : memory.all();
          steps.add(new MountPlan.Step(one.mount(), at, places));
        });
    List<MountPlan.Place> made = dev.all();
    Set<String> there = ContainerMounts.namesInDev();
    made.removeIf(place -> there.contains(place.path().toString()));
    return new MountPlan(steps, made);
  }

  @Override
  public ProtectedPaths.Kind kind(String path) {
    return view.kind(path);
  }

  /** Takes away what was made, in the order that leaves nothing in another's way. */
  @Override
  public void close() {
    List<BindStubs> inner = new ArrayList<>(bound.values());
    Collections.reverse(inner);
    inner.forEach(BindStubs::close);
    opened.forEach(fd -> Trampoline.here(Sys.CLOSE, fd));
    stubs.close();
  }
}
