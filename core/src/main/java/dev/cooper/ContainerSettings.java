package dev.cooper;

import dev.cooper.command.Command;
import dev.cooper.command.Ids;
import dev.cooper.container.ContainerFiles;
import dev.cooper.error.ContainerStateException;
import dev.cooper.event.BuildEvent;
import dev.cooper.io.Io;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.ExposedPort;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.progress.Patience;
import dev.cooper.spi.Cancellation;
import dev.cooper.text.ImageFields;
import dev.cooper.text.Paths;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of the image that a {@link WorkingContainer} is made into. Its methods are
 * called on the working container, each of them returns it, and there is no other kind.
 *
 * <p>As a {@link WorkingContainer}, it takes one call at a time.
 */
public abstract sealed class ContainerSettings permits WorkingContainer {
  final ContainerFiles files;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable String started;
  private boolean closed;

  ContainerSettings(ContainerFiles files) {
    this.files = files;
  }

  abstract WorkingContainer self();

  // --- turns

  final boolean isClosed() {
    return closed;
  }

  /** From now on, no call is taken any more. */
  final void setClosed() {
    closed = true;
  }

  final void requireOpen() {
    if (closed) {
      throw new ContainerStateException(
          "container " + files.label() + " is closed: open it again by its name, or begin another");
    }
  }

  final <T> T locked(Supplier<T> call) {
    if (!lock.tryLock()) {
      throw new ContainerStateException(inUse());
    }
    try {
      requireOpen();
      return Io.run("cannot use container " + files.label(), call::get);
    } finally {
      lock.unlock();
    }
  }

  private String inUse() {
    String begun = started;
    return begun != null
        ? "container "
            + files.label()
            + " is in use: the command \""
            + begun
            + "\" that start(...) began still runs: await or close it first"
        : "container "
            + files.label()
            + " is in use by another thread: a working container takes one call at a time";
  }

  final <T> T step(String description, Supplier<T> call) {
    return locked(() -> told(description, Patience.of(null, null), call));
  }

  /** A step that runs a command, which nobody holds beyond its time. */
  final <T> T step(String description, Command command, Supplier<T> call) {
    return locked(() -> told(description, Patience.of(command.timeout(), null), call));
  }

  /** A step of a command that was started: who comes meanwhile is told which. */
  final <T> T startedStep(
      String description, Command command, Cancellation cancellation, Supplier<T> call) {
    return locked(
        () -> {
          started = command.toString();
          try {
            return told(description, Patience.of(command.timeout(), cancellation), call);
          } finally {
            started = null;
          }
        });
  }

  private <T> T told(String description, Patience patience, Supplier<T> call) {
    long began = System.nanoTime();
    boolean succeeded = false;
    files.events().tell(new BuildEvent.StepStarted(files.label(), description), patience);
    try {
      T result =
          Io.run("cannot do \"" + description + "\" in container " + files.label(), call::get);
      succeeded = true;
      return result;
    } catch (OperationException e) {
      throw files.session().explained(e);
    } finally {
      BuildEvent ended =
          new BuildEvent.StepEnded(
              files.label(), description, Duration.ofNanos(System.nanoTime() - began), succeeded);
      files.events().tell(ended, succeeded ? patience.again() : Patience.NONE);
    }
  }

  // --- configuration

  private WorkingContainer configure(String step, UnaryOperator<ContainerConfig> edit) {
    return locked(
        () -> {
          files.draft().edit(step, image -> image.withConfig(edit.apply(image.config())));
          return self();
        });
  }

  private WorkingContainer describe(UnaryOperator<ImageConfig> edit) {
    return locked(
        () -> {
          files.draft().edit(null, edit);
          return self();
        });
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
    return configure("ENV " + name + "=" + value, config -> config.withEnv(name, value));
  }

