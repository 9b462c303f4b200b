package dev.cooper;

import dev.cooper.command.Ids;
import dev.cooper.container.ContainerFiles;
import dev.cooper.container.Steps;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.Platform;
import dev.cooper.step.Setting;
import dev.cooper.step.Step;
import dev.cooper.text.ImageFields;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The configuration of the image that a {@link WorkingContainer} is made into. Its methods are
 * called on the working container, each of them returns it, and there is no other kind.
 *
 * <p>As a {@link WorkingContainer}, it takes one call at a time.
 */
public abstract sealed class ContainerSettings permits WorkingContainer {
  final ContainerFiles files;
  final Steps steps;

  ContainerSettings(ContainerFiles files) {
    this.files = files;
    this.steps = new Steps(files);
  }

  abstract WorkingContainer self();

  final WorkingContainer perform(Step step) {
    steps.perform(step);
    return self();
  }

  /**
   * Sets an environment variable of the image and of what runs from now on.
   *
   * @param name its name, not empty and without {@code =}
   * @param value its value
   * @return this
   * @throws IllegalArgumentException if the name is none
   */
  public WorkingContainer env(String name, String value) {
    ImageFields.variable(name, value);
    return perform(new Setting.Env(Map.of(name, value)));
  }

  /**
   * Sets environment variables, as one step.
   *
   * @param variables their values by their names; one at least
   * @return this
   * @throws IllegalArgumentException if there are none, or a name is none
   */
  public WorkingContainer env(Map<String, String> variables) {
    Objects.requireNonNull(variables, "variables");
    return perform(new Setting.Env(variables));
  }

  /**
   * Removes an environment variable.
   *
   * @param name its name; nothing happens if there is none
   * @return this
   */
  public WorkingContainer unsetEnv(String name) {
    ImageFields.variable(name);
    return perform(new Setting.UnsetEnv(name));
  }

  /**
   * Sets a label.
   *
   * @param name its name
   * @param value its value
   * @return this
   */
  public WorkingContainer label(String name, String value) {
    ImageFields.text("name", name);
    ImageFields.text("value", value);
    return perform(new Setting.Label(Map.of(name, value)));
  }

  /**
   * Sets labels, as one step.
   *
   * @param labels their values by their names; one at least
   * @return this
   * @throws IllegalArgumentException if there are none
   */
  public WorkingContainer labels(Map<String, String> labels) {
    Objects.requireNonNull(labels, "labels");
    return perform(new Setting.Label(labels));
  }

  /**
   * Removes a label, of the base too; buildah's {@code --unsetlabel}.
   *
   * @param name its name; nothing happens if there is none
   * @return this
   */
  public WorkingContainer unsetLabel(String name) {
    return perform(new Setting.UnsetLabel(ImageFields.text("name", name)));
  }

  /**
   * Sets an annotation of the image's manifest; Docker's format has none and drops it.
   *
   * @param name its name
   * @param value its value
   * @return this
   */
  public WorkingContainer annotation(String name, String value) {
    ImageFields.nonEmpty("name", name);
    ImageFields.text("value", value);
    return steps.locked(
        () -> {
          files.draft().annotate(name, value);
          return self();
        });
  }

  /**
   * Removes an annotation that was set.
   *
   * @param name its name; nothing happens if there is none
   * @return this
   */
  public WorkingContainer unsetAnnotation(String name) {
    ImageFields.text("name", name);
    return steps.locked(
        () -> {
          files.draft().unannotate(name);
          return self();
        });
  }

  /**
   * Sets who runs what runs from now on, and the image's entrypoint; the Dockerfile's USER.
   *
   * <p>A number is always an id. A user whom the image's {@code /etc/passwd} knows, by name or id,
   * has the group that stands there, any other number group 0. Its supplementary groups are that
   * one and those of {@code /etc/group} that list it; where a group is given it is the only one.
   * With {@link Ids#SINGLE} nobody can change groups: a command keeps those that this JVM's user
   * has on the host.
   *
   * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}; looked up in the
   *     image when something runs
   * @return this
   */
  public WorkingContainer user(String user) {
    return perform(new Setting.User(user));
  }

  /**
   * Sets the working directory and makes it if it is missing, as the Dockerfile's WORKDIR does:
   * what it makes, with the directories above it, belongs to the user that was set before, and is
   * root's if none was.
   *
   * @param directory a relative one is taken from the working directory so far
   * @return this
   * @throws dev.cooper.oci.OperationException if a file lies there, or a directory has to be made
   *     and the container does not know the user
   */
  public WorkingContainer workdir(String directory) {
    return perform(new Setting.Workdir(directory));
  }

  /**
   * Sets what the image runs; a command inherited from the base no longer fits and is cleared.
   *
   * @param arguments the executable and its first arguments; none clears it
   * @return this
   */
  public WorkingContainer entrypoint(String... arguments) {
    return perform(new Setting.Entrypoint(ImageFields.words("arguments", arguments)));
  }

