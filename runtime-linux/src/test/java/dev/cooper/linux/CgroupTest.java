package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Resources;
import dev.cooper.linux.CgroupSetting.Controller;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How hierarchies are found, and what is written to which file. */
final class CgroupTest {
  private static final Resources ALL = new Resources(100 << 20, 50 << 20, 0.5, 30, 2000, 10, 20);

  @Test
  void parseWhenSystemdMadeThemFindsTheOwnGroup() {
    assertThat(
            CgroupHierarchy.parse(
                List.of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/a b.scope"),
                List.of(
                    "24 30 0:22 / /proc rw - proc proc rw",
                    "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate")))
        .containsExactly(
            new CgroupHierarchy(
                true,
                Set.of("nsdelegate", "rw"),
                Path.of("/sys/fs/cgroup"),
                Path.of(
                    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/a b.scope")));
  }

  @Test
  void parseWhenAContainersPartIsMountedFindsTheGroupBelowIt() {
    List<CgroupHierarchy> found =
        CgroupHierarchy.parse(
            List.of(
                "5:cpu,cpuacct:/docker/1/inner", "4:memory:/docker/1", "0::/", "1:name=systemd:/x"),
            List.of(
                "40 39 0:31 /docker/1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct",
                "41 39 0:32 /docker/1 /my\\040groups/memory ro - cgroup cgroup rw,memory",
                "42 39 0:33 /docker/2 /sys/fs/cgroup/systemd ro - cgroup cgroup rw,name=systemd"));
    assertThat(found.stream().map(CgroupHierarchy::own))
        .containsExactly(Path.of("/sys/fs/cgroup/cpu,cpuacct/inner"), Path.of("/my groups/memory"));
    assertThat(found).noneMatch(CgroupHierarchy::unified);
  }

  private static List<String> written(Controller controller, boolean unified) {
    return CgroupSetting.of(controller, unified, ALL, () -> "8:16").stream()
        .map(setting -> setting.file() + "=" + setting.value())
        .toList();
  }

  @Test
  void settingsWhenOfTheSecondVersionAreItsFiles() {
    assertThat(CgroupSetting.controllers(ALL)).containsExactly(Controller.values());
    assertThat(written(Controller.MEMORY, true))
        .containsExactly("memory.max=104857600", "memory.swap.max=52428800");
    assertThat(written(Controller.CPU, true)).containsExactly("cpu.max=50000 100000");
    assertThat(written(Controller.PIDS, true)).containsExactly("pids.max=30");
    assertThat(written(Controller.IO, true))
        .containsExactly("io.weight=default 2000", "io.max=8:16 rbps=10", "io.max=8:16 wbps=20");
  }

  @Test
  void settingsWhenOfTheFirstVersionAreItsFiles() {
    assertThat(written(Controller.MEMORY, false))
        .containsExactly(
            "memory.limit_in_bytes=104857600", "memory.memsw.limit_in_bytes=157286400");
    assertThat(written(Controller.CPU, false))
        .containsExactly("cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000");
    assertThat(written(Controller.PIDS, false)).containsExactly("pids.max=30");
    assertThat(written(Controller.IO, false))
        .containsExactly(
            "blkio.weight=1000",
            "blkio.throttle.read_bps_device=8:16 10",
            "blkio.throttle.write_bps_device=8:16 20");
  }

  /** A group of the second version, as its files tell of it. */
  private static Path group(Path directory, String processes) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("cgroup.type"), "domain\n");
    Files.writeString(directory.resolve("cgroup.procs"), processes);
    Files.writeString(directory.resolve("cgroup.subtree_control"), "");
    return directory;
  }

  @Test
  void baseWhenAGroupHasProcessesIsTheNextOneAboveThatHasNone(@TempDir Path temp)
      throws IOException {
    Path mount = group(temp.resolve("mount"), "1\n2\n");
    Files.delete(mount.resolve("cgroup.type")); // as the root has none
    Path slice = group(mount.resolve("slice"), "");
    Path scope = group(slice.resolve("scope"), "42\n");
    CgroupHierarchy unified = new CgroupHierarchy(true, Set.of("rw"), mount, scope);
    for (Controller each : Controller.values()) {
      assertThat(CgroupBase.of(unified, each)).isEqualTo(slice);
    }
    assertThat(scope.resolve("cgroup.subtree_control")).isEmptyFile();
    Files.writeString(slice.resolve("cgroup.procs"), "43\n");
    assertThat(CgroupBase.of(unified, Controller.PIDS)).isEqualTo(mount);
    CgroupHierarchy inner = new CgroupHierarchy(true, Set.of("rw"), slice, scope);
    assertThatThrownBy(() -> CgroupBase.of(inner, Controller.PIDS))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(scope + " has processes, " + slice + " has processes")
        .hasMessageContaining("systemd-run");
  }
}
