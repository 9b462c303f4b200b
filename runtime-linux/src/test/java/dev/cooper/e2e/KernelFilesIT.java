package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a container sees of the kernel does not depend on what the JVM sees of it. */
class KernelFilesIT extends EndToEnd {
  /** What a script in a container prints, of a JVM in a mount namespace that was prepared so. */
  private String said(String preparation, String script) throws IOException {
    Tools.requireRoot("it mounts for the JVM");
    List<String> command =
        new ArrayList<>(List.of("unshare", "-m", "sh", "-ec", preparation + "; exec \"$@\"", "sh"));
    command.addAll(
        ChildJvm.command(
            List.of(),
            ShellMain.class,
            temp.resolve("other").toString(),
            busyboxTar().toString(),
            script));
    Tools.Ended ended = Tools.attempt(Map.of(), command.toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isZero();
    return ended.output();
  }

  /** As systemd's ProcSubset=pid has it: nothing to be hidden is there to be seen. */
  @Test
  void runWhenTheJvmSeesOnlyProcessesInProcMasksTheRestAllTheSame() throws IOException {
    String before = Files.readString(Path.of("/proc/sys/kernel/core_pattern"));
    String said =
        said(
            "mount -t proc -o subset=pid proc /proc; test ! -e /proc/sys",
            "for f in kcore keys timer_list; do test ! -e /proc/$f || stat -c %t:%T /proc/$f; done;"
                + " for d in sys bus fs irq; do grep -q \" /proc/$d ro,\" /proc/self/mountinfo || echo open $d; done;"
                + " (echo core >/proc/sys/kernel/core_pattern) 2>/dev/null && echo written;"
                + " (echo h >/proc/sysrq-trigger) 2>/dev/null && echo triggered; true");
    assertThat(said.lines()).isNotEmpty().allMatch("1:3"::equals);
    assertThat(Files.readString(Path.of("/proc/sys/kernel/core_pattern"))).isEqualTo(before);
  }

  /** What tells root of all processes of the host, as debugfs and tracefs do. */
  @Test
  void runWhenTheHostMountsMoreInSysShowsNoneOfIt() throws IOException {
    String said =
        said(
            "for d in kernel/debug kernel/tracing kernel/security fs/pstore fs/bpf fs/cgroup; do"
                + " test ! -d /sys/$d || { mount -t tmpfs told /sys/$d; echo x >/sys/$d/told; }; done;"
                + " test -e /sys/kernel/debug/told -o -e /sys/fs/cgroup/told",
            "find /sys -name told; ls -d /sys/class/net/lo; touch /sys/x 2>&1 | grep -o Read-only");
    assertThat(said).isEqualTo("/sys/class/net/lo\nRead-only\n");
  }
}
