package dev.cooper;

import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.command.Mount;
import dev.cooper.command.StartOptions;
import dev.cooper.container.ContainerFiles;
import dev.cooper.container.FreePorts;
import dev.cooper.container.Runs;
import dev.cooper.container.StartedCommand;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.host.Globs;
import dev.cooper.image.CommitOptions;
import dev.cooper.oci.ImageConfig;
import dev.cooper.step.CopyOptions;
import dev.cooper.step.Source;
import dev.cooper.step.Step;
import dev.cooper.text.Given;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * A container that an image is made in: a base, a root filesystem that changes, and a
 * configuration.
 *
 * <p>As in buildah, each call acts when it is called and fails there; {@link #commit} writes what
 * there is then, and leaves the container usable. Without a {@code run} nothing is unpacked: the
 * base's layers stay packed, and what is copied goes straight into a layer. One thread at a time; a
 * second one gets an error, not a wait. Closing removes it, unless it was named.
 */
public final class WorkingContainer extends ContainerSettings implements AutoCloseable {
  WorkingContainer(ContainerFiles files) {
    super(files);
  }

  // --- identity

  /**
   * Its id, of 64 hexadecimal digits.
   *
   * @return the id
   */
  public String id() {
    return files.id();
  }

  /**
   * Gives it a name: it then outlives this JVM, and can be opened again by it.
   *
   * @param name letters, digits, {@code _}, {@code .} and {@code -}
   * @return this
   * @throws dev.cooper.oci.OperationException if another container has the name
   */
  public WorkingContainer name(String name) {
    Objects.requireNonNull(name, "name");
    return steps.locked(
        () -> {
          files.rename(name);
          return this;
        });
  }

  /**
   * A path at which other programs of this user see its root filesystem; buildah's {@code mount}.
   *
   * <p>Whoever follows an absolute link in it from outside ends outside, at the host's own files. A
   * {@link Mount#bind} of a path below it (CVE-2024-1753), and {@link #copyFrom}, follow links
   * inside.
   *
   * @return a path of the host, as long as this is open
   */
  public Path mountPath() {
    return steps.locked(() -> files.mounted().hostPath());
  }

  /**
   * What the image would be configured as, were it committed now.
   *
   * @return the configuration
   */
  public ImageConfig config() {
    return steps.locked(() -> files.draft().image());
  }

  /**
   * What was done to this container so far, as text of a Dockerfile: its history to come.
   *
   * <p>After a FROM of its base the lines are a Dockerfile, as far as one can do the same: what no
   * instruction does is a comment, bytes that were written are a file of the context, and what RUN
   * has no flag for is left out.
   *
   * @return one text for each step, of several lines for a heredoc
   */
  public List<String> instructions() {
    return steps.instructions();
  }

  // --- commands

  /**
   * Runs one line with the image's shell; a shell's line, as in the Dockerfile's {@code RUN line}.
   *
   * @param line what the shell reads
   * @return this
   * @throws CommandFailedException if its exit status is not 0
   */
  public WorkingContainer run(String line) {
    Objects.requireNonNull(line, "line");
    return run(Command.shell(line));
  }

  /**
   * Runs an executable with arguments, no shell between; the Dockerfile's {@code RUN ["executable",
   * …]}.
   *
   * @param executable a path, or a name looked for in PATH
   * @param first its first argument
   * @param more its further arguments
   * @return this
   * @throws CommandFailedException if its exit status is not 0
   */
  public WorkingContainer run(String executable, String first, String... more) {
    return run(executed(executable, first, more));
  }

  /**
   * Runs a command; what it writes goes to the listener.
   *
   * <p>A command that fails may have changed files before. They stay as it left them, to be looked
   * at or mended, as with buildah, and the next commit has them: who wants none of them begins a
   * new container.
   *
   * @param command what, and how
   * @return this
   * @throws CommandFailedException if its exit status is not accepted, or it was killed
   * @throws dev.cooper.oci.OperationException if it could not be started
   */
  public WorkingContainer run(Command command) {
    Objects.requireNonNull(command, "command");
    return perform(new Step.Run(command));
  }

  /**
   * Runs a command and says how it ended, whatever its exit status.
   *
   * @param command what, and how
   * @return its exit status and both outputs, of at most 64 MiB each
   */
  public ExecResult exec(Command command) {
    Objects.requireNonNull(command, "command");
    return steps.exec(command);
  }

  /**
   * Runs one line with the image's shell, as {@link #run(String)} does, and says how it ended.
   *
   * @param line what the shell reads
   * @return its exit status and both outputs
   */
  public ExecResult exec(String line) {
    Objects.requireNonNull(line, "line");
    return exec(Command.shell(line));
  }

  /**
   * Runs an executable with arguments, no shell between, and says how it ended.
   *
   * @param executable a path, or a name looked for in PATH
   * @param first its first argument
   * @param more its further arguments
   * @return its exit status and both outputs
   */
  public ExecResult exec(String executable, String first, String... more) {
    return exec(executed(executable, first, more));
  }

  private static Command executed(String executable, String first, String... more) {
    Objects.requireNonNull(executable, "executable");
    Objects.requireNonNull(first, "first");
    List<String> all = new ArrayList<>(List.of(executable, first));
    all.addAll(Given.all(more, "more"));
    return Command.exec(all.toArray(new String[0]));
  }

  /**
   * Starts a command and returns while it runs; what it writes goes to the listener.
   *
   * @param command what, and how
   * @return the running command: its end, the end of its outputs, and a way to cancel it
   * @throws ContainerStateException if the container is closed, or in use by another thread
   * @see #start(Command, UnaryOperator)
   */
  public RunningCommand start(Command command) {
    return start(command, UnaryOperator.identity());
  }

  /**
   * Starts a command and returns while it runs; until it is over, the container takes no other
   * call.
   *
   * <p>The listener is told of the step's start before this returns, and of its end, however it
   * comes, before the command {@linkplain RunningCommand#isDone is done}; both in a thread of the
   * command's own.
   *
   * @param command what, and how
   * @param options such as {@code o -> o.streams()}, for who reads the outputs itself
   * @return the running command: its outputs, its end, and a way to cancel it
   * @throws ContainerStateException if the container is closed, or in use by another thread
   */
  public RunningCommand start(Command command, UnaryOperator<StartOptions> options) {
    Objects.requireNonNull(command, "command");
    Objects.requireNonNull(options, "options");
    steps.requireOpen();
    Runs runs = files.runs();
    Command told = command.network(FreePorts.in(runs.network(command)));
    StartedCommand running =
        new StartedCommand(told, files, Given.made(options, StartOptions.DEFAULT, "options"));
    steps.start(running, new Step.Run(command));
    return new RunningCommand(running);
  }

  // --- files

  /**
   * Copies a file, or what a directory holds, as the Dockerfile's COPY does.
   *
   * @param source of the host
   * @param destination a path inside; a file goes into it if it ends with a slash or is a directory
   * @return this
   */
  public WorkingContainer copy(Path source, String destination) {
    return copy(source, destination, UnaryOperator.identity());
  }

  /**
   * Copies a file, or what a directory holds.
   *
   * @param source of the host
   * @param destination a path inside
   * @param options such as {@code o -> o.owner("app").mode(0644)}
   * @return this
   */
  public WorkingContainer copy(
      Path source, String destination, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(source, "source");
    return copy(List.of(source), destination, options);
  }

  /**
   * Copies several files, and what directories hold, into a directory.
   *
   * @param sources of the host
   * @param destination a path inside
   * @param options such as {@code o -> o.exclude("*.tmp")}
   * @return this
   */
  public WorkingContainer copy(
      List<Path> sources, String destination, UnaryOperator<CopyOptions> options) {
    Given.all(sources, "sources");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    return perform(
        new Step.Copy(
            sources.stream().map(Source::of).toList(),
            destination,
            Given.made(options, CopyOptions.DEFAULT, "options")));
  }

  /**
   * Copies what a pattern names, of the current directory: {@code *}, {@code ?} and {@code [a-z]}
   * in any part of the path.
   *
   * @param pattern such as {@code target/*.jar}
   * @param destination a path inside; a directory if several files match
   * @return this
   * @throws SourceNotFoundException if nothing matches
   */
  public WorkingContainer copy(String pattern, String destination) {
    return copy(pattern, destination, UnaryOperator.identity());
  }

  /**
   * Copies what a pattern names.
   *
   * @param pattern such as {@code target/*.jar}
   * @param destination a path inside
   * @param options such as {@code o -> o.mode(0644)}
   * @return this
   * @throws SourceNotFoundException if nothing matches
   */
  public WorkingContainer copy(
      String pattern, String destination, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(pattern, "pattern");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    return copy(Globs.expand(Path.of(""), pattern), destination, options);
  }

  /**
   * Copies from another container; the Dockerfile's {@code COPY --from}. Several containers may
   * copy from one at the same time, in threads of their own, while nothing else is done to it.
   *
   * @param from another container, open
   * @param source a path inside it, its links followed
   * @param destination a path inside this
   * @param options such as {@code o -> o.owner("app")}
   * @return this
   */
  public WorkingContainer copyFrom(
      WorkingContainer from,
      String source,
      String destination,
      UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    if (from == this) {
      throw new IllegalArgumentException(
          "a container cannot be copied from into itself: run cp in it");
    }
    return copyFrom(from, from.files.name(), source, destination, options);
  }

  private WorkingContainer copyFrom(
      WorkingContainer from,
      String called,
      String source,
      String destination,
      UnaryOperator<CopyOptions> options) {
    steps.copyFrom(
        new Step.Copy(
            List.of(new Source.Root(called, source)),
            destination,
            Given.made(options, CopyOptions.DEFAULT, "options")),
        from.steps);
    return this;
  }

  /**
   * Copies from an image.
   *
   * @param from an image of the same store
   * @param source a path inside it, its links followed
   * @param destination a path inside this
   * @param options such as {@code o -> o.owner("app")}
   * @return this
   */
  public WorkingContainer copyFrom(
      Image from, String source, String destination, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    try (WorkingContainer other = from.container()) {
      String called = from.names().isEmpty() ? from.id().toString() : from.names().get(0);
      return copyFrom(other, called, source, destination, options);
    }
  }

  /**
   * Copies from another container; the Dockerfile's {@code COPY --from}.
   *
   * @param from another container, open
   * @param source a path inside it, its links followed
   * @param destination a path inside this
   * @return this
   */
  public WorkingContainer copyFrom(WorkingContainer from, String source, String destination) {
    return copyFrom(from, source, destination, UnaryOperator.identity());
  }

  /**
   * Copies from an image.
   *
   * @param from an image of the same store
   * @param source a path inside it, its links followed
   * @param destination a path inside this
   * @return this
   */
  public WorkingContainer copyFrom(Image from, String source, String destination) {
    return copyFrom(from, source, destination, UnaryOperator.identity());
  }

  /**
   * Adds a file, what a directory holds, or what an archive holds (tar, plain or as gz, bz2, xz or
   * zst), as the Dockerfile's ADD does.
   *
   * @param source of the host
   * @param destination a path inside; the directory that an archive is unpacked into
   * @param options such as {@code o -> o.keepArchives()}
   * @return this
   */
  public WorkingContainer add(Path source, String destination, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    return perform(
        new Step.Add(
            List.of(Source.of(source)),
            destination,
            Given.made(options, CopyOptions.DEFAULT, "options")));
  }

  /**
   * Adds a file, what a directory holds, or what an archive holds.
   *
   * @param source of the host
   * @param destination a path inside
   * @return this
   */
  public WorkingContainer add(Path source, String destination) {
    return add(source, destination, UnaryOperator.identity());
  }

  /**
   * Downloads a file over http or https, as it is, mode 0600 unless the options say otherwise: by
   * the proxies, certificates and retries that registries have, but without anybody's credentials.
   *
   * @param url where from; it may hold no credentials
   * @param destination a path inside
   * @param options such as {@code o -> o.checksum("sha256:…")}
   * @return this
   * @throws dev.cooper.oci.OperationException if it cannot be had, or is not what the checksum says
   */
  public WorkingContainer add(URI url, String destination, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(url, "url");
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(options, "options");
    return perform(
        new Step.Add(
            List.of(Source.of(url)),
            destination,
            Given.made(options, CopyOptions.DEFAULT, "options")));
  }

  /**
   * Downloads a file over http or https, as it is, mode 0600.
   *
   * @param url where from; it may hold no credentials
   * @param destination a path inside
   * @return this
   * @throws dev.cooper.oci.OperationException if it cannot be had
   */
  public WorkingContainer add(URI url, String destination) {
    return add(url, destination, UnaryOperator.identity());
  }

  /**
   * Writes a file, mode 0644.
   *
   * @param destination a path inside
   * @param bytes what it holds
   * @return this
   */
  public WorkingContainer write(String destination, byte[] bytes) {
    return write(destination, bytes, UnaryOperator.identity());
  }

  /**
   * Writes a text file, in UTF-8, mode 0644 unless the options say otherwise.
   *
   * @param destination a path inside
   * @param text what it holds
   * @param options such as {@code o -> o.mode(0755)}
   * @return this
   */
  public WorkingContainer write(
      String destination, String text, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(text, "text");
    return write(destination, text.getBytes(StandardCharsets.UTF_8), options);
  }

  /**
   * Writes a text file, in UTF-8, mode 0644.
   *
   * @param destination a path inside
   * @param text what it holds
   * @return this
   */
  public WorkingContainer write(String destination, String text) {
    return write(destination, text, UnaryOperator.identity());
  }

  /**
   * Writes a file.
   *
   * @param destination a path inside
   * @param bytes what it holds
   * @param options such as {@code o -> o.mode(0755)}
   * @return this
   */
  public WorkingContainer write(
      String destination, byte[] bytes, UnaryOperator<CopyOptions> options) {
    Objects.requireNonNull(destination, "destination");
    Objects.requireNonNull(bytes, "bytes");
    Objects.requireNonNull(options, "options");
    return perform(
        new Step.Write(
            Source.of(bytes), destination, Given.made(options, CopyOptions.DEFAULT, "options")));
  }

  // --- results

  /**
   * Writes an image of the store; the container stays as it is.
   *
   * @param names what it is called, such as {@code registry.example.com/app:1.0}; none for an image
   *     known by its id
   * @return the image
   */
  public Image commit(String... names) {
    return commit(UnaryOperator.identity(), names);
  }

  /**
   * Writes an image of the store.
   *
   * @param options such as {@code o -> o.squashed()}
   * @param names what it is called
   * @return the image
   */
  public Image commit(UnaryOperator<CommitOptions> options, String... names) {
    CommitOptions made = Given.made(options, CommitOptions.DEFAULT, "options");
    List<String> all = Given.all(names, "names");
    return steps.told(
        "COMMIT " + String.join(" ", names),
        () -> new Image(files.session(), files.commit(made, all)));
  }

  /**
   * Removes the container; a named one stays in the store, to be opened again. A command that
   * {@link #start(Command) start} began and that still runs is cancelled first.
   */
  @Override
  public void close() {
    if (steps.isClosed()) {
      return;
    }
    steps.endStarted();
    steps.locked(
        () -> {
          steps.setClosed();
          files.close();
          return this;
        });
  }

  /**
   * Removes the container, named or not; a command that was started and still runs is cancelled.
   */
  public void remove() {
    steps.endStarted();
    steps.locked(
        () -> {
          steps.setClosed();
          files.remove();
          return this;
        });
  }

  @Override
  WorkingContainer self() {
    return this;
  }

  /** Its label. */
  @Override
  public String toString() {
    return "WorkingContainer[" + files.label() + "]";
  }
}