  /**
   * Removes an environment variable.
   *
   * @param name its name; nothing happens if there is none
   * @return this
   */
  public WorkingContainer unsetEnv(String name) {
    ImageFields.variable(name);
    return configure("ENV -" + name, config -> config.withoutEnv(name));
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
    return configure("LABEL " + name + "=" + value, config -> config.withLabel(name, value));
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
    return locked(
        () -> {
          files.draft().annotate(name, value);
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
    ImageFields.user(user);
    return configure("USER " + user, config -> config.withUser(user));
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
    ImageFields.nonEmpty("directory", directory);
    return step(
        "WORKDIR " + directory,
        () -> {
          String absolute = Paths.absolute(files.draft().workdir(), directory);
          files.directories().workdir(absolute);
          return self();
        });
  }

  /**
   * Sets what the image runs; a command inherited from the base no longer fits and is cleared.
   *
   * @param arguments the executable and its first arguments; none clears it
   * @return this
   */
  public WorkingContainer entrypoint(String... arguments) {
    ImageFields.words("arguments", arguments);
    return locked(
        () -> {
          boolean keep = files.draft().cmdSet();
          return configure(
              "ENTRYPOINT " + List.of(arguments),
              config ->
                  keep
                      ? config.withEntrypoint(List.of(arguments))
                      : config.withEntrypoint(List.of(arguments)).withCmd(List.of()));
        });
  }

  /**
   * Sets what the image runs, or the default arguments of its entrypoint.
   *
   * @param arguments the arguments; none clears it
   * @return this
   */
  public WorkingContainer cmd(String... arguments) {
    ImageFields.words("arguments", arguments);
    return locked(
        () -> {
          files.draft().setCmd();
          return configure(
              "CMD " + List.of(arguments), config -> config.withCmd(List.of(arguments)));
        });
  }

  /**
   * Says that the image listens on a TCP port.
   *
   * @param port 1 to 65535
   * @return this
   */
  public WorkingContainer port(int port) {
    return port(port + "/tcp");
  }

  /**
   * Says that the image listens on a port.
   *
   * @param port such as {@code 53/udp}; without a protocol it is TCP, and {@code 53/UDP} is {@code
   *     53/udp}
   * @return this
   * @throws IllegalArgumentException if it is none
   */
  public WorkingContainer port(String port) {
    Objects.requireNonNull(port, "port");
    String whole = ExposedPort.parse(port).toString();
    return configure("EXPOSE " + whole, config -> config.withExposedPort(whole));
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
    Objects.requireNonNull(path, "path");
    String absolute = ImageFields.volume(path);
    return step(
        "VOLUME " + absolute,
        () -> {
          files.directories().volume(absolute);
          return self();
        });
  }

  /**
   * Sets the shell that runs commands of one string.
   *
   * @param arguments such as {@code "/bin/bash", "-c"}
   * @return this
   */
  public WorkingContainer shell(String... arguments) {
    ImageFields.words("arguments", arguments);
    return configure("SHELL " + List.of(arguments), config -> config.withShell(List.of(arguments)));
  }

  /**
   * Sets the signal that stops the image's process.
   *
   * @param signal such as {@code SIGTERM} or a number
   * @return this
   */
  public WorkingContainer stopSignal(String signal) {
    ImageFields.text("signal", signal);
    return configure("STOPSIGNAL " + signal, config -> config.withStopSignal(signal));
  }

  /**
   * Sets how an engine finds out whether the image's process is well; Docker's format only keeps
   * it.
   *
   * @param check what to run, and how often; null for the base's
   * @return this
   */
  public WorkingContainer healthcheck(@Nullable Healthcheck check) {
    if (check != null) {
      ImageFields.check(check);
    }
    return configure(
        "HEALTHCHECK " + (check == null ? "NONE" : check.test()),
        config -> config.withHealthcheck(check));
  }

  /**
   * Adds an instruction that a Dockerfile which begins from the image runs first.
   *
   * @param instruction of a Dockerfile
   * @return this
   */
  public WorkingContainer onbuild(String instruction) {
    ImageFields.trigger(instruction);
    return configure(
        "ONBUILD " + instruction,
        config -> {
          List<String> all = new ArrayList<>(config.onBuild());
          all.add(instruction);
          return config.withOnBuild(all);
        });
  }

  /**
   * Sets who made the image.
   *
   * @param author a name, an address
   * @return this
   */
  public WorkingContainer author(String author) {
    ImageFields.text("author", author);
    return describe(image -> image.withAuthor(author));
  }

  /**
   * Adds a line to the image's history that nothing else says.
   *
   * @param text what was done
   * @return this
   */
  public WorkingContainer history(String text) {
    ImageFields.nonEmpty("text", text);
    return configure(text, UnaryOperator.identity());
  }

  /**
   * Sets the comment of the image's last history entry.
   *
   * @param text any
   * @return this
   */
  public WorkingContainer comment(String text) {
    ImageFields.text("text", text);
    return locked(
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
    return locked(
        () -> {
          files.draft().created(time);
          return self();
        });
  }

  /**
   * Sets what the image runs on.
   *
   * @param os such as {@code linux}
   * @param architecture such as {@code amd64}
   * @param variant such as {@code v8}, or null
   * @return this
   */
  public WorkingContainer platform(String os, String architecture, @Nullable String variant) {
    ImageFields.nonEmpty("os", os);
    ImageFields.nonEmpty("architecture", architecture);
    String slashed = os + "/" + architecture + (variant == null ? "" : "/" + variant);
    return describe(image -> image.withPlatform(Platform.parse(slashed)));
  }

  /**
   * Makes each step from now on a layer of its own, instead of all changes one; buildah's {@code
   * bud --layers}.
   *
   * @return this
   */
  public WorkingContainer layerPerStep() {
    return locked(
        () -> {
          files.layerPerStep();
          return self();
        });
  }
}
