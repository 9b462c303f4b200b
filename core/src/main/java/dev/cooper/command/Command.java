package dev.cooper.command;

import dev.cooper.oci.ByteString;
import dev.cooper.text.Given;
import dev.cooper.text.ImageFields;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A command to run in a container, with all that can be said of it; immutable, each {@code withX}
 * gives another.
 *
 * @param arguments the executable and its arguments, or one line for the shell
 * @param shell whether it is one line for the image's shell
 * @param environment variables for this command only, over the container's
 * @param user who runs it, or null for the container's user
 * @param workdir where it runs, or null for the container's working directory
 * @param network which network it sees, or null for what the {@link dev.cooper.Cooper} says
 * @param mounts what it sees beside the root filesystem
 * @param input what it reads, or null for nothing
 * @param timeout after how long it is killed, or null for never
 * @param accepted the exit statuses that are no failure
 * @param security what it may do, or null for what the {@link dev.cooper.Cooper} says
 * @param resources how much it may use, or null for what the {@link dev.cooper.Cooper} says
 */
public record Command(
    List<String> arguments,
    boolean shell,
    SortedMap<String, String> environment,
    @Nullable String user,
    @Nullable String workdir,
    @Nullable Network network,
    List<Mount> mounts,
    @Nullable Input input,
    @Nullable Duration timeout,
    Set<Integer> accepted,
    @Nullable Security security,
    @Nullable Resources resources) {
  /**
   * Checks that there is a command, and copies the collections.
   *
   * @param arguments the executable and its arguments, or one line for the shell
   * @param shell whether it is one line for the image's shell
   * @param environment variables for this command only, over the container's
   * @param user who runs it, or null for the container's user
   * @param workdir where it runs, or null for the container's working directory
   * @param network which network it sees, or null for what the {@link dev.cooper.Cooper} says
   * @param mounts what it sees beside the root filesystem
   * @param input what it reads, or null for nothing
   * @param timeout after how long it is killed, or null for never
   * @param accepted the exit statuses that are no failure
   * @param security what it may do, or null for what the {@link dev.cooper.Cooper} says
   * @param resources how much it may use, or null for what the {@link dev.cooper.Cooper} says
   * @throws IllegalArgumentException if there is no command, or a zero character in it or in a
   *     variable, or a variable's name is none
   */
  public Command {
    if (arguments.isEmpty() || arguments.get(0).isEmpty()) {
      throw new IllegalArgumentException(
          shell
              ? "a shell command needs a line, and has an empty one"
              : "a command needs an executable, and has none: " + arguments);
    }
    if (arguments.stream().anyMatch(argument -> argument.indexOf(0) >= 0)) {
      throw new IllegalArgumentException("a command cannot hold a zero character: " + arguments);
    }
    environment.forEach(ImageFields::variable);
    arguments = List.copyOf(arguments);
    environment = new TreeMap<>(environment);
    mounts = List.copyOf(mounts);
    accepted = new TreeSet<>(accepted);
  }

  private static Command plain(List<String> arguments, boolean shell) {
    return new Command(
        arguments,
        shell,
        new TreeMap<>(),
        null,
        null,
        null,
        List.of(),
        null,
        null,
        Set.of(0),
        null,
        null);
  }

  /**
   * One line for the image's shell, {@code /bin/sh -c} by default: the Dockerfile's shell form.
   *
   * @param line what the shell reads
   * @return the command
   */
  public static Command shell(String line) {
    Objects.requireNonNull(line, "line");
    return plain(List.of(line), true);
  }

  /**
   * An executable and its arguments, no shell between: the Dockerfile's exec form.
   *
   * @param arguments the executable, by path or looked for in PATH, and its arguments
   * @return the command
   */
  public static Command exec(String... arguments) {
    return plain(Given.all(arguments, "arguments"), false);
  }

  /**
   * A variable for this command only.
   *
   * @param name its name
   * @param value its value
   * @return the command with it
   * @throws IllegalArgumentException if the name is empty or holds {@code =}, or a NUL is in one
   */
  public Command env(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    SortedMap<String, String> more = new TreeMap<>(environment);
    more.put(name, value);
    return new Command(
        arguments, shell, more, user, workdir, network, mounts, input, timeout, accepted, security,
        resources);
  }

  /**
   * Who runs it.
   *
   * @param newUser as {@link dev.cooper.WorkingContainer#user} takes it
   * @return the command run by that user
   */
  public Command user(String newUser) {
    Objects.requireNonNull(newUser, "newUser");
    ImageFields.user(newUser);
    return new Command(
        arguments,
        shell,
        environment,
        newUser,
        workdir,
        network,
        mounts,
        input,
        timeout,
        accepted,
        security,
        resources);
  }

  /**
   * Where it runs.
   *
   * @param directory a path inside
   * @return the command run there
   */
  public Command workdir(String directory) {
    ImageFields.nonEmpty("directory", directory);
    return new Command(
        arguments,
        shell,
        environment,
        user,
        directory,
        network,
        mounts,
        input,
        timeout,
        accepted,
        security,
        resources);
  }

  /**
   * Which network it sees, and which names it knows.
   *
   * @param newNetwork instead of what {@link dev.cooper.CooperBuilder#network} says, such as {@code
   *     Network.PRIVATE.publish(8080, 80)}
   * @return the command with that network
   */
  public Command network(Network newNetwork) {
    Objects.requireNonNull(newNetwork, "newNetwork");
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        newNetwork,
        mounts,
        input,
        timeout,
        accepted,
        security,
        resources);
  }

  /**
   * One more mount.
   *
   * @param mount what it sees
   * @return the command with it
   */
  public Command mount(Mount mount) {
    Objects.requireNonNull(mount, "mount");
    List<Mount> more = new ArrayList<>(mounts);
    more.add(mount);
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        more,
        input,
        timeout,
        accepted,
        security,
        resources);
  }

  /**
   * What it reads.
   *
   * @param in its standard input
   * @return the command reading it
   */
  public Command input(Input in) {
    Objects.requireNonNull(in, "in");
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        mounts,
        in,
        timeout,
        accepted,
        security,
        resources);
  }

  /**
   * What it reads, from a stream that is open.
   *
   * @param in its standard input; not closed, and read once
   * @return the command reading it
   */
  public Command input(InputStream in) {
    Objects.requireNonNull(in, "in");
    return input(new Input.Open(in));
  }

  /**
   * What it reads, from memory.
   *
   * @param content its standard input; copied
   * @return the command reading it
   */
  public Command input(byte[] content) {
    Objects.requireNonNull(content, "content");
    return input(new Input.Bytes(ByteString.of(content)));
  }

  /**
   * What it reads, a text in UTF-8.
   *
   * @param text its standard input
   * @return the command reading it
   */
  public Command input(String text) {
    Objects.requireNonNull(text, "text");
    return input(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What it reads, from a file.
   *
   * @param file its standard input, opened when the command runs
   * @return the command reading it
   */
  public Command input(Path file) {
    Objects.requireNonNull(file, "file");
    return input(new Input.File(file));
  }

  /**
   * How long it may take.
   *
   * @param limit after that it is killed, with all that it started
   * @return the command with that limit
   */
  public Command timeout(Duration limit) {
    Objects.requireNonNull(limit, "limit");
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("invalid timeout " + limit + ": expected a time above 0");
    }
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        mounts,
        input,
        limit,
        accepted,
        security,
        resources);
  }

  /**
   * Which exit statuses are no failure.
   *
   * @param statuses instead of 0
   * @return the command with these
   */
  public Command acceptStatus(int... statuses) {
    Objects.requireNonNull(statuses, "statuses");
    for (int status : statuses) {
      if (status < 0 || status > 255) {
        throw new IllegalArgumentException("invalid exit status " + status + ": expected 0 to 255");
      }
    }
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        mounts,
        input,
        timeout,
        Arrays.stream(statuses).boxed().collect(Collectors.toSet()),
        security,
        resources);
  }

  /**
   * What it may do: capabilities, system calls, ulimits, which paths it can write to.
   *
   * @param allowed instead of what {@link dev.cooper.CooperBuilder#security} says
   * @return the command with that
   */
  public Command security(Security allowed) {
    Objects.requireNonNull(allowed, "allowed");
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        mounts,
        input,
        timeout,
        accepted,
        allowed,
        resources);
  }

  /**
   * How much memory, processor time and so on it may use.
   *
   * @param limits instead of what {@link dev.cooper.CooperBuilder#resources} says
   * @return the command with these limits
   */
  public Command resources(Resources limits) {
    Objects.requireNonNull(limits, "limits");
    return new Command(
        arguments,
        shell,
        environment,
        user,
        workdir,
        network,
        mounts,
        input,
        timeout,
        accepted,
        security,
        limits);
  }

  /**
   * As it stands in an image's history and in messages: the arguments, no values of the
   * environment, no secrets.
   */
  @Override
  public String toString() {
    return String.join(" ", arguments);
  }
}
