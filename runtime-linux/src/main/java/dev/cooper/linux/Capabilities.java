package dev.cooper.linux;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The rows that leave a container's process the capabilities that it shall have (capabilities(7)),
 * none of them inheritable or ambient (CVE-2022-24769).
 */
final class Capabilities {
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

  /** Adds the rows that take the others out of reach, before the user is changed. */
  static void bound(SyscallProgram program, long mask) {
    for (int capability = 0; capability <= LAST; capability++) {
      if ((mask >> capability & 1) == 0) {
        program.call(
            "capability " + capability, Sys.PRCTL, Linux.PR_CAPBSET_DROP, capability, 0, 0, 0);
      }
    }
  }

  /** Adds the rows that set what is left, after the user is changed. */
  static void set(SyscallProgram program, long mask) {
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
