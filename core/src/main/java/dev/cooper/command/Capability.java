package dev.cooper.command;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The capabilities of Linux, in the order of their numbers (capabilities(7), without {@code CAP_}).
 */
public enum Capability {
  /** To change owners. */
  CHOWN(0),
  /** To pass over files' permissions. */
  DAC_OVERRIDE(1),
  /** To read whatever the permissions say. */
  DAC_READ_SEARCH(2),
  /** To do what only an owner may. */
  FOWNER(3),
  /** To keep setuid bits of files that change. */
  FSETID(4),
  /** To send signals to anybody. */
  KILL(5),
  /** To take any group. */
  SETGID(6),
  /** To become any user. */
  SETUID(7),
  /** To give up capabilities for good. */
  SETPCAP(8),
  /** To make files immutable. */
  LINUX_IMMUTABLE(9),
  /** To listen on ports below 1024. */
  NET_BIND_SERVICE(10),
  /** To broadcast; unused by the kernel. */
  NET_BROADCAST(11),
  /** To configure networks. */
  NET_ADMIN(12),
  /** To use raw sockets. */
  NET_RAW(13),
  /** To lock memory. */
  IPC_LOCK(14),
  /** To pass over the permissions of System V's messages. */
  IPC_OWNER(15),
  /** To load modules into the kernel. */
  SYS_MODULE(16),
  /** To reach the machine's ports and memory. */
  SYS_RAWIO(17),
  /** To change the root directory. */
  SYS_CHROOT(18),
  /** To trace others' processes. */
  SYS_PTRACE(19),
  /** To switch the records of processes. */
  SYS_PACCT(20),
  /** Mounts, namespaces and much more. */
  SYS_ADMIN(21),
  /** To end the machine. */
  SYS_BOOT(22),
  /** To raise priorities. */
  SYS_NICE(23),
  /** To raise limits. */
  SYS_RESOURCE(24),
  /** To set the clock. */
  SYS_TIME(25),
  /** To configure terminals. */
  SYS_TTY_CONFIG(26),
  /** To make nodes of devices. */
  MKNOD(27),
  /** To take leases of files. */
  LEASE(28),
  /** To write into the audit log. */
  AUDIT_WRITE(29),
  /** To configure auditing. */
  AUDIT_CONTROL(30),
  /** To set capabilities of files. */
  SETFCAP(31),
  /** To pass over mandatory access control. */
  MAC_OVERRIDE(32),
  /** To configure mandatory access control. */
  MAC_ADMIN(33),
  /** To read the kernel's messages. */
  SYSLOG(34),
  /** To wake the machine. */
  WAKE_ALARM(35),
  /** To keep it awake. */
  BLOCK_SUSPEND(36),
  /** To read the audit log. */
  AUDIT_READ(37),
  /** To read performance counters. */
  PERFMON(38),
  /** To load programs into the kernel. */
  BPF(39),
  /** To checkpoint and restore processes. */
  CHECKPOINT_RESTORE(40);

  /** What a container's root has unless told otherwise: Docker's and buildah's own choice. */
  public static final Set<Capability> DEFAULT =
      Collections.unmodifiableSet(
          EnumSet.of(
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
              SETFCAP));

  private final int number;

  Capability(int number) {
    this.number = number;
  }

  /**
   * Finds one by its name.
   *
   * @param name in any case, with or without {@code CAP_}
   * @return the capability
   * @throws IllegalArgumentException if there is none; it lists those that there are
   */
  public static Capability parse(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    String plain = upper.startsWith("CAP_") ? upper.substring("CAP_".length()) : upper;
    for (Capability capability : values()) {
      if (capability.name().equals(plain)) {
        return capability;
      }
    }
    throw new IllegalArgumentException(
        "no capability is called \""
            + name
            + "\"; there are "
            + Arrays.stream(values()).map(Capability::name).collect(Collectors.joining(", "))
            + ", and ALL");
  }

  /**
   * Its bit in the kernel's sets.
   *
   * @return one bit
   */
  public long bit() {
    return 1L << number;
  }

  /**
   * The bits of several.
   *
   * @param capabilities any number
   * @return their bits together
   */
  public static long bits(Set<Capability> capabilities) {
    long bits = 0;
    for (Capability capability : capabilities) {
      bits |= capability.bit();
    }
    return bits;
  }
}
