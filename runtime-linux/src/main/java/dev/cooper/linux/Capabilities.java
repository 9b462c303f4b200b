package dev.cooper.linux;

import java.io.IOException;
import java.nio.file.Path;

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

  private static long mask() {
    long mask = 0;
    for (int capability : KEPT) {
      mask |= 1L << capability;
    }
    return mask;
  }

  /** Adds the rows that take the others out of reach, before the user is changed. */
  static void bound(SyscallProgram program) {
    long mask = mask();
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
  static void set(SyscallProgram program, boolean root, long permitted) {
    long mask = root ? mask() & permitted : 0;
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
