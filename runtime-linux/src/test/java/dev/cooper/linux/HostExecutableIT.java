package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * That no image leads the kernel to the JVM's own executable (CVE-2019-5736).
 *
 * <p>The image's loader of dynamic programs is a busybox: if the host's {@code java} were executed
 * in the container, it would be the one to run, and would print the canary.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HostExecutableIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final String CANARY = "the host's java was executed";

  private static Path layer() throws IOException {
    byte[] busybox = Files.readAllBytes(Path.of("/bin/busybox"));
    return HOST.layer(
        it ->
            it.directory("lib64")
                .file("lib64/ld-linux-x86-64.so.2", 0755, busybox)
                .directory("lib")
                .file("lib/ld-linux-aarch64.so.1", 0755, busybox)
                .directory("planted")
                .symlink("planted/cat", "/proc/self/exe")
                .symlink("planted/thread", "/proc/thread-self/exe")
                .symlink("planted/first", "/proc/1/exe")
                .file(
                    "planted/script",
                    0755,
                    "#!/proc/self/exe\n".getBytes(StandardCharsets.US_ASCII))
                .file(
                    "planted/linked",
                    0755,
                    "#!/planted/cat /canary\n".getBytes(StandardCharsets.US_ASCII))
                .file("canary", CANARY));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/planted/cat",
        "/planted/thread",
        "/planted/first",
        "/planted/script",
        "/planted/linked",
        "/proc/self/exe",
        "cat"
      })
  void runWhenTheCommandLeadsToItsOwnExecutableRunsNothingOfTheHosts(String command)
      throws IOException {
    try (Rootfs root = HOST.root(layer())) {
      for (long user : new long[] {0, 1000}) {
        Run run =
            Runner.in(root)
                .user(user, user)
                .environment(Map.of("PATH", "/planted"))
                .run(command, "/canary");
        assertThat(run.out() + run.err()).doesNotContain(CANARY);
        assertThat(run.status()).isEqualTo(127);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/cwd/../proc/self/fd/3"})
  void runWhenTheCommandIsADescriptorFindsNone(String command) throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).run(command))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(command);
    }
  }

  @Test
  void runWhenStartedIsItsCommandAndNothingElse() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "readlink /proc/self/exe; readlink /proc/1/exe"))
          .isEqualTo("/bin/busybox\n/bin/busybox\n");
      assertThat(sh(root, "grep -c -e java -e libj -e memfd /proc/1/maps || true"))
          .isEqualTo("0\n");
    }
  }

  @Test
  void runWhenTheExecutableIsWrittenToFailsOnTheImagesOwn() throws IOException {
    try (Rootfs root = HOST.root(layer())) {
      Run run = Runner.in(root).sh("echo overwritten > /proc/self/exe");
      assertThat(run.status()).isNotZero();
      assertThat(run.err()).contains("Text file busy");
      assertThat(Files.size(Path.of("/bin/busybox"))).isPositive();
    }
  }
}
