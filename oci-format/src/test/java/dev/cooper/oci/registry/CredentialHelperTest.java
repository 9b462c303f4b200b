package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The helpers are real processes: scripts in a directory of the test's own. */
@Timeout(60)
class CredentialHelperTest {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final String SECRET = "s3cr3t-Value";

  @TempDir Path directory;
  private TestHost host;

  @BeforeEach
  void create() {
    host = new TestHost(directory);
  }

  private Optional<Credentials> ask(String script) throws IOException {
    return ask(script, LONG);
  }

  private Optional<Credentials> ask(String script, Duration limit) throws IOException {
    host.helper("x", script);
    return new CredentialHelper(host.environment(), limit).get("x", "example.com:5000");
  }

  private static String answer(String user, String secret) {
    return "echo '{\"ServerURL\":\"s\",\"Username\":\""
        + user
        + "\",\"Secret\":\""
        + secret
        + "\"}'";
  }

  @Test
  void getReadsTheAnswer() throws IOException {
    assertThat(ask(answer("me", SECRET))).contains(new Credentials.Basic("me", SECRET));
    assertThat(ask(answer("<token>", SECRET))).contains(new Credentials.IdentityToken(SECRET));
    assertThat(ask(answer("", ""))).isEmpty();
    assertThat(ask("[ $server = example.com:5000 ] || exit 1; " + answer("me", "x"))).isPresent();
    assertThat(ask("echo warning >&2; " + answer("me", "x"))).isPresent();
  }

  @Test
  void getGivesTheHelperThisEnvironment() throws IOException {
    host.variables.put("COOPER_TEST", "me");
    assertThat(ask("[ $COOPER_TEST = me ] || exit 1; " + answer("me", "x"))).isPresent();
  }

  @Test
  void getWhenTheHelperReadsNothingTakesItsAnswer() throws IOException {
    host.write("bin/docker-credential-y", "#!/bin/sh\n" + answer("me", "x"));
    Files.setPosixFilePermissions(
        directory.resolve("bin/docker-credential-y"), PosixFilePermissions.fromString("rwx------"));
    assertThat(new CredentialHelper(host.environment(), LONG).get("y", "s".repeat(1 << 20)))
        .isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"credentials not found in native keychain", "Error: Credentials not found"})
  void getWhenThereAreNoneIsEmpty(String message) throws IOException {
    assertThat(ask("echo '" + message + "'; exit 1")).isEmpty();
  }

  @Test
  void getWhenTheHelperFailsShowsItsMessageAndStatus() {
    assertThatThrownBy(() -> ask("echo gpg: no secret key; exit 3"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("docker-credential-x")
        .hasMessageContaining("example.com:5000")
        .hasMessageContaining("exit status 3")
        .hasMessageContaining("gpg: no secret key");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo '{\"Secret\":\"s3cr3t-Value\"}'; exit 1",
        "echo s3cr3t-Value >&2; exit 1",
        "echo s3cr3t-Value",
        "echo '{\"Secret\":[\"s3cr3t-Value\"]}'",
        "echo '{\"Secret\":s3cr3t-Value}'",
        "echo '{\"Username\":\"a:b\",\"Secret\":\"s3cr3t-Value\"}'",
        "echo '[\"s3cr3t-Value\"]'",
        "printf '\\377 s3cr3t-Value'",
        "exit 0",
        "kill -9 $$",
      })
  void getWhenTheAnswerIsMalformedShowsNoSecret(String script) {
    assertThatThrownBy(() -> ask(script))
        .isInstanceOfAny(ContentException.class, OperationException.class)
        .hasMessageContaining("docker-credential-x")
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain(SECRET))
        .hasNoCause();
  }

  @Test
  void getWhenTheAnswerHasNoEndStopsReading() {
    assertThatThrownBy(() -> ask("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("over 1048576 bytes");
  }

  @Test
  void getWhenTheHelperHangsKillsIt() throws Exception {
    Path started = directory.resolve("pids");
    String script = "sleep 1000 & echo $! $$ > " + started + "; wait";
    host.variables.put("PATH", host.variables.get("PATH") + ":/usr/bin:/bin");
    assertThatThrownBy(() -> ask(script, Duration.ofSeconds(2)))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("no answer within 2 seconds");
    awaitEnd(started);
  }

  private static void awaitEnd(Path pids) throws Exception {
    for (String pid : Files.readString(pids).trim().split(" ")) {
      Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(pid));
      if (process.isPresent()) {
        process.get().onExit().get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void getWhenInterruptedKillsTheHelper() throws Exception {
    Path started = directory.resolve("pids");
    host.variables.put("PATH", host.variables.get("PATH") + ":/usr/bin:/bin");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    Thread asking =
        new Thread(
            () -> {
              try {
                ask(
                    "sleep 1000 & echo $! $$ > "
                        + started
                        + ".new; mv "
                        + started
                        + ".new "
                        + started
                        + "; wait");
              } catch (IOException | RuntimeException e) {
                failure.set(e);
              }
              interrupted.set(Thread.currentThread().isInterrupted());
            });
    asking.start();
    while (!Files.exists(started)) {
      Thread.sleep(5);
    }
    asking.interrupt();
    asking.join();
    assertThat(failure.get()).isInstanceOf(InterruptedIOException.class);
    assertThat(interrupted.get()).isTrue();
    awaitEnd(started);
  }

  @Test
  void getLooksInAbsoluteDirectoriesAlone() throws IOException {
    // The build's own directory, which is where the JVM was started.
    Path here = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "helper");
    Path program = here.resolve("docker-credential-here");
    try {
      Files.writeString(program, "#!/bin/sh\n" + answer("me", "x"));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
      String relative = Path.of("").toAbsolutePath().relativize(here).toString();
      for (String path : new String[] {relative, "", ".", ":" + relative}) {
        host.variables.put("PATH", path);
        CredentialHelper helper = new CredentialHelper(host.environment(), LONG);
        assertThatThrownBy(() -> helper.get("here", "s"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("is in no directory of PATH");
      }
      host.variables.put("PATH", relative + ":" + here);
      assertThat(new CredentialHelper(host.environment(), LONG).get("here", "s")).isPresent();
    } finally {
      Files.deleteIfExists(program);
      Files.delete(here);
    }
  }

  @Test
  void getSkipsWhatIsNoProgram() throws IOException {
    host.write("bin/docker-credential-x", "no program");
    Files.createDirectories(directory.resolve("bin2/docker-credential-x"));
    host.variables.put("PATH", directory.resolve("bin") + ":" + directory.resolve("bin2"));
    assertThatThrownBy(() -> new CredentialHelper(host.environment(), LONG).get("x", "s"))
        .isInstanceOf(OperationException.class);
  }
}
