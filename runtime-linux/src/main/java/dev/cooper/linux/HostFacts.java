package dev.cooper.linux;

import dev.cooper.command.Capability;
import dev.cooper.oci.OperationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What the kernel and who runs this JVM are; each told, or an error that says what is missing. */
record HostFacts(long uid, boolean singleId) {
  private static final String OLDEST = "5.11";
  private static final List<String> CONTAINER_MARKS =
      List.of("/.dockerenv", "/run/.containerenv", "/run/secrets/kubernetes.io");

  private boolean rootless() {
    return uid != 0;
  }

  String kernel() {
    String found =
        "Linux "
            + System.getProperty("os.version", "")
            + " on "
            + System.getProperty("os.arch", "");
    if (!KernelVersion.CURRENT.isAtLeast(OLDEST)) {
      throw new OperationException(
          found + ": an ordinary user's overlays need " + OLDEST + ": update the kernel");
    }
    return found;
  }

  String user() {
    long permitted = Capabilities.permitted(Task.HERE);
    String inside =
        CONTAINER_MARKS.stream().anyMatch(mark -> Files.exists(Path.of(mark)))
            ? ", in a container"
            : "";
    return "uid "
        + uid
        + ", "
        + capabilities(permitted)
        + inside
        + (Keeper.isNested() ? ", in a user namespace" : "");
  }

  private static String capabilities(long permitted) {
    List<Capability> had = known(permitted);
    List<Capability> lacking = known(~permitted);
    if (had.isEmpty()) {
      return "no capabilities";
    }
    if (lacking.size() > had.size()) {
      return "capabilities " + words(had);
    }
    return "all capabilities" + (lacking.isEmpty() ? "" : " but " + words(lacking));
  }

  private static List<Capability> known(long bits) {
    return Arrays.stream(Capability.values())
        .filter(each -> Capabilities.isKnown(each) && (bits & each.bit()) != 0)
        .toList();
  }

  private static String words(List<Capability> capabilities) {
    return capabilities.stream().map(Capability::name).collect(Collectors.joining(" "));
  }

  String userNamespaces() {
    String off = HostLimits.switchedOff(rootless());
    if (off != null) {
      throw new OperationException(off);
    }
    String most =
        HostProbe.read(
            "/proc/sys/user/max_user_namespaces",
            "this kernel has no user namespaces (CONFIG_USER_NS): an ordinary user runs no command on it");
    return "at most " + most + (rootless() ? "" : "; root needs none");
  }

  String subordinateIds() {
    if (!rootless()) {
      return "root needs none";
    }
    if (singleId) {
      return "none are needed, as a single id was asked for";
    }
    IdMap ids = IdMap.ofThisUser();
    return ids.uids().stream().mapToLong(IdMap.Range::count).sum()
        + " uids and "
        + ids.gids().stream().mapToLong(IdMap.Range::count).sum()
        + " gids for "
        + ids.user()
        + ", by "
        + entitled("newuidmap")
        + " and "
        + entitled("newgidmap");
  }

  /** One of the two that may map them. */
  private static String entitled(String tool) {
    Path found = new MapTool(tool, "").find();
    if (!MapTool.isEntitled(found)) {
      throw new OperationException(MapTool.notEntitled(found));
    }
    return found.toString();
  }

  String seccomp() {
    String actions =
        HostProbe.read(
            "/proc/sys/kernel/seccomp/actions_avail",
            "this kernel takes no filters of system calls (CONFIG_SECCOMP_FILTER): commands need Security.DEFAULT.seccomp(Seccomp.UNCONFINED)");
    return "filters with " + actions.replace(' ', ',');
  }
}
