package dev.cooper.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JShellIT {
  private static final Path JSHELL = Path.of(System.getProperty("java.home"), "bin", "jshell");

  @TempDir private Path directory;

  @Test
  void jshellWhenFedAScriptBuildsAnImage() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(JSHELL), "this Java has no jshell: use a JDK");
    String said =
        jshell(
            """
            var c = cooper.scratch()
            c.write("/hello.txt", "hello")
            System.out.println("layers: " + c.commit("hello").manifest().layers().size())
            System.out.println("names: " + cooper.images().get(0).names())
            c.close()
            /exit
            """);

    assertThat(said)
        .contains("cooper is open", "COPY hello.txt /hello.txt", "layers: 1", "names: [hello")
        .doesNotContain("Error:", "Exception");
  }

  private String jshell(String script) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            JSHELL.toString(),
            "--class-path",
            System.getProperty("java.class.path"),
            "--startup",
            "DEFAULT",
            "--startup",
            Path.of("cooper.jsh").toString(),
            "-s");
    builder.environment().put("COOPER_STORE", directory.resolve("store").toString());
    Path output = directory.resolve("output");
    Path input = Files.writeString(directory.resolve("input"), script);
    Process process =
        builder
            .redirectInput(input.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("jshell ended").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(output, StandardCharsets.UTF_8);
  }
}
