package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the host's newuidmap is called, and what is said where it does not help. */
@Timeout(30)
final class MapToolTest {
  @TempDir Path place;

  private MapTool tool(String script, Duration patience) throws IOException {
    Path file = place.resolve("newuidmap");
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new MapTool("newuidmap", "app", List.of(place), patience);
  }

  private MapTool tool(String script) throws IOException {
    return tool(script, Duration.ofSeconds(20));
  }

  @Test
  void runWhenItIsMissingNamesThePackage() {
    MapTool missing = new MapTool("newuidmap", "app", List.of(place), Duration.ofSeconds(20));
    assertThatThrownBy(() -> missing.run(List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("newuidmap is not installed")
        .hasMessageContaining("install the package uidmap");
  }

  @Test
  void runWhenItSucceedsSaysNothing() throws IOException {
    assertThatCode(() -> tool("test $# = 4").run(List.of("1", "0", "1000", "1")))
        .doesNotThrowAnyException();
  }

  @Test
  void runWhenItFailsTellsWhatItSaidAndWhatItLacks() throws IOException {
    MapTool refusing = tool("echo 'newuidmap: write to uid_map failed' >&2; exit 1");
    assertThatThrownBy(() -> refusing.run(List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("app's subordinate ids: newuidmap: write to uid_map failed")
        .hasMessageContaining(place.resolve("newuidmap") + " is neither setuid root")
        .hasMessageContaining("reinstall the package uidmap");
  }

  @Test
  void runWhenItFailsWithItsRightsTellsOfTheRanges() throws Exception {
    MapTool refusing = tool("echo 'newuidmap: uid range not allowed' >&2; exit 1");
    Process chmod =
        new ProcessBuilder("chmod", "u+s", place.resolve("newuidmap").toString()).start();
    assertThat(chmod.waitFor()).isZero();
    assertThatThrownBy(() -> refusing.run(List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("app's subordinate ids: newuidmap: uid range not allowed")
        .hasMessageContaining("the ranges in /etc/subuid and /etc/subgid have to be app's")
        .hasMessageNotContaining("reinstall");
  }

  @Test
  void runWhenItHangsGivesUp() throws IOException {
    MapTool hanging = tool("exec sleep 600", Duration.ofMillis(200));
    assertThatThrownBy(() -> hanging.run(List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("did not end within PT0.2S");
  }

  @Test
  void runWhenItLeavesSomethingThatHoldsItsOutputStillEnds() throws IOException {
    MapTool leaving = tool("sleep 60 & exit 0");
    assertThatCode(() -> leaving.run(List.of())).doesNotThrowAnyException();
  }
}
