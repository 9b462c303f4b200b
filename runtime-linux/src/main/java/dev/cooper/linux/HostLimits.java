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

  private HostLimits() {}

  static OperationException explainClone(int errno, boolean rootless) {
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
            + remedy(errno, rootless)
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
    if (zero("/proc/sys/user/max_user_namespaces")) {
      return SWITCHED_OFF;
    }
    if (rootless && zero("/proc/sys/kernel/unprivileged_userns_clone")) {
      return "unprivileged user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1";
    }
    if (rootless && one("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) {
      return "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give java a profile that allows userns";
    }
    return null;
  }

  private static String remedy(int errno, boolean rootless) {
    String off = errno == Linux.ENOSPC ? SWITCHED_OFF : switchedOff(rootless);
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

  private static boolean zero(String file) {
    return is(file, "0");
  }

  private static boolean one(String file) {
    return is(file, "1");
  }

  private static boolean is(String file, String value) {
    try {
      return ProcFile.read(Path.of(file)).equals(value);
    } catch (IOException e) {
      return false;
    }
  }
}
