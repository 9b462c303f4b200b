package dev.cooper.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's first command, as somebody runs it who has nothing but a JDK and the build. */
class QuickstartIT {
  @TempDir private Path directory;

  /** How the script ended, and both its outputs as one. */
  private record Ended(int status, String output) {}

  @Test
  void quickstartWhenNothingIsGivenBeginsFromTheHostsOwnPrograms() throws Exception {
    Ended ended = quickstart(System.getenv("PATH"));

    assertThat(ended.status()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("the image says:\nHello from Cooper\n");
    assertThat(directory.resolve("quickstart.tar")).isRegularFile();
  }

  @Test
  void quickstartWhenAProgramIsMissingStopsAtOnceAndSaysWhich() throws Exception {
    Ended ended = quickstart(programsWithout("uname").toString());

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.output().lines())
        .containsExactly(
            "quickstart.sh: cannot make a root filesystem: this machine has no uname;"
                + " name an image to begin from");
    assertThat(directory.resolve("store")).doesNotExist();
  }

  /** A directory for PATH with links to all that the script calls, but one program. */
  private Path programsWithout(String missing) throws IOException {
    Path bin = Files.createDirectory(directory.resolve("bin"));
    List<String> needed =
        List.of(
            ("basename bash cat chmod cp date dirname env grep head id java javac ldd ln ls mkdir"
                    + " mktemp mv newgidmap newuidmap rm sed sh sleep tail tar touch uname wc")
                .split(" "));
    for (String program : needed) {
      for (String place : System.getenv("PATH").split(":")) {
        Path found = Path.of(place, program);
        if (!program.equals(missing)
            && Files.isExecutable(found)
            && Files.notExists(bin.resolve(program))) {
          Files.createSymbolicLink(bin.resolve(program), found);
        }
      }
    }
    return bin;
  }

  private Ended quickstart(String path) throws IOException, InterruptedException {
    Path script = Path.of("quickstart.sh").toAbsolutePath();
    assertThat(script.resolveSibling("target/lib")).as("the build's libraries").isDirectory();
    ProcessBuilder builder = new ProcessBuilder("bash", script.toString());
    builder.environment().put("PATH", path);
    builder.environment().put("COOPER_STORE", directory.resolve("store").toString());
    Path output = directory.resolve("output");
    Process process =
        builder
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("the script ended").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
