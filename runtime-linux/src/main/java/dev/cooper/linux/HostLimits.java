package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says in words why this host refuses namespaces, with the setting that is missing. */
final class HostLimits {
  private static final String SWITCHED_OFF =
      "user namespaces are switched off: sysctl user.max_user_namespaces=10000";

  private static final Path SETTINGS = Path.of("/proc/sys");

  private HostLimits() {}

  static OperationException explainClone(int errno, boolean rootless) {
    return explainClone(errno, rootless, SETTINGS);
  }

  /** The same, with the kernel's settings (sysctl(8)) as they are in a directory. */
  static OperationException explainClone(int errno, boolean rootless, Path settings) {
    String found =
        "clone with new "
            + (rootless ? "user, " : "")
            + "mount and pid namespaces: "
            + SystemCallException.reason(errno);
    return new OperationException(
        "this host does not let "
            + (rootless ? "an ordinary user" : "root")
            + " start containers: "
            + found
            + ": "
            + remedy(errno, rootless, settings)
            + "; or ask for another isolation: "
            + (rootless ? "" : "chroot, which needs no namespaces, or ")
            + "none, which runs nothing");
  }

  static OperationException explainChroot(List<String> lacking) {
    return new OperationException(
        "this host does not let this JVM start containers by chroot: it lacks "
            + String.join(", ", lacking)
            + ": run it as root with the capabilities that Docker and Kubernetes give by default, or ask for isolation namespaces, "
            + "which an ordinary user has; without either only what needs no run can be built (isolation none)");
  }

  /** The setting that switches user namespaces off, with its remedy; null if none does. */
  static @Nullable String switchedOff(boolean rootless) {
    return switchedOff(rootless, SETTINGS);
  }

  private static @Nullable String switchedOff(boolean rootless, Path settings) {
    if (is(settings.resolve("user/max_user_namespaces"), "0")) {
      return SWITCHED_OFF;
    }
    if (rootless && is(settings.resolve("kernel/unprivileged_userns_clone"), "0")) {
      return "unprivileged user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1";
    }
    if (rootless && is(settings.resolve("kernel/apparmor_restrict_unprivileged_userns"), "1")) {
      return "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give java a profile that allows userns";
    }
    return null;
  }

  private static String remedy(int errno, boolean rootless, Path settings) {
    String off = errno == Linux.ENOSPC ? SWITCHED_OFF : switchedOff(rootless, settings);
    if (off != null) {
      return off;
    }
    if (errno == Linux.EAGAIN) {
      return "the limit on processes is reached: raise it (ulimit -u)";
    }
    return rootless
        ? "a seccomp filter around this JVM refuses it: run the outer container with --security-opt seccomp=unconfined or a profile that allows clone with namespaces"
        : "this root lacks CAP_SYS_ADMIN, as in an unprivileged container: run it with a user namespace of its own, or with --cap-add SYS_ADMIN";
  }

  private static boolean is(Path file, String value) {
    try {
      return ProcFile.read(file).equals(value);
    } catch (IOException e) {
      return false;
    }
  }
}
