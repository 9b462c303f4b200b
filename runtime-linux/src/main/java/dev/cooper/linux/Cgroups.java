package dev.cooper.linux;

import dev.cooper.command.Resources;
import dev.cooper.linux.CgroupSetting.Controller;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Control groups for what this JVM runs: one of its own in each hierarchy that is needed, and in it
 * one for each process.
 *
 * <p>The JVM's own are locked as long as it lives. Those that nobody holds the lock of are of JVMs
 * that were killed, and are removed by whoever makes the next beside them. Nothing is made before
 * limits are asked for. Thread-safe.
 */
final class Cgroups implements AutoCloseable {
  private static final String NAME = "cooper-";
  private static final int LOCK = 2 | 4; // LOCK_EX | LOCK_NB
  private static final int TRIES = 16;

  private final Map<Path, Group> groups = new HashMap<>();
  private long runs;

  /** A group of this JVM's, and the descriptor that its lock is held by. */
  private record Group(Path directory, int lock) {}

  /**
   * Makes the groups for one process.
   *
   * @param root a directory on the disk that limits of it are meant for
   * @throws OperationException if a limit cannot be set here
   */
  synchronized CgroupRun open(Resources limits, Path root) {
    CgroupRun run = new CgroupRun();
    try {
      String name = Long.toString(++runs);
      List<CgroupHierarchy> hierarchies = hierarchies();
      List<Controller> needed = CgroupSetting.controllers(limits);
      for (Controller controller : needed) {
        CgroupHierarchy hierarchy = hierarchy(controller, hierarchies);
        boolean unified = hierarchy.unified();
        List<CgroupSetting> settings =
            CgroupSetting.of(controller, unified, limits, () -> Disk.of(root));
        Path group = group(hierarchy, controller).resolve(name);
        apply(run, group, unified, controller, settings);
      }
      return run;
    } catch (RuntimeException e) {
      run.close();
      throw e;
    }
  }

  private static void apply(
      CgroupRun run,
      Path group,
      boolean unified,
      Controller controller,
      List<CgroupSetting> settings) {
    String option = settings.get(0).option();
    try {
      run.make(group, unified, controller);
      for (CgroupSetting setting : settings) {
        option = setting.option();
        CgroupRun.set(group, setting);
      }
    } catch (IOException e) {
      throw new OperationException(
          "cannot limit " + option + ": the kernel refused it in " + group + ": " + e, e);
    }
  }

  private static List<CgroupHierarchy> hierarchies() {
    try {
      return CgroupHierarchy.parse(
          ProcFile.lines(Path.of("/proc/self/cgroup")),
          ProcFile.lines(Path.of("/proc/self/mountinfo")));
    } catch (IOException e) {
      throw new OperationException("cannot read which control groups there are: " + e, e);
    }
  }

  private static CgroupHierarchy hierarchy(
      Controller controller, List<CgroupHierarchy> hierarchies) {
    for (CgroupHierarchy each : hierarchies) {
      if (each.unified()
          ? words(each.mount().resolve("cgroup.controllers")).contains(controller.second)
          : each.controllers().contains(controller.first)) {
        return each;
      }
    }
    throw new OperationException(
        "cannot limit "
            + controller.second
            + ": none of the control groups that are mounted here has that controller (found "
            + hierarchies.stream().map(each -> each.mount().toString()).toList()
            + "): mount them at /sys/fs/cgroup, or take a kernel that has it");
  }

  private static Set<String> words(Path file) {
    try {
      return new HashSet<>(Arrays.asList(ProcFile.text(file).strip().split("\\s+")));
    } catch (IOException e) {
      return Set.of(); // a group that is gone, or the root, which has no such file
    }
  }

  /** This JVM's own group in a hierarchy, able to limit with a controller in groups below it. */
  private Path group(CgroupHierarchy hierarchy, Controller controller) {
    Group known = groups.get(hierarchy.mount());
    if (known == null) {
      Path base = hierarchy.unified() ? CgroupBase.of(hierarchy, controller) : hierarchy.own();
      if (!Files.isWritable(base)) {
        throw CgroupBase.refused(controller, base + " is not writable");
      }
      sweep(base);
      known = create(base, controller);
      groups.put(hierarchy.mount(), known);
    }
    if (hierarchy.unified()) {
      Path parent = known.directory.getParent();
      if (parent == null
          || !CgroupBase.enable(parent, controller)
          || !CgroupBase.enable(known.directory, controller)) {
        throw CgroupBase.refused(controller, "it cannot be enabled in " + parent);
      }
    }
    return known.directory;
  }

  /** Whoever sweeps may remove it before it is locked: then another is made. */
  private static Group create(Path base, Controller controller) {
    for (int i = 0; i < TRIES; i++) {
      Path directory = base.resolve(NAME + UUID.randomUUID());
      try {
        Files.createDirectory(directory);
      } catch (IOException e) {
        throw CgroupBase.refused(controller, "no group can be made in " + base + ": " + e);
      }
      int lock = lock(directory);
      if (lock >= 0 && Files.isDirectory(directory)) {
        return new Group(directory, lock);
      }
      unlock(lock);
    }
    throw CgroupBase.refused(controller, "every group made in " + base + " was removed at once");
  }

  private static int lock(Path directory) {
    try (SyscallProgram program = new SyscallProgram(2, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC | Linux.O_NOFOLLOW;
      long name = program.memory.string(HostPath.bytes(directory));
      int open = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, name, flags);
      int lock = program.call(directory, Sys.FLOCK, 0, LOCK);
      program.resultOf(lock, 0, open);
      int stopped = Task.HERE.run(program, 0);
      int fd = (int) program.result(open);
      if (stopped == program.size()) {
        return fd;
      }
      unlock(program.errno(open) == 0 ? fd : -1);
      return -1;
    }
  }

  private static void unlock(int lock) {
    if (lock >= 0) {
      Trampoline.here(Sys.CLOSE, lock);
    }
  }

  /** Removes what JVMs left that were killed. */
  private static void sweep(Path base) {
    long deadline = CgroupRun.patience(); // for all: whoever waits for limits waits for this
    try (DirectoryStream<Path> all = Files.newDirectoryStream(base, NAME + "*")) {
      for (Path group : all) {
        int lock = lock(group);
        if (lock >= 0) {
          CgroupRun.remove(group, deadline);
          unlock(lock);
        }
      }
    } catch (IOException e) {
      throw new OperationException("cannot list the control groups in " + base + ": " + e, e);
    }
  }

  /** Whether a group is this one's. */
  synchronized boolean owns(Path directory) {
    return groups.values().stream().anyMatch(group -> group.directory.equals(directory));
  }

  @Override
  public synchronized void close() {
    long deadline = CgroupRun.patience();
    for (Group group : groups.values()) {
      CgroupRun.remove(group.directory, deadline);
      unlock(group.lock);
    }
    groups.clear();
  }
}
