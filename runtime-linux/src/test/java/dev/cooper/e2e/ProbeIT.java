package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.HostReport;
import dev.cooper.command.Isolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What this host is said to do is what it does; {@link PodIT} tries others. */
class ProbeIT {
  @TempDir private Path temp;

  private static HostReport.Finding finding(HostReport report, String subject) {
    return report.findings().stream()
        .filter(each -> each.subject().equals(subject))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void probeWhenTheStoreIsNotThereYetTriesItsFileSystemAndLeavesNothing() throws IOException {
    Path parent = temp.resolve("data");
    Files.createDirectory(parent);
    HostReport report = Cooper.builder().store(parent.resolve("cooper/store")).probe();
    try (Stream<Path> left = Files.list(parent)) {
      assertThat(left).isEmpty();
    }
    assertThat(report.works(Isolation.NAMESPACES)).as("%s", report).isTrue();
    assertThat(report.works(Isolation.NONE)).isTrue();
    assertThat(report.works(Isolation.CHROOT)).isEqualTo(Tools.isRoot());
    for (String each : new String[] {"kernel", "user", "subordinate ids", "seccomp"}) {
      assertThat(report.works(each)).as("%s", report).isTrue();
    }
    if (Files.isWritable(Path.of("/dev/net/tun"))) {
      Tools.require("pasta");
      assertThat(finding(report, "network private").text()).contains("/pasta");
      assertThat(report.works("network private")).as("%s", report).isTrue();
    }
    assertThat(finding(report, "store").text()).contains(parent.toString());
    assertThat(report.toString().lines()).hasSameSizeAs(report.findings());
  }

  @Test
  void probeWhenTheStoreCannotBeWrittenSaysSo() {
    HostReport report = Cooper.builder().store(Path.of("/proc/store")).probe();
    assertThat(report.works("store")).isFalse();
    assertThat(finding(report, "store").text()).contains("/proc").contains("COOPER_STORE");
  }
}
