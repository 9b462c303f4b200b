package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What broke out of other engines by way of a container's process, tried here. */
@Timeout(60)
final class ProcessThreatsIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  /** What its processes' environments hold, in particular nothing of this JVM's. */
  @Test
  void cve20213602WhenEnvironmentsAreReadShowsNoneOfTheJvms() throws IOException {
    Map<String, String> own = System.getenv();
    assertThat(own).isNotEmpty();
    try (Rootfs root = HOST.root()) {
      String all =
          Runner.in(root)
              .environment(Map.of("PATH", "/bin", "OWN", "1"))
              .sh(
                  "sleep 8301 & cat /proc/[0-9]*/environ /proc/self/environ | tr '\\0' '\\n'; kill $!")
              .out();
      assertThat(all).contains("OWN=1");
      own.forEach(
          (name, value) -> {
            if (!List.of("PATH", "PWD", "OLDPWD", "SHLVL", "_").contains(name)) {
              assertThat(all).doesNotContain(name + "=" + value);
            }
          });
    }
  }

  /** Runc masked with the container's own /dev/null, and mounted over what it led to. */
  @ParameterizedTest
  @ValueSource(
      strings = {"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/etc/passwd", "/"})
  void cve202531133WhenTheImagesDevicesAreLinksMasksWithTheKernelsOwn(String target)
      throws IOException {
    Path layer =
        HOST.layer(
            it -> {
              it.directory("dev");
              for (String name :
                  List.of("null", "zero", "console", "ptmx", "pts", "shm", "mqueue")) {
                it.symlink("dev/" + name, target);
              }
            });
    String before = Files.readString(Path.of("/proc/sys/kernel/core_pattern"));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "stat -c %F:%t:%T /dev/null; ls -d /dev/console 2>/dev/null || true"))
          .isEqualTo("character special file:1:3\n");
      assertThat(
              sh(
                      root,
                      "for f in kcore keys timer_list; do [ ! -e /proc/$f ] || stat -c %t:%T /proc/$f; done")
                  .lines())
          .allMatch("1:3"::equals);
      assertThat(Runner.in(root).sh("echo '|/bin/true' >/proc/sys/kernel/core_pattern").status())
          .isNotZero();
      assertThat(diff(root).lines()).isEmpty();
    }
    assertThat(Files.readString(Path.of("/proc/sys/kernel/core_pattern"))).isEqualTo(before);
  }

  /** What is masked cannot be uncovered, nor another /proc be mounted, by root inside. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "umount /proc/kcore",
        "umount /proc/sys",
        "umount -l /proc",
        "mount -o remount,rw /proc/sys",
        "mount -o remount,rw /sys",
        "mkdir -p /p && mount -t proc proc /p",
        "mkdir -p /p && mount -t sysfs sysfs /p",
        "mount -t tmpfs none /tmp",
        "mount --bind /proc /tmp",
        "unshare -rm true",
        "unshare -p true",
        "nsenter -t 1 -m true",
        "chroot / umount /proc",
        "pivot_root / /tmp",
        "sysctl -w kernel.hostname=x",
        "hostname x",
        "dmesg -n 1",
        "swapoff -a",
        "reboot -f",
        "insmod /bin/busybox",
        "losetup /dev/loop0 /bin/busybox",
        "mknod /disk b 1 0 && head -c 1 /disk",
        "mknod /mem c 1 1 && head -c 1 /mem",
        "ip link add x type dummy",
        "renice -n -5 1",
      })
  void rootInsideWhenItReachesForTheHostIsRefused(String attempt) throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh(attempt);
      assertThat(run.status()).as("%s", run).isNotZero();
      assertThat(run.err())
          .containsAnyOf(
              "not permitted",
              "denied",
              "Read-only",
              "Invalid argument",
              "must be superuser",
              "No such file");
    }
  }

  /** What the kernel itself would run as the host's root: core_pattern, modprobe, uevent_helper. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/hotplug",
        "/proc/sys/vm/panic_on_oom",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
        "/sys/fs/cgroup/release_agent",
        "/sys/power/state",
        "/proc/self/attr/current/x",
        "/proc/1/oom_score_adj/x"
      })
  void helpersOfTheKernelWhenSetFromInsideAreRefused(String file) throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh("echo /bin/true >" + file);
      assertThat(run.status()).as("%s", run).isNotZero();
    }
  }

  /** The first process is its session's leader and has no terminal to put anything into. */
  @Test
  void cve20175226WhenATerminalIsLookedForThereIsNone() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "cut -d' ' -f7 /proc/self/stat")).isEqualTo("0\n");
      assertThat(Runner.in(root).sh("exec 3<>/dev/tty").status()).isNotZero();
    }
  }
}
