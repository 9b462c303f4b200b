package dev.cooper.linux;

import static dev.cooper.linux.Linux.MOUNT_ATTR_NODEV;
import static dev.cooper.linux.Linux.MOUNT_ATTR_NOEXEC;
import static dev.cooper.linux.Linux.MOUNT_ATTR_NOSUID;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What of the kernel's own file systems a container must not see or write to, as far as this kernel
 * has it.
 *
 * <p>Looked for in new ones, as containers get them: the JVM's own may show less (a /proc with
 * subset=pid, as systemd's ProcSubset= gives it), and what is not looked for there would stay open.
 *
 * @param masked names in /proc that are hidden, and what they are
 * @param readOnly names in /proc that cannot be written to
 * @param newSys whether a new /sys can be made for the keeper's own network
 * @param maskedNewSys directories that are hidden in a new /sys
 * @param maskedHostSys directories that are hidden in a copy of the host's, with what is mounted
 *     there
 */
record KernelFiles(
    Map<String, ProtectedPaths.Kind> masked,
    List<String> readOnly,
    boolean newSys,
    List<String> maskedNewSys,
    List<String> maskedHostSys) {
  /** As Docker's and runc's defaults. */
  private static final List<String> MASKED =
      List.of(
          "acpi",
          "kcore",
          "keys",
          "latency_stats",
          "timer_list",
          "timer_stats",
          "sched_debug",
          "scsi");

  private static final List<String> READ_ONLY = List.of("bus", "fs", "irq", "sys", "sysrq-trigger");
  private static final List<String> MASKED_SYS =
      List.of("firmware", "devices/virtual/powercap", "fs/cgroup");

  /** Where the host mounts what tells of all its processes. */
  private static final List<String> MOUNTED_IN_SYS =
      List.of("kernel/debug", "kernel/tracing", "kernel/security", "fs/pstore", "fs/bpf");

  private static final long PRIVATE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

  /** What is hidden in every container, whether this kernel has it or not. */
  static List<String> maskedPaths() {
    return Stream.concat(
            MASKED.stream().map("/proc/"::concat),
            Stream.concat(MASKED_SYS.stream(), MOUNTED_IN_SYS.stream()).map("/sys/"::concat))
        .toList();
  }

  /** What cannot be written to in any. */
  static List<String> readOnlyPaths() {
    return READ_ONLY.stream().map("/proc/"::concat).toList();
  }

  /** Looks, as a task of the keeper that containers are started by. */
  static KernelFiles look(Task task) {
    Map<String, ProtectedPaths.Kind> proc = inProc(task);
    Map<String, ProtectedPaths.Kind> masked = new LinkedHashMap<>();
    MASKED.stream()
        .filter(name -> isThere(proc, name))
        .forEach(name -> masked.put(name, proc.getOrDefault(name, ProtectedPaths.Kind.OTHER)));
    List<String> readOnly = READ_ONLY.stream().filter(name -> isThere(proc, name)).toList();
    List<String> here = new ArrayList<>(MASKED_SYS);
    here.addAll(MOUNTED_IN_SYS);
    here.removeIf(name -> !Files.isDirectory(Path.of("/sys", name)));
    try {
      Map<String, ProtectedPaths.Kind> sys = kinds(task, "sysfs", MASKED_SYS);
      List<String> there = MASKED_SYS.stream().filter(name -> isThere(sys, name)).toList();
      return new KernelFiles(masked, readOnly, true, there, here);
    } catch (SystemCallException e) {
      return new KernelFiles(masked, readOnly, false, likelyInSys(), here);
    }
  }

  /**
   * Nothing is known where none can be made: a container's own start says why, and runs nothing.
   */
  private static Map<String, ProtectedPaths.Kind> inProc(Task task) {
    try {
      return kinds(task, "proc", Stream.concat(MASKED.stream(), READ_ONLY.stream()).toList());
    } catch (SystemCallException e) {
      return Map.of();
    }
  }

  /** Where no new one can be looked at: what the host's has, and what every kernel's has. */
  private static List<String> likelyInSys() {
    boolean shown = Files.isDirectory(Path.of("/sys/kernel"));
    return MASKED_SYS.stream()
        .filter(
            name ->
                Files.isDirectory(Path.of("/sys", name)) || !shown && !name.startsWith("devices"))
        .toList();
  }

  private static boolean isThere(Map<String, ProtectedPaths.Kind> kinds, String name) {
    return kinds.get(name) != ProtectedPaths.Kind.ABSENT;
  }

  /**
   * What names are in a new file system of a kind.
   *
   * @throws SystemCallException if the task may not make one
   */
  static Map<String, ProtectedPaths.Kind> kinds(Task task, String kind, List<String> names) {
    try (SyscallProgram program = new SyscallProgram(3 + names.size(), 16384)) {
      Memory memory = program.memory;
      NewFileSystem made = NewFileSystem.add(program, kind, PRIVATE);
      int first = program.size();
      long stats = memory.zeroed((long) Stat.SIZE * names.size());
      for (int i = 0; i < names.size(); i++) {
        int row =
            program.tolerate(
                names.get(i),
                Sys.STATX,
                0,
                memory.string(names.get(i)),
                Linux.AT_SYMLINK_NOFOLLOW,
                Stat.BASIC,
                stats + (long) Stat.SIZE * i);
        program.from(row, 0, made.mount());
      }
      try {
        task.run(program);
      } finally {
        made.close(task);
      }
      return kinds(program, first, names, stats);
    }
  }

  private static Map<String, ProtectedPaths.Kind> kinds(
      SyscallProgram program, int first, List<String> names, long stats) {
    Map<String, ProtectedPaths.Kind> kinds = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      boolean directory = Stat.format(stats + (long) Stat.SIZE * i) == Linux.S_IFDIR;
      kinds.put(
          names.get(i),
          program.errno(first + i) != 0
              ? ProtectedPaths.Kind.ABSENT
              : directory ? ProtectedPaths.Kind.DIRECTORY : ProtectedPaths.Kind.OTHER);
    }
    return kinds;
  }
}
