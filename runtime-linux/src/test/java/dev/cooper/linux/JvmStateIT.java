package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Running containers leaves the JVM's own rights and flags alone. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class JvmStateIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private record State(
      long dumpable, Object owner, List<String> status, String directory, String signals) {
    static State now() throws IOException {
      return new State(
          Trampoline.here(Sys.PRCTL, Linux.PR_GET_DUMPABLE),
          Files.getAttribute(Path.of("/proc/self/environ"), "unix:uid"),
          status(Path.of("/proc/self/status")),
          Files.readSymbolicLink(Path.of("/proc/self/cwd")).toString(),
          line(Path.of("/proc/self/status"), "SigCgt"));
    }

    /** What each thread has of ids, rights and masks, and this thread's blocked signals. */
    private static List<String> status(Path file) throws IOException {
      List<String> lines = new ArrayList<>();
      for (String name :
          List.of(
              "Umask",
              "Uid",
              "Gid",
              "Groups",
              "NSpid",
              "SigIgn",
              "CapInh",
              "CapPrm",
              "CapEff",
              "CapBnd",
              "CapAmb",
              "NoNewPrivs",
              "Seccomp")) {
        lines.add(line(file, name));
      }
      lines.add(line(Path.of("/proc/thread-self/status"), "SigBlk"));
      lines.add(line(Path.of("/proc/thread-self/status"), "Uid"));
      lines.add(line(Path.of("/proc/thread-self/status"), "CapEff"));
      return lines;
    }

    private static String line(Path file, String name) throws IOException {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(name + ":"))
          .findFirst()
          .orElse(name + " is not there");
    }
  }

  @Test
  void runWhenUsersDifferLeavesTheJvmAsItWas() throws Exception {
    State before = State.now();
    try (Rootfs root = HOST.root()) {
      assertThat(State.now()).isEqualTo(before);
      for (long user : new long[] {0, 1000, 65534, 0, 1000}) {
        Run run = Runner.in(root).user(user, user, 2000L).sh("id -u");
        assertThat(run.out()).isEqualTo(user + "\n");
        assertThat(State.now()).isEqualTo(before);
      }
    }
    assertThat(State.now()).isEqualTo(before);
  }

  @Test
  void runWhenItFailsToStartLeavesTheJvmAsItWas() throws Exception {
    State before = State.now();
    try (Rootfs root = HOST.root()) {
      for (int i = 0; i < 5; i++) {
        try {
          Runner.in(root).user(1000, 1000).run("/no/such/thing");
        } catch (dev.cooper.oci.OperationException e) {
          assertThat(e).hasMessageContaining("ENOENT");
        }
        assertThat(State.now()).isEqualTo(before);
      }
    }
  }

  @Test
  void runWhenTheJvmHasChildrenOfItsOwnLeavesThemToIt() throws Exception {
    try (Rootfs root = HOST.root()) {
      sh(root, "true");
      Process own = new ProcessBuilder("/bin/busybox", "sh", "-c", "exit 7").start();
      assertThat(own.waitFor()).isEqualTo(7);
      sh(root, "true");
    }
  }
}
