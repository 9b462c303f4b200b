package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Another project's program: where it is missing, a skip at home and a failure in CI. */
public final class PeerTool {
  private PeerTool() {}

  /** Skips the test, or fails it in CI, where a program is missing. */
  public static void require(String program) {
    boolean found =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(Pattern.quote(File.pathSeparator)))
            .anyMatch(directory -> Path.of(directory, program).toFile().canExecute());
    if ("true".equals(System.getenv("CI"))) {
      assertThat(found).as("%s on the PATH", program).isTrue();
    }
    Assumptions.assumeTrue(found, program + " is needed");
  }

  /** Runs a command in a directory; it has to succeed, and what it says is the result. */
  public static String run(Path directory, String... command) throws IOException {
    require(command[0]);
    Path output = directory.resolve("output-of-" + command[0]);
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).as(String.join(" ", command)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
    String said = java.nio.file.Files.readString(output, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as("%s: %s", String.join(" ", command), said).isZero();
    return said;
  }
}
