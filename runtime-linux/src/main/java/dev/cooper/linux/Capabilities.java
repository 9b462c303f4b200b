package dev.cooper.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Docker's default capabilities (capabilities(7)): what a container's root keeps, and nothing
 * inheritable or ambient.
 */
final class Capabilities {
  private static final int CHOWN = 0;
  private static final int DAC_OVERRIDE = 1;
  private static final int FOWNER = 3;
  private static final int FSETID = 4;
  private static final int KILL = 5;
  private static final int SETGID = 6;
  private static final int SETUID = 7;
  private static final int SETPCAP = 8;
  private static final int NET_BIND_SERVICE = 10;
  private static final int NET_RAW = 13;
  private static final int SYS_CHROOT = 18;
  private static final int SYS_ADMIN = 21;
  private static final int MKNOD = 27;
  private static final int AUDIT_WRITE = 29;
  private static final int SETFCAP = 31;
  private static final int[] KEPT = {
    CHOWN,
    DAC_OVERRIDE,
    FOWNER,
    FSETID,
    KILL,
    SETGID,
    SETUID,
    SETPCAP,
    NET_BIND_SERVICE,
    NET_RAW,
    SYS_CHROOT,
    MKNOD,
    AUDIT_WRITE,
    SETFCAP
  };

  /**
   * What a command loses where only its root directory parts it from the host: without these it can
   * neither leave that directory nor open the host's disks; and as this JVM has the first, the
   * kernel lets a command, which has not, neither trace it nor read its environment
   * (CVE-2021-3602).
   */
  private static final long TAKEN_BY_CHROOT = 1L << SYS_CHROOT | 1L << MKNOD;

  private static final Map<String, Integer> NEEDED_FOR_CHROOT =
      new TreeMap<>(
          Map.of(
              "CAP_CHOWN", CHOWN,
              "CAP_DAC_OVERRIDE", DAC_OVERRIDE,
              "CAP_FOWNER", FOWNER,
              "CAP_KILL", KILL,
              "CAP_SETGID", SETGID,
              "CAP_SETPCAP", SETPCAP,
              "CAP_SETUID", SETUID,
              "CAP_SYS_CHROOT", SYS_CHROOT));
  private static final int VERSION_3 = 0x20080522;
  private static final int LAST = last();

  private Capabilities() {}

  private static int last() {
    try {
      return Integer.parseInt(ProcFile.read(Path.of("/proc/sys/kernel/cap_last_cap")));
    } catch (IOException e) {
      return 40; // CAP_CHECKPOINT_RESTORE, of Linux 5.9: older kernels cannot run this anyway
    }
  }

  /** Those of a set that changing the root directory needs, and running a command in it. */
  static List<String> lackingForChroot(long permitted) {
    return NEEDED_FOR_CHROOT.entrySet().stream()
        .filter(each -> (permitted >> each.getValue() & 1) == 0)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Whether a set has what mounts and trusted attributes need. */
  static boolean administers(long permitted) {
    return (permitted >> SYS_ADMIN & 1) != 0;
  }

  private static long mask(boolean chroot) {
    long mask = 0;
    for (int capability : KEPT) {
      mask |= 1L << capability;
    }
    return chroot ? mask & ~TAKEN_BY_CHROOT : mask;
  }

  /** Adds the rows that take the others out of reach, before the user is changed. */
  static void bound(SyscallProgram program, boolean chroot) {
    long mask = mask(chroot);
    for (int capability = 0; capability <= LAST; capability++) {
      if ((mask >> capability & 1) == 0) {
        program.call(
            "capability " + capability, Sys.PRCTL, Linux.PR_CAPBSET_DROP, capability, 0, 0, 0);
      }
    }
  }

  /**
   * Adds the rows that set what is left, after the user is changed: for root the kept ones, for
   * others none.
   */
  static void set(SyscallProgram program, boolean root, boolean chroot, long permitted) {
    long mask = root ? mask(chroot) & permitted : 0;
    long header = program.memory.zeroed(8);
    Memory.IO.putInt(header, VERSION_3);
    long data = program.memory.zeroed(24);
    for (int half = 0; half < 2; half++) {
      int bits = (int) (mask >>> (32 * half));
      Memory.IO.putInt(data + 12L * half, bits);
      Memory.IO.putInt(data + 12L * half + 4, bits);
    }
    program.call(
        "capabilities", Sys.PRCTL, Linux.PR_CAP_AMBIENT, Linux.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    program.call("capabilities", Sys.CAPSET, header, data);
  }

  /** What a task may use now. */
  static long permitted(Task task) {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      long header = program.memory.zeroed(8);
      Memory.IO.putInt(header, VERSION_3);
      long data = program.memory.zeroed(24);
      program.call("capabilities", Sys.CAPGET, header, data);
      task.run(program);
      return (Memory.IO.getInt(data + 4) & 0xffffffffL)
          | ((long) Memory.IO.getInt(data + 16) << 32);
    }
  }
}
