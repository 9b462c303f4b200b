package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Binds of what lies in another container whose layers were copied: a link in it never leads out
 * (CVE-2024-1753).
 */
@Timeout(60)
final class CopiedBindIT {
  @RegisterExtension static final BusyboxHost HOST = BusyboxHost.copying();

  private Path canary = Path.of("");

  @BeforeEach
  void makeTheCanary() throws IOException {
    canary = HOST.directory();
    Files.writeString(canary.resolve("file"), "the host's");
  }

  private Run bound(Rootfs in, Path source, String command) {
    return Runner.in(in).mount(new ProcessMount.Bind(source, "/in", false)).sh(command);
  }

  @Test
  void runWhenTheSourceIsInACopiedRootBindsIt() throws IOException {
    try (Rootfs other = HOST.root();
        Rootfs root = HOST.root()) {
      sh(other, "mkdir /data; echo mine >/data/f");
      assertThat(bound(root, other.hostPath().resolve("data"), "cat /in/f").out())
          .isEqualTo("mine\n");
      assertThat(bound(root, other.hostPath(), "cat /in/data/f").out()).isEqualTo("mine\n");
      assertThat(bound(root, other.hostPath().resolve("data"), "echo x >/in/g").status()).isZero();
      assertThat(sh(other, "cat /data/g")).isEqualTo("x\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"%s", "../../../../../../../../../../../..%s", "/proc/self/root%s"})
  void cve20241753WhenTheSourceIsALinkInACopiedRootStaysInside(String target) throws IOException {
    try (Rootfs other = HOST.root();
        Rootfs root = HOST.root()) {
      sh(other, "ln -s " + String.format(target, canary) + " /evil");
      assertStaysInside(root, other.hostPath().resolve("evil"));
      assertStaysInside(root, other.hostPath().resolve("evil/file"));
    }
  }

  /** What lies in a container may look like the directory of another. */
  @Test
  void cve20241753WhenACopiedRootHoldsWhatLooksLikeAnotherStaysInside() throws IOException {
    try (Rootfs other = HOST.root();
        Rootfs root = HOST.root()) {
      sh(
          other,
          "mkdir -p /a/changes/upper /a/changes/tree /b/changes/aside; ln -s / /a/merged; ln -s / /b/changes/tree");
      for (String fake : new String[] {"a/merged", "b/changes/tree"}) {
        assertStaysInside(root, other.hostPath().resolve(fake + canary));
      }
    }
  }

  private void assertStaysInside(Rootfs root, Path source) throws IOException {
    try {
      Run run = bound(root, source, "cat /in /in/file; echo evil >/in/new; echo evil >/in");
      assertThat(run.out()).doesNotContain("the host's");
    } catch (RuntimeException refused) {
      assertThat(refused).isInstanceOf(dev.cooper.oci.CooperException.class);
    }
    assertThat(canary.resolve("file")).hasContent("the host's");
    assertThat(canary.resolve("new")).doesNotExist();
  }
}
