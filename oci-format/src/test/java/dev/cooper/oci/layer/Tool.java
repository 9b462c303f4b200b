package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Runs another program's command line: where it is missing, a skip at home and a failure in CI. */
final class Tool {
  private Tool() {}

  static void require(String program) throws IOException {
    boolean found = Path.of("/usr/bin", program).toFile().canExecute() || onPath(program);
    if ("true".equals(System.getenv("CI"))) {
      assertThat(found).as("%s is needed", program).isTrue();
    }
    Assumptions.assumeTrue(found, program + " is needed");
  }

  private static boolean onPath(String program) throws IOException {
    return run(Path.of("."), "command -v " + program + " || true").length > 0;
  }

  /** What a shell script writes to its standard output; it has to succeed. */
  static byte[] run(Path directory, String script) throws IOException {
    return run(directory, script, new byte[0]);
  }

  static byte[] run(Path directory, String script, byte[] input) throws IOException {
    Process process =
        new ProcessBuilder("bash", "-euc", script)
            .directory(directory.toFile())
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .start();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    Thread reader = new Thread(() -> copyErrors(process, errors));
    reader.start();
    Thread writer = new Thread(() -> feed(process, input));
    writer.start();
    byte[] output = process.getInputStream().readAllBytes();
    try {
      reader.join(TimeUnit.MINUTES.toMillis(1));
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).as(script).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
    assertThat(process.exitValue())
        .as("%s: %s", script, errors.toString(StandardCharsets.ISO_8859_1))
        .isZero();
    return output;
  }

  private static void copyErrors(Process process, OutputStream errors) {
    try {
      process.getErrorStream().transferTo(errors);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream to = process.getOutputStream()) {
      to.write(input);
    } catch (IOException e) {
      // It ended without reading everything: its exit status says whether that is an error.
    }
  }
}
