package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * Asks programs that keep credentials, by the protocol of docker-credential-helpers: {@code
 * docker-credential-NAME get} reads the server's name and writes a JSON object.
 *
 * <p>Thread-safe. A helper gets a bounded time, and is killed after it.
 */
final class CredentialHelper {
  /** Enough for a person to unlock a key. */
  static final Duration LIMIT = Duration.ofMinutes(2);

  private static final int MAX_ANSWER = 1 << 20;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  /** What a helper says that has none, with an exit status as of a failure. */
  private static final String NOT_FOUND = "credentials not found";

  private static final System.Logger LOG = System.getLogger(CredentialHelper.class.getName());

  private final HostEnvironment host;
  private final Duration limit;

  CredentialHelper(HostEnvironment host, Duration limit) {
    this.host = host;
    this.limit = limit;
  }

  /**
   * Asks one helper for one server.
   *
   * @param name what comes after {@code docker-credential-}
   * @param server as the helper knows it
   * @return empty if it knows the server not
   * @throws OperationException if there is no such helper, or it fails
   * @throws InterruptedIOException if this thread is interrupted
   * @throws IOException if it can't be started
   */
  Optional<Credentials> get(String name, String server) throws IOException {
    if (!NAME.matcher(name).matches()) {
      throw new ContentException(
          "credential helper "
              + Text.quote(name)
              + ": expected a name of letters, digits, '.', '_' and '-'");
    }
    String program = "docker-credential-" + name;
    ProcessBuilder builder = new ProcessBuilder(find(program).toString(), "get");
    adjust(builder.environment());
    // What it says beside its answer could be anything, a secret included.
    Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      return answer(program, server, process, ask(program, server, process));
    } finally {
      end(process);
    }
  }

  /** The helper first, so that it begins nothing more; whose child one was shows only before. */
  private static void end(Process process) {
    List<ProcessHandle> below = process.descendants().toList();
    process.destroyForcibly();
    below.forEach(ProcessHandle::destroyForcibly);
  }

  /** What is the same stays as it is: bytes that this JVM's locale can't decode, too. */
  private void adjust(Map<String, String> environment) {
    environment.keySet().retainAll(host.variables().keySet());
    host.variables()
        .forEach(
            (name, value) -> {
              if (!value.equals(environment.get(name))) {
                environment.put(name, value);
              }
            });
  }

  /** In PATH's absolute directories alone: what lies where the JVM was started is not trusted. */
  private Path find(String program) {
    String path = host.variables().getOrDefault("PATH", "");
    String ending = File.separatorChar == '\\' ? ".exe" : "";
    for (String directory : path.split(Pattern.quote(File.pathSeparator))) {
      Optional<Path> file = in(directory, program + ending);
      if (file.isPresent()) {
        return file.get();
      }
    }
    throw new OperationException(
        "credential helper "
            + program
            + " is in no directory of PATH: install it, or take it out of the file that names it");
  }

  private static Optional<Path> in(String directory, String program) {
    try {
      return Optional.of(Path.of(directory, program))
          .filter(file -> file.isAbsolute())
          .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file));
    } catch (InvalidPathException e) {
      return Optional.empty(); // this JVM's locale has no name for the directory
    }
  }

  private byte[] ask(String program, String server, Process process) throws IOException {
    FutureTask<byte[]> output =
        new FutureTask<>(() -> process.getInputStream().readNBytes(MAX_ANSWER + 1));
    Thread reader = new Thread(output, "cooper-" + program);
    reader.setDaemon(true);
    reader.start();
    long end = System.nanoTime() + limit.toNanos();
    try {
      write(server, process);
      byte[] answer = output.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (answer.length > MAX_ANSWER) {
        throw new OperationException(
            failed(program, server) + "it writes over " + MAX_ANSWER + " bytes");
      }
      if (process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        return answer;
      }
      throw tooLong(program, server);
    } catch (TimeoutException e) {
      throw tooLong(program, server);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + program + " looked for " + server);
    } catch (ExecutionException e) {
      throw new IOException(failed(program, server) + "its answer can't be read", e.getCause());
    }
  }

  private OperationException tooLong(String program, String server) {
    return new OperationException(
        failed(program, server) + "no answer within " + limit.toSeconds() + " seconds");
  }

  private static void write(String server, Process process) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(server.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It does not ask for whom; its answer and its exit status say the rest.
      LOG.log(Level.DEBUG, "a credential helper did not read the server's name", e);
    }
  }

  private static Optional<Credentials> answer(
      String program, String server, Process process, byte[] answer) {
    if (process.exitValue() != 0) {
      String said = new String(answer, StandardCharsets.UTF_8).strip();
      if (said.toLowerCase(Locale.ROOT).contains(NOT_FOUND)) {
        return Optional.empty();
      }
      // By the protocol a failure's output is a message; an object could hold a secret.
      String shown = said.isEmpty() || said.contains("{") ? "" : ": " + Text.quote(said);
      throw new OperationException(
          failed(program, server) + "exit status " + process.exitValue() + shown);
    }
    SettingsObject json = SettingsObject.json(program + "'s answer for " + server, answer);
    String user = json.text("Username").orElse("");
    String secret = json.text("Secret").orElse("");
    if (user.isEmpty() && secret.isEmpty()) {
      return Optional.empty();
    }
    if (user.indexOf(':') >= 0) {
      throw json.malformed("Username", "found a colon, which a user's name can't have");
    }
    return Optional.of(AuthEntry.credentials(user, secret));
  }

  private static String failed(String program, String server) {
    return "credential helper " + program + " failed for " + Text.quote(server) + ": ";
  }
}
