package dev.cooper.linux;

import dev.cooper.command.Capability;
import dev.cooper.command.Network;
import dev.cooper.command.Rlimit;
import dev.cooper.command.Security;
import dev.cooper.oci.Json;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSpec;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The config.json of a bundle for one process (the OCI's runtime-spec 1.0): what {@link
 * ContainerProgram} does by itself, said to an engine.
 *
 * @param place where {@link EngineProgram} has laid out what is mounted
 * @param keeper says what rights can be given at all
 */
record EngineBundle(
    ProcessSpec process, MountPlan plan, ProtectedPaths paths, Path place, Keeper keeper) {
  private static final String PRIVATE = "nosuid,nodev,noexec";

  byte[] config(Path root) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("ociVersion", "1.0.2");
    config.put("process", told());
    // Read-only, if it is to be, already is the mount that it lies on.
    config.put("root", Map.of("path", root.toString(), "readonly", false));
    config.put("hostname", process.hostname());
    config.put("mounts", mounts());
    config.put("linux", linux());
    return Json.write(config);
  }

  private Map<String, Object> told() {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("terminal", false);
    Map<String, Object> user = new LinkedHashMap<>();
    user.put("uid", process.uid());
    user.put("gid", process.gid());
    user.put("umask", 022L);
    if (keeper.setsGroups()) {
      user.put("additionalGids", process.groups());
    }
    told.put("user", user);
    told.put("args", process.command());
    told.put(
        "env",
        process.environment().entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue())
            .sorted()
            .toList());
    told.put("cwd", process.workdir());
    told.put("capabilities", capabilities());
    told.put("rlimits", limits());
    told.put("noNewPrivileges", process.security().noNewPrivileges());
    return told;
  }

  private Map<String, Object> capabilities() {
    List<String> bounding =
        Arrays.stream(Capability.values())
            .filter(each -> process.security().capabilities().contains(each))
            .filter(each -> Capabilities.isKnown(each) && (each.bit() & keeper.permitted()) != 0)
            .map(each -> "CAP_" + each.name())
            .toList();
    List<String> had = process.uid() == 0 ? bounding : List.of();
    Map<String, Object> sets = new LinkedHashMap<>();
    sets.put("bounding", bounding);
    sets.put("effective", had);
    sets.put("permitted", had);
    // None: CVE-2022-24769.
    sets.put("inheritable", List.of());
    sets.put("ambient", List.of());
    return sets;
  }

  private List<Object> limits() {
    List<Object> told = new ArrayList<>();
    Map<Rlimit, Security.Ulimit> limits = Rlimits.all(process.security().limits());
    limits.forEach(
        (what, limit) ->
            told.add(
                Map.of(
                    "type", "RLIMIT_" + what.name(),
                    "soft", unsigned(limit.soft()),
                    "hard", unsigned(limit.hard()))));
    return told;
  }

  /** The spec has no -1 for a limit that is none. */
  private static Object unsigned(long limit) {
    return limit >= 0 ? limit : new BigInteger(Long.toUnsignedString(limit));
  }

  private List<Object> mounts() {
    List<Object> all = new ArrayList<>();
    all.add(mount("/proc", "proc", "proc", PRIVATE));
    all.add(bind("/dev", "dev"));
    all.add(
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"
                + (keeper.mapsTty() ? ",gid=5" : "")));
    all.add(mount("/dev/mqueue", "mqueue", "mqueue", PRIVATE));
    all.add(
        process.hostNetwork()
            ? bind("/sys", "sys")
            : mount("/sys", "sysfs", "sysfs", PRIVATE + ",ro"));
    int file = 0;
    for (int i = 0; i < plan.steps().size(); i++) {
      MountPlan.Step step = plan.steps().get(i);
      boolean isFile = step.mount() instanceof ProcessMount.Memory;
      all.add(bind(step.path(), isFile ? EngineProgram.file(file++) : EngineProgram.mount(i)));
    }
    return all;
  }

  /** What was laid out has the attributes that it is to have: an engine's copy keeps them. */
  private Map<String, Object> bind(String target, String name) {
    return mount(target, "bind", place.resolve(name).toString(), "rbind,rprivate");
  }

  private static Map<String, Object> mount(
      String target, String type, String source, String options) {
    Map<String, Object> mount = new LinkedHashMap<>();
    mount.put("destination", target);
    mount.put("type", type);
    mount.put("source", source);
    mount.put("options", List.of(options.split(",")));
    return mount;
  }

  private Map<String, Object> linux() {
    List<Object> namespaces = new ArrayList<>();
    for (String each : List.of("pid", "mount", "ipc", "uts", "cgroup")) {
      namespaces.add(Map.of("type", each));
    }
    if (process.network().mode() == Network.Mode.NONE) {
      namespaces.add(Map.of("type", "network"));
    }
    Map<String, Object> linux = new LinkedHashMap<>();
    linux.put("namespaces", namespaces);
    List<String> masked = new ArrayList<>(KernelFiles.maskedPaths());
    paths.masked().forEach(each -> masked.add(each.path()));
    linux.put("maskedPaths", masked);
    List<String> readOnly = new ArrayList<>(KernelFiles.readOnlyPaths());
    readOnly.addAll(paths.readOnly());
    linux.put("readonlyPaths", readOnly);
    long capabilities = Capability.bits(process.security().capabilities());
    @Nullable SeccompPolicy policy =
        SeccompFilters.policy(process.security().seccomp(), capabilities);
    if (policy != null) {
      linux.put("seccomp", EngineSeccomp.of(policy, Abi.CURRENT));
    }
    return linux;
  }
}
