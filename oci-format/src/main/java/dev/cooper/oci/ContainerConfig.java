package dev.cooper.oci;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a container of an image is run: the {@code config} part of an image's configuration.
 *
 * <p>Sources: OCI image-spec, "OCI Image Configuration: config"; Docker's "Image Specification
 * v1.3" for the fields that only it has. Immutable.
 *
 * @param user name or id, with {@code :group} or without, that a container runs as; empty for root
 * @param exposedPorts such as {@code 80/tcp}
 * @param env each {@code NAME=value}, in order
 * @param entrypoint what is run, before {@code cmd}; empty for none
 * @param cmd the entrypoint's arguments, or what is run if there is none
 * @param volumes paths that hold data of their own
 * @param workingDir where a container starts; empty for the root directory
 * @param labels what is said about the image, by name
 * @param stopSignal name or number of the signal that asks it to end; empty for SIGTERM
 * @param healthcheck how to see whether it is well, or null to inherit
 * @param shell what a Dockerfile's shell form is run by; empty for the usual one
 * @param onBuild Dockerfile instructions for images built from this one
 * @param argsEscaped on Windows, whether the command line is already escaped
 * @param extra fields that this library does not know, such as Docker's {@code Hostname}, as plain
 *     Java values
 */
public record ContainerConfig(
    String user,
    SortedSet<String> exposedPorts,
    List<String> env,
    List<String> entrypoint,
    List<String> cmd,
    SortedSet<String> volumes,
    String workingDir,
    SortedMap<String, String> labels,
    String stopSignal,
    @Nullable Healthcheck healthcheck,
    List<String> shell,
    List<String> onBuild,
    boolean argsEscaped,
    Map<String, @Nullable Object> extra) {
  /** Nothing set. */
  public static final ContainerConfig EMPTY = new Draft().toConfig();

  private static final Set<String> KEYS =
      Set.of(
          "User",
          "ExposedPorts",
          "Env",
          "Entrypoint",
          "Cmd",
          "Volumes",
          "WorkingDir",
          "Labels",
          "StopSignal",
          "Healthcheck",
          "Shell",
          "OnBuild",
          "ArgsEscaped");

  /**
   * Copies the collections.
   *
   * @param user name or id, with {@code :group} or without, that a container runs as; empty for
   *     root
   * @param exposedPorts such as {@code 80/tcp}
   * @param env each {@code NAME=value}, in order
   * @param entrypoint what is run, before {@code cmd}; empty for none
   * @param cmd the entrypoint's arguments, or what is run if there is none
   * @param volumes paths that hold data of their own
   * @param workingDir where a container starts; empty for the root directory
   * @param labels what is said about the image, by name
   * @param stopSignal name or number of the signal that asks it to end; empty for SIGTERM
   * @param healthcheck how to see whether it is well, or null to inherit
   * @param shell what a Dockerfile's shell form is run by; empty for the usual one
   * @param onBuild Dockerfile instructions for images built from this one
   * @param argsEscaped on Windows, whether the command line is already escaped
   * @param extra fields that this library does not know, such as Docker's {@code Hostname}, as
   *     plain Java values
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value
   */
  public ContainerConfig {
    exposedPorts = Collections.unmodifiableSortedSet(new TreeSet<>(exposedPorts));
    env = List.copyOf(env);
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    volumes = Collections.unmodifiableSortedSet(new TreeSet<>(volumes));
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    shell = List.copyOf(shell);
    onBuild = List.copyOf(onBuild);
    extra = Json.freezeExtra(extra, KEYS);
  }

  /**
   * The value of an environment variable.
   *
   * @param name its name
   * @return its value, or null if it is not set
   */
  public @Nullable String env(String name) {
    String prefix = name + "=";
    for (String each : env) {
      if (each.startsWith(prefix)) {
        return each.substring(prefix.length());
      }
    }
    return null;
  }

  /**
   * A copy with a variable set: one that was set keeps its place, a new one comes last, as Docker
   * does it.
   *
   * @param name its name, neither empty nor with an equals sign
   * @param value its value
   * @return the copy
   * @throws IllegalArgumentException if the name is empty or has an equals sign, or either has a
   *     NUL, which no environment can hold
   */
  public ContainerConfig withEnv(String name, String value) {
    if (name.isEmpty() || name.indexOf('=') >= 0 || (name + value).indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "environment variable " + Text.quote(name) + ": expected a name without = or NUL");
    }
    List<String> changed = new ArrayList<>(env);
    int at = 0;
    while (at < changed.size() && !isNamed(changed.get(at), name)) {
      at++;
    }
    if (at < changed.size()) {
      changed.set(at, name + "=" + value);
    } else {
      changed.add(name + "=" + value);
    }
    return withEnv(changed);
  }

  private static boolean isNamed(String entry, String name) {
    return entry.equals(name) || entry.startsWith(name + "=");
  }

  /**
   * A copy with another environment.
   *
   * @param env all of it, each {@code NAME=value}
   * @return the copy
   */
  public ContainerConfig withEnv(List<String> env) {
    return edit(draft -> draft.env = env);
  }

  /**
   * A copy without a variable.
   *
   * @param name its name
   * @return the copy
   */
  public ContainerConfig withoutEnv(String name) {
    return edit(draft -> draft.env.removeIf(each -> isNamed(each, name)));
  }

  /**
   * A copy with another user.
   *
   * @param user name or id, with {@code :group} or without; empty for root
   * @return the copy
   */
  public ContainerConfig withUser(String user) {
    return edit(draft -> draft.user = user);
  }

  /**
   * A copy with other ports.
   *
   * @param ports all of them, such as {@code 80/tcp}
   * @return the copy
   * @throws IllegalArgumentException if one is no port, by {@link ExposedPort#parse}
   */
  public ContainerConfig withExposedPorts(Collection<String> ports) {
    ports.forEach(ExposedPort::parse);
    return edit(draft -> draft.exposedPorts = new TreeSet<>(ports));
  }

  /**
   * A copy with one port more.
   *
   * @param port such as {@code 80/tcp}
   * @return the copy
   * @throws IllegalArgumentException if it is no port, by {@link ExposedPort#parse}
   */
  public ContainerConfig withExposedPort(String port) {
    ExposedPort.parse(port);
    return edit(draft -> draft.exposedPorts.add(port));
  }

  /**
   * A copy with another entrypoint.
   *
   * @param entrypoint the command's words; empty for none
   * @return the copy
   */
  public ContainerConfig withEntrypoint(List<String> entrypoint) {
    return edit(draft -> draft.entrypoint = entrypoint);
  }

  /**
   * A copy with another default command.
   *
   * @param cmd the command's words; empty for none
   * @return the copy
   */
  public ContainerConfig withCmd(List<String> cmd) {
    return edit(draft -> draft.cmd = cmd);
  }

  /**
   * A copy with other volumes.
   *
   * @param volumes all their paths
   * @return the copy
   */
  public ContainerConfig withVolumes(Collection<String> volumes) {
    return edit(draft -> draft.volumes = new TreeSet<>(volumes));
  }

  /**
   * A copy with one volume more.
   *
   * @param path its path
   * @return the copy
   */
  public ContainerConfig withVolume(String path) {
    return edit(draft -> draft.volumes.add(path));
  }

  /**
   * A copy with another working directory.
   *
   * @param workingDir an absolute path; empty for the root directory
   * @return the copy
   */
  public ContainerConfig withWorkingDir(String workingDir) {
    return edit(draft -> draft.workingDir = workingDir);
  }

  /**
   * A copy with other labels.
   *
   * @param labels all of them
   * @return the copy
   * @throws IllegalArgumentException if a name is blank
   */
  public ContainerConfig withLabels(Map<String, String> labels) {
    labels.keySet().forEach(ContainerConfig::requireLabel);
    return edit(draft -> draft.labels = new TreeMap<>(labels));
  }

  /**
   * A copy with one label more, or another value of one.
   *
   * @param name its name
   * @param value its value
   * @return the copy
   * @throws IllegalArgumentException if the name is blank
   */
  public ContainerConfig withLabel(String name, String value) {
    requireLabel(name);
    return edit(draft -> draft.labels.put(name, value));
  }

  /** Dockerfile reference, "LABEL": no name is blank. */
  private static void requireLabel(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "invalid label name " + Text.quote(name) + ": expected one that is not blank");
    }
  }

  /**
   * A copy with another stop signal.
   *
   * @param stopSignal name or number; empty for SIGTERM
   * @return the copy
   * @throws IllegalArgumentException if Linux has no such signal, by {@link StopSignal}
   */
  public ContainerConfig withStopSignal(String stopSignal) {
    if (!stopSignal.isEmpty()) {
      new StopSignal(stopSignal);
    }
    return edit(draft -> draft.stopSignal = stopSignal);
  }

  /**
   * A copy with another health check.
   *
   * @param healthcheck the new one, or null to inherit
   * @return the copy
   */
  public ContainerConfig withHealthcheck(@Nullable Healthcheck healthcheck) {
    return edit(draft -> draft.healthcheck = healthcheck);
  }

  /**
   * A copy with another shell.
   *
   * @param shell the command's words; empty for the usual one
   * @return the copy
   */
  public ContainerConfig withShell(List<String> shell) {
    return edit(draft -> draft.shell = shell);
  }

  /**
   * A copy with other triggers.
   *
   * @param onBuild all the Dockerfile instructions
   * @return the copy
   */
  public ContainerConfig withOnBuild(List<String> onBuild) {
    return edit(draft -> draft.onBuild = onBuild);
  }

  private ContainerConfig edit(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.toConfig();
  }

  /** Reads it; the words of a command may be one text alone, as Docker reads them. */
  static ContainerConfig from(JsonObject json) {
    Draft draft = new Draft();
    draft.user = json.stringOr("User", "");
    draft.exposedPorts = json.names("ExposedPorts");
    draft.env = json.strings("Env");
    draft.entrypoint = json.words("Entrypoint");
    draft.cmd = json.words("Cmd");
    draft.volumes = json.names("Volumes");
    draft.workingDir = json.stringOr("WorkingDir", "");
    draft.labels = json.stringMap("Labels");
    draft.stopSignal = json.stringOr("StopSignal", "");
    JsonObject healthcheck = json.optionalObject("Healthcheck");
    draft.healthcheck = healthcheck == null ? null : Healthcheck.from(healthcheck);
    draft.shell = json.words("Shell");
    draft.onBuild = json.strings("OnBuild");
    draft.argsEscaped = json.flag("ArgsEscaped");
    draft.extra = json.rest();
    return draft.toConfig();
  }

  Map<String, @Nullable Object> toTree() {
    JsonFields fields =
        new JsonFields()
            .add("User", user)
            .addNames("ExposedPorts", exposedPorts)
            .add("Env", env)
            .add("Entrypoint", entrypoint)
            .add("Cmd", cmd)
            .addNames("Volumes", volumes)
            .add("WorkingDir", workingDir)
            .add("Labels", labels)
            .add("StopSignal", stopSignal)
            .add("ArgsEscaped", argsEscaped);
    if (healthcheck != null) {
      fields.put("Healthcheck", healthcheck.toTree());
    }
    return fields.add("Shell", shell).add("OnBuild", onBuild).with(extra);
  }

  /** The same while it is being put together. */
  private static final class Draft {
    private String user = "";
    private SortedSet<String> exposedPorts = new TreeSet<>();
    private List<String> env = List.of();
    private List<String> entrypoint = List.of();
    private List<String> cmd = List.of();
    private SortedSet<String> volumes = new TreeSet<>();
    private String workingDir = "";
    private SortedMap<String, String> labels = new TreeMap<>();
    private String stopSignal = "";
    private @Nullable Healthcheck healthcheck;
    private List<String> shell = List.of();
    private List<String> onBuild = List.of();
    private boolean argsEscaped;
    private Map<String, @Nullable Object> extra = Map.of();

    Draft() {}

    Draft(ContainerConfig config) {
      user = config.user;
      exposedPorts = new TreeSet<>(config.exposedPorts);
      env = new ArrayList<>(config.env);
      entrypoint = config.entrypoint;
      cmd = config.cmd;
      volumes = new TreeSet<>(config.volumes);
      workingDir = config.workingDir;
      labels = new TreeMap<>(config.labels);
      stopSignal = config.stopSignal;
      healthcheck = config.healthcheck;
      shell = config.shell;
      onBuild = config.onBuild;
      argsEscaped = config.argsEscaped;
      extra = config.extra;
    }

    ContainerConfig toConfig() {
      return new ContainerConfig(
          user,
          exposedPorts,
          env,
          entrypoint,
          cmd,
          volumes,
          workingDir,
          labels,
          stopSignal,
          healthcheck,
          shell,
          onBuild,
          argsEscaped,
          extra);
    }
  }
}
