package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.util.Locale;

/**
 * What differs between the processor architectures that the kernel runs on: call numbers and a few
 * flags.
 */
enum Abi {
  X86_64(0x10000, 0x20000, 0xc000003e),
  AARCH64(0x4000, 0x8000, 0xc00000b7);

  final int oDirectory;
  final int oNofollow;

  /** What a seccomp filter knows it by (AUDIT_ARCH_… of linux/audit.h). */
  final int audit;

  Abi(int oDirectory, int oNofollow, int audit) {
    this.oDirectory = oDirectory;
    this.oNofollow = oNofollow;
    this.audit = audit;
  }

  /** The trampoline's resource and source are named by this. */
  String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  static final Abi CURRENT =
      of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));

  static Abi of(String os, String arch) {
    if (os.equals("Linux") && (arch.equals("amd64") || arch.equals("x86_64"))) {
      return X86_64;
    }
    if (os.equals("Linux") && arch.equals("aarch64")) {
      return AARCH64;
    }
    throw new OperationException(
        "commands run on Linux on x86-64 or aarch64; this is "
            + os
            + " on "
            + arch
            + ": use cooper-core alone, which builds everything that needs no run");
  }
}
