package dev.cooper.linux;

import dev.cooper.command.Capability;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rows that leave a container's process the capabilities that it shall have (capabilities(7)),
 * none of them inheritable or ambient (CVE-2022-24769).
 */
final class Capabilities {

  /**
   * What a command loses where only its root directory parts it from the host: without these it can
   * neither leave that directory nor open the host's disks; and as this JVM has the first, the
   * kernel lets a command, which has not, neither trace it nor read its environment
   * (CVE-2021-3602).
   */
  static final Set<Capability> TAKEN_BY_CHROOT =
      Collections.unmodifiableSet(EnumSet.of(Capability.SYS_CHROOT, Capability.MKNOD));

  private static final Set<Capability> NEEDED_FOR_CHROOT =
      Collections.unmodifiableSet(
          EnumSet.of(
              Capability.CHOWN,
              Capability.DAC_OVERRIDE,
              Capability.FOWNER,
              Capability.KILL,
              Capability.SETGID,
              Capability.SETPCAP,
              Capability.SETUID,
              Capability.SYS_CHROOT));
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

  /** Those that changing the root directory needs, and running a command in it, and are not had. */
  static List<String> lackingForChroot(long permitted) {
    return NEEDED_FOR_CHROOT.stream()
        .filter(each -> (permitted & each.bit()) == 0)
        .map(each -> "CAP_" + each.name())
        .toList();
  }

  /** Whether this kernel has one. */
  static boolean isKnown(Capability capability) {
    return capability.bit() <= 1L << LAST;
  }

  /** Whether a set has what mounts and trusted attributes need. */
  static boolean administers(long permitted) {
    return (permitted & Capability.SYS_ADMIN.bit()) != 0;
  }

  /** Refuses to start what cannot have all that it is to have. */
  static void require(Set<Capability> required, long permitted) {
    Set<Capability> lacking = new TreeSet<>(required);
    lacking.removeIf(capability -> (capability.bit() & permitted) != 0);
    if (!lacking.isEmpty()) {
      throw new OperationException(
          "cannot give a command the capabilities "
              + lacking
              + ": this JVM does not have them itself: start it with them, or do not ask for them");
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
