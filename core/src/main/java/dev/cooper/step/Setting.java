package dev.cooper.step;

import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.ExposedPort;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Platform;
import dev.cooper.text.ImageFields;
import dev.cooper.text.Instruction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A step that configures the image to come. Immutable. */
public sealed interface Setting extends Step {
  /**
   * What a configuration becomes by it.
   *
   * @param before the configuration so far
   * @return the configuration with this set
   */
  ImageConfig applyTo(ImageConfig before);

  private static ImageConfig edited(ImageConfig image, ContainerConfig config) {
    return image.withConfig(config);
  }

  private static Map<String, String> checked(
      Map<String, String> values, BiConsumer<String, String> check) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("found no names, expected one or more");
    }
    values.forEach(check);
    return Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * Sets environment variables; {@code ENV}.
   *
   * @param variables their values by their names, in order
   */
  record Env(Map<String, String> variables) implements Setting {
    /**
     * Copies the map.
     *
     * @param variables their values by their names, in order
     * @throws IllegalArgumentException if there are none, or a name is none
     */
    public Env {
      variables = checked(variables, ImageFields::variable);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      ContainerConfig config = before.config();
      for (Map.Entry<String, String> each : variables.entrySet()) {
        config = config.withEnv(each.getKey(), each.getValue());
      }
      return edited(before, config);
    }

    @Override
    public String instruction() {
      return Instruction.pairs("ENV", variables);
    }
  }

  /**
   * Removes an environment variable; buildah's {@code --unsetenv}.
   *
   * @param name the variable; nothing happens if there is none
   */
  record UnsetEnv(String name) implements Setting {
    /**
     * Checks the name.
     *
     * @param name the variable
     */
    public UnsetEnv {
      ImageFields.variable(name);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withoutEnv(name));
    }

    @Override
    public String instruction() {
      return Instruction.comment("unset ENV " + name);
    }
  }

  /**
   * Sets labels; {@code LABEL}.
   *
   * @param labels their values by their names, in order
   */
  record Label(Map<String, String> labels) implements Setting {
    /**
     * Copies the map.
     *
     * @param labels their values by their names, in order
     * @throws IllegalArgumentException if there are none
     */
    public Label {
      labels =
          checked(
              labels,
              (name, value) -> {
                ImageFields.text("name", name);
                ImageFields.text("value", value);
              });
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      ContainerConfig config = before.config();
      for (Map.Entry<String, String> each : labels.entrySet()) {
        config = config.withLabel(each.getKey(), each.getValue());
      }
      return edited(before, config);
    }

    @Override
    public String instruction() {
      return Instruction.pairs("LABEL", labels);
    }
  }

  /**
   * Sets who runs commands and the entrypoint; {@code USER}.
   *
   * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}
   */
  record User(String user) implements Setting {
    /**
     * Checks it.
     *
     * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}
     */
    public User {
      ImageFields.user(user);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withUser(user));
    }

    @Override
    public String instruction() {
      return Instruction.line("USER", user);
    }
  }

  /**
   * Sets the working directory, which is made if it is missing; {@code WORKDIR}.
   *
   * @param directory a path inside; a relative one is taken from the working directory so far
   */
  record Workdir(String directory) implements Setting {
    /**
     * Checks it.
     *
     * @param directory a path inside
     */
    public Workdir {
      ImageFields.nonEmpty("directory", directory);
    }

    /** With an absolute directory: a relative one has been resolved before. */
    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withWorkingDir(directory));
    }

    @Override
    public boolean changesFiles() {
      return true;
    }

    @Override
    public String instruction() {
      return Instruction.line("WORKDIR", directory);
    }
  }

  /**
   * Sets what the image runs; {@code ENTRYPOINT}. A command that the base brought is cleared.
   *
   * @param arguments the executable and its first arguments; none clears it
   */
  record Entrypoint(List<String> arguments) implements Setting {
    /**
     * Copies the list.
     *
     * @param arguments the executable and its first arguments
     */
    public Entrypoint {
      arguments = List.copyOf(arguments);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withEntrypoint(arguments));
    }

    @Override
    public String instruction() {
      return Instruction.words("ENTRYPOINT", arguments);
    }
  }

  /**
   * Sets what the image runs, or the default arguments of its entrypoint; {@code CMD}.
   *
   * @param arguments the arguments; none clears them
   */
  record Cmd(List<String> arguments) implements Setting {
    /**
     * Copies the list.
     *
     * @param arguments the arguments
     */
    public Cmd {
      arguments = List.copyOf(arguments);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withCmd(arguments));
    }

    @Override
    public String instruction() {
      return Instruction.words("CMD", arguments);
    }
  }

  /**
   * Says that the image listens on a port; {@code EXPOSE}.
   *
   * @param port such as {@code 53/udp}; without a protocol it is TCP
   */
  record Expose(String port) implements Setting {
    /**
     * Checks it and writes it out.
     *
     * @param port such as {@code 53/udp}
     * @throws IllegalArgumentException if it is no port
     */
    public Expose {
      Objects.requireNonNull(port, "port");
      port = ExposedPort.parse(port).toString();
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withExposedPort(port));
    }

    @Override
    public String instruction() {
      return Instruction.line("EXPOSE", port);
    }
  }

  /**
   * Says that a path holds data from outside the image, and makes its directory if it is missing;
   * {@code VOLUME}.
   *
   * @param path an absolute path inside
   */
  record Volume(String path) implements Setting {
    /**
     * Makes it canonical.
     *
     * @param path an absolute path inside
     */
    public Volume {
      Objects.requireNonNull(path, "path");
      path = ImageFields.volume(path);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withVolume(path));
    }

    @Override
    public boolean changesFiles() {
      return true;
    }

    @Override
    public String instruction() {
      return Instruction.words("VOLUME", List.of(Instruction.unexpanded(path)));
    }
  }

  /**
   * Sets the shell that runs commands of one string; {@code SHELL}.
   *
   * @param arguments such as {@code /bin/bash} and {@code -c}
   */
  record Shell(List<String> arguments) implements Setting {
    /**
     * Copies the list.
     *
     * @param arguments such as {@code /bin/bash} and {@code -c}
     */
    public Shell {
      arguments = List.copyOf(arguments);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withShell(arguments));
    }

    @Override
    public String instruction() {
      return Instruction.words("SHELL", arguments);
    }
  }

  /**
   * Sets the signal that stops the image's process; {@code STOPSIGNAL}.
   *
   * @param signal such as {@code SIGTERM} or a number
   */
  record StopSignal(String signal) implements Setting {
    /**
     * Checks it.
     *
     * @param signal such as {@code SIGTERM} or a number
     */
    public StopSignal {
      ImageFields.text("signal", signal);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withStopSignal(signal));
    }

    @Override
    public String instruction() {
      return Instruction.line("STOPSIGNAL", signal);
    }
  }

  /**
   * Sets how an engine finds out whether the image's process is well; {@code HEALTHCHECK}.
   *
   * @param check what to run, and how often; null for what the base says
   */
  record Health(@Nullable Healthcheck check) implements Setting {
    /**
     * Checks it.
     *
     * @param check what to run, and how often; null for what the base says
     */
    public Health {
      if (check != null) {
        ImageFields.check(check);
      }
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return edited(before, before.config().withHealthcheck(check));
    }

    @Override
    public String instruction() {
      return check == null
          ? Instruction.comment("unset HEALTHCHECK")
          : Instruction.healthcheck(check);
    }
  }

  /**
   * Adds an instruction that a Dockerfile which begins from the image runs first; {@code ONBUILD}.
   *
   * @param trigger an instruction of a Dockerfile
   */
  record OnBuild(String trigger) implements Setting {
    /**
     * Checks it.
     *
     * @param trigger an instruction of a Dockerfile
     */
    public OnBuild {
      ImageFields.trigger(trigger);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      List<String> all = new ArrayList<>(before.config().onBuild());
      all.add(trigger);
      return edited(before, before.config().withOnBuild(all));
    }

    @Override
    public String instruction() {
      return "ONBUILD " + trigger;
    }
  }

  /**
   * Removes a label; buildah's {@code --unsetlabel}.
   *
   * @param name the label; nothing happens if there is none
   */
  record UnsetLabel(String name) implements Setting {
    /**
     * Checks it.
     *
     * @param name the label; nothing happens if there is none
     */
    public UnsetLabel {
      ImageFields.text("name", name);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      SortedMap<String, String> labels = new TreeMap<>(before.config().labels());
      labels.remove(name);
      return edited(before, before.config().withLabels(labels));
    }

    @Override
    public String instruction() {
      return Instruction.comment("unset LABEL " + name);
    }
  }

  /**
   * Says no more that the image listens on a port.
   *
   * @param port such as {@code 53/udp}; nothing happens if it is not exposed
   */
  record Unexpose(String port) implements Setting {
    /**
     * Checks it.
     *
     * @param port such as {@code 53/udp}; nothing happens if it is not exposed
     */
    public Unexpose {
      port = ExposedPort.parse(port).toString();
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      List<String> ports = new ArrayList<>(before.config().exposedPorts());
      ports.remove(port);
      return edited(before, before.config().withExposedPorts(ports));
    }

    @Override
    public String instruction() {
      return Instruction.comment("unset EXPOSE " + port);
    }
  }

  /**
   * Says no more that a path holds data from outside the image.
   *
   * @param path an absolute path inside; nothing happens if it is no volume
   */
  record UnsetVolume(String path) implements Setting {
    /**
     * Checks it.
     *
     * @param path an absolute path inside; nothing happens if it is no volume
     */
    public UnsetVolume {
      path = ImageFields.volume(path);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      List<String> volumes = new ArrayList<>(before.config().volumes());
      volumes.remove(path);
      return edited(before, before.config().withVolumes(volumes));
    }

    @Override
    public String instruction() {
      return Instruction.comment("unset VOLUME " + path);
    }
  }

  /**
   * Sets who made the image; {@code MAINTAINER}.
   *
   * @param author a name, an address
   */
  record Author(String author) implements Setting {
    /**
     * Checks it.
     *
     * @param author a name, an address
     */
    public Author {
      ImageFields.text("author", author);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return before.withAuthor(author);
    }

    @Override
    public String instruction() {
      return author.isBlank()
          ? Instruction.comment("unset MAINTAINER")
          : Instruction.rest("MAINTAINER", author);
    }
  }

  /**
   * Sets what the image runs on; {@code FROM --platform}.
   *
   * @param platform of the image
   */
  record ForPlatform(Platform platform) implements Setting {
    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return before.withPlatform(platform);
    }

    @Override
    public String instruction() {
      return Instruction.comment("platform " + platform);
    }
  }

  /**
   * Adds a line to the image's history, and does nothing else.
   *
   * @param text what was done
   */
  record Note(String text) implements Setting {
    /**
     * Checks it.
     *
     * @param text what was done
     */
    public Note {
      ImageFields.nonEmpty("text", text);
    }

    @Override
    public ImageConfig applyTo(ImageConfig before) {
      return before;
    }

    /** The text as it is. */
    @Override
    public String instruction() {
      return text;
    }
  }
}