  /**
   * Sets what the image runs, or the default arguments of its entrypoint.
   *
   * @param arguments the arguments; none clears it
   * @return this
   */
  public WorkingContainer cmd(String... arguments) {
    return perform(new Setting.Cmd(ImageFields.words("arguments", arguments)));
  }

  /**
   * Says that the image listens on a TCP port.
   *
   * @param port 1 to 65535
   * @return this
   */
  public WorkingContainer expose(int port) {
    return expose(port + "/tcp");
  }

  /**
   * Says that the image listens on a port.
   *
   * @param port such as {@code 53/udp}; without a protocol it is TCP, and {@code 53/UDP} is {@code
   *     53/udp}
   * @return this
   * @throws IllegalArgumentException if it is none
   */
  public WorkingContainer expose(String port) {
    return perform(new Setting.Expose(port));
  }

  /**
   * Says no more that the image listens on a port, as its base may.
   *
   * @param port such as {@code 53/udp}; nothing happens if it is not exposed
   * @return this
   * @throws IllegalArgumentException if it is no port
   */
  public WorkingContainer unexpose(String port) {
    Objects.requireNonNull(port, "port");
    return perform(new Setting.Unexpose(port));
  }

  /**
   * Says that a path holds data from outside the image, and makes its directory if it is missing:
   * root's, with mode 0755.
   *
   * @param path an absolute path
   * @return this
   * @throws dev.cooper.oci.OperationException if a file lies there
   */
  public WorkingContainer volume(String path) {
    return perform(new Setting.Volume(path));
  }

  /**
   * Says no more that a path holds data from outside, as the base may. Its directory stays.
   *
   * @param path an absolute path; nothing happens if it is no volume
   * @return this
   */
  public WorkingContainer unsetVolume(String path) {
    Objects.requireNonNull(path, "path");
    return perform(new Setting.UnsetVolume(path));
  }

  /**
   * Sets the shell that runs commands of one string.
   *
   * @param arguments such as {@code "/bin/bash", "-c"}
   * @return this
   */
  public WorkingContainer shell(String... arguments) {
    return perform(new Setting.Shell(ImageFields.words("arguments", arguments)));
  }

  /**
   * Sets the signal that stops the image's process.
   *
   * @param signal such as {@code SIGTERM} or a number
   * @return this
   */
  public WorkingContainer stopSignal(String signal) {
    return perform(new Setting.StopSignal(signal));
  }

  /**
   * Sets how an engine finds out whether the image's process is well; Docker's format only keeps
   * it.
   *
   * @param check what to run, and how often
   * @return this
   */
  public WorkingContainer healthcheck(Healthcheck check) {
    Objects.requireNonNull(check, "check");
    return perform(new Setting.Health(check));
  }

  /**
   * Has engines not look whether the image's process is well, whatever the base says; {@code
   * HEALTHCHECK NONE}.
   *
   * @return this
   */
  public WorkingContainer noHealthcheck() {
    return perform(new Setting.Health(Healthcheck.of(List.of("NONE"))));
  }

  /**
   * Says nothing about health checks, as if neither this image nor its base ever had.
   *
   * @return this
   */
  public WorkingContainer unsetHealthcheck() {
    return perform(new Setting.Health(null));
  }

  /**
   * Adds an instruction that a Dockerfile which begins from the image runs first.
   *
   * @param instruction of a Dockerfile
   * @return this
   */
  public WorkingContainer onbuild(String instruction) {
    ImageFields.trigger(instruction);
    return perform(new Setting.OnBuild(instruction));
  }

  /**
   * Sets who made the image.
   *
   * @param author a name, an address
   * @return this
   */
  public WorkingContainer author(String author) {
    return perform(new Setting.Author(author));
  }

  /**
   * Adds a line to the image's history that nothing else says.
   *
   * @param text what was done
   * @return this
   */
  public WorkingContainer history(String text) {
    return perform(new Setting.Note(text));
  }

  /**
   * Sets the comment of the image's last history entry.
   *
   * @param text any
   * @return this
   */
  public WorkingContainer comment(String text) {
    ImageFields.text("text", text);
    return steps.locked(
        () -> {
          files.draft().comment(text);
          return self();
        });
  }

  /**
   * Sets when the image says that it was made.
   *
   * @param time in whole seconds
   * @return this
   */
  public WorkingContainer created(Instant time) {
    ImageFields.created(time);
    return steps.locked(
        () -> {
          files.draft().created(time);
          return self();
        });
  }

  /**
   * Sets what the image runs on.
   *
   * @param platform such as {@code Platform.parse("linux/arm64")}
   * @return this
   */
  public WorkingContainer platform(Platform platform) {
    Objects.requireNonNull(platform, "platform");
    return perform(new Setting.ForPlatform(platform));
  }

  /**
   * Makes each step from now on a layer of its own, instead of all changes one; buildah's {@code
   * bud --layers}.
   *
   * @return this
   */
  public WorkingContainer layerPerStep() {
    return steps.locked(
        () -> {
          files.layerPerStep();
          return self();
        });
  }
}
