package dev.cooper.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.ExecResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a test makes the image that it needs: in a store of its own in a temporary directory, which
 * JUnit removes with all that is in it. Forks running side by side don't meet.
 */
class ImageInTestIT {
  @TempDir private Path directory;
  private Cooper cooper;

  @BeforeEach
  void open() {
    cooper = Cooper.builder().store(directory.resolve("store")).build();
  }

  @AfterEach
  void close() {
    cooper.close();
  }

  @Test
  void serviceWhenConfiguredAnswersFromItsImage() {
    Image image;
    try (WorkingContainer container = BusyboxRoot.into(cooper.scratch())) {
      image =
          container
              .write("/etc/service.conf", "answer=42\n")
              .run("grep -q answer=42 /etc/service.conf")
              .commit("service:test");
    }

    try (WorkingContainer service = cooper.from("service:test")) {
      ExecResult result = service.exec("cat", "/etc/service.conf");

      assertThat(result.status()).isZero();
      assertThat(result.out()).isEqualTo("answer=42\n");
    }
    assertThat(image.names()).containsExactly("service:test");
  }

  @Test
  void javaApplicationWhenBuiltHasALayerForItsDependencies() throws IOException {
    Path jar = Files.writeString(directory.resolve("service.jar"), "the application");
    Path lib = Files.createDirectory(directory.resolve("lib"));
    Files.writeString(lib.resolve("one.jar"), "a dependency");

    Image image = JavaApplication.build(cooper, "scratch", jar, lib, "example.Main");

    assertThat(image.config().config().entrypoint()).contains("example.Main");
    assertThat(image.history()).anyMatch(step -> String.valueOf(step.createdBy()).contains("lib"));
    assertThat(image.manifest().layers()).hasSizeGreaterThanOrEqualTo(2);
  }
}
