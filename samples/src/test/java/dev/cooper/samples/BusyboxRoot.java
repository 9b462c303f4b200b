package dev.cooper.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.WorkingContainer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A root filesystem of one file: the host's busybox, if it is a static one. */
final class BusyboxRoot {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  private BusyboxRoot() {}

  /** Fills an empty container; without a busybox the test is skipped, or fails where CI=true. */
  static WorkingContainer into(WorkingContainer empty) {
    boolean there = Files.isExecutable(BUSYBOX);
    if ("true".equals(System.getenv("CI"))) {
      assertThat(there).as("package busybox-static is installed").isTrue();
    }
    assumeTrue(there, "no /bin/busybox: install the package busybox-static");
    return empty
        .copy(BUSYBOX, "/bin/busybox", options -> options.mode(0755))
        .run("/bin/busybox", "--install", "-s", "/bin");
  }
}
