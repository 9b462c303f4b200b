package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a container's process sees and may do, and what it does not. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class IsolationIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  @ParameterizedTest
  @ValueSource(strings = {"pid", "mnt", "ipc", "uts", "cgroup", "net"})
  void runWhenStartedHasANamespaceOfItsOwn(String kind) throws IOException {
    try (Rootfs root = HOST.root()) {
      String inside = sh(root, "readlink /proc/self/ns/" + kind).strip();
      assertThat(inside).startsWith(kind + ":[");
      assertThat(inside).isNotEqualTo(ofThisJvm(kind));
    }
  }

  private static String ofThisJvm(String kind) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/ns", kind)).toString();
  }

  @Test
  void runWhenHostNetworkIsGivenSharesItsNamespace() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).hostNetwork().sh("readlink /proc/self/ns/net");
      assertThat(run.out().strip()).isEqualTo(ofThisJvm("net"));
    }
  }

  @Test
  void runWhenNoNetworkIsGivenHasALoopbackThatWorks() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' '")).isEqualTo("lo\n");
      String script =
          "echo heard | nc -l -p 4321 & "
              + "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.5 | nc 127.0.0.1 4321 2>/dev/null && break; sleep 0.1; done";
      assertThat(sh(root, script)).isEqualTo("heard\n");
    }
  }

  @Test
  void runWhenStartedIsTheFirstProcessOfItsSession() throws IOException {
    try (Rootfs root = HOST.root()) {
      // Fields of proc(5)'s stat: pid, name, state, parent, group, session, terminal.
      String stat = sh(root, "exec cat /proc/self/stat");
      assertThat(stat).startsWith("1 (cat) R 0 1 1 0 ");
      assertThat(sh(root, "hostname; echo $$")).isEqualTo("box\n1\n");
    }
  }

  @Test
  void runWhenStartedHasNoTerminal() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh("exec 3<>/dev/tty");
      assertThat(run.status()).isNotZero();
      assertThat(run.err()).contains("No such device or address");
    }
  }

  @Test
  void runWhenStartedHasADevOfItsOwn() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "ls /dev | tr '\\n' ' '"))
          .isEqualTo(
              "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ");
      assertThat(sh(root, "stat -c '%F %t:%T %a' /dev/null /dev/zero /dev/urandom"))
          .isEqualTo(
              """
              character special file 1:3 666
              character special file 1:5 666
              character special file 1:9 666
              """);
      assertThat(sh(root, "echo gone >/dev/null; head -c 2 /dev/zero | xxd -p"))
          .isEqualTo("0000\n");
      assertThat(sh(root, "stat -c %a /dev/shm; echo x >/dev/shm/f; cat /dev/shm/f"))
          .isEqualTo("1777\nx\n");
      assertThat(sh(root, "grep -c ' /dev/mqueue mqueue ' /proc/self/mounts")).isEqualTo("1\n");
    }
  }

  @Test
  void runWhenATerminalIsAskedForGetsTheFirstOfItsOwn() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "exec 3<>/dev/ptmx; ls /dev/pts; stat -c '%a %g' /dev/pts/0"))
          .isEqualTo("0\nptmx\n620 5\n");
    }
  }

  /** With CAP_MKNOD the host's disk would be one mknod away. */
  @Test
  void runWhenNodesOfDevicesAreMadeCannotOpenThem() throws IOException {
    try (Rootfs root = HOST.root()) {
      for (String place : List.of("/", "/tmp/", "/dev/", "/dev/shm/")) {
        String made = "mknod " + place + "node c 1 5 && ";
        Run run = Runner.in(root).sh(made + "head -c 1 " + place + "node");
        assertThat(run.status()).as(place).isNotZero();
        assertThat(run.err()).containsAnyOf("Permission denied", "Operation not permitted");
        assertThat(run.out()).isEmpty();
      }
    }
  }

  @Test
  void runWhenTheImageHasNodesOfDevicesCannotOpenThem() throws IOException {
    assumeTrue(!HOST.rootless(), "an ordinary user's image has no nodes of devices");
    Path layer =
        HOST.layer(
            it ->
                it.put(
                    TarEntry.device(ByteString.utf8("zero"), EntryType.CHAR_DEVICE, 0666, 1, 5)));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "stat -c '%t:%T' /zero")).isEqualTo("1:5\n");
      assertThat(Runner.in(root).sh("head -c 1 /zero").err()).contains("Permission denied");
    }
  }

  @Test
  void runWhenTheImageHasADevNullOfItsOwnShowsTheKernels() throws IOException {
    Path layer =
        HOST.layer(
            it -> it.directory("dev").file("dev/null", "not null\n").symlink("dev/pts", "/etc"));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "cat /dev/null; stat -c %t:%T /dev/null; ls /etc/ptmx 2>&1 || true"))
          .isEqualTo("1:3\nls: /etc/ptmx: No such file or directory\n");
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/sys/x",
        "/sys/kernel/x",
        "/proc/sys/kernel/x",
        "/proc/bus/x",
        "/proc/fs/x",
        "/proc/irq/x"
      })
  void runWhenAReadOnlyPlaceIsWrittenIsRefused(String path) throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh("mkdir " + path);
      assertThat(run.status()).isNotZero();
      assertThat(run.err()).containsAnyOf("Read-only file system", "No such file");
      assertThat(run.err()).doesNotContain("denied");
    }
  }

  /** An attempt to write would say too little: procfs refuses most of them anyway. */
  @Test
  void runHasThePlacesOfTheKernelsSettingsReadOnly() throws IOException {
    try (Rootfs root = HOST.root()) {
      List<String> mounts = sh(root, "cut -d' ' -f5,6 /proc/self/mountinfo").lines().toList();
      for (String place : List.of("bus", "fs", "irq", "sys", "sysrq-trigger")) {
        if (Files.exists(Path.of("/proc", place))) {
          assertThat(mounts).anyMatch(mount -> mount.startsWith("/proc/" + place + " ro,"));
        }
      }
      assertThat(mounts).anyMatch(mount -> mount.startsWith("/sys ro,"));
    }
  }

  @Test
  void runWhenAKernelSettingIsWrittenIsRefused() throws IOException {
    try (Rootfs root = HOST.root()) {
      String file = "/proc/sys/kernel/domainname";
      assertThat(Runner.in(root).sh("echo h >" + file).err())
          .contains("can't create " + file + ": Read-only file system");
      if (Files.exists(Path.of("/proc/sysrq-trigger"))) {
        assertThat(Runner.in(root).sh("echo h >/proc/sysrq-trigger").err())
            .contains("Read-only file system");
      }
    }
  }

  @Test
  void runWhenAMaskedPlaceIsReadShowsNothing() throws IOException {
    try (Rootfs root = HOST.root()) {
      String script =
          "for f in acpi kcore keys latency_stats timer_list timer_stats sched_debug scsi; do"
              + " if [ -d /proc/$f ]; then ls -A /proc/$f; mkdir /proc/$f/x 2>/dev/null && echo made;"
              + " elif [ -e /proc/$f ]; then head -c 1 /proc/$f; stat -c %t:%T /proc/$f | grep -v 1:3; fi;"
              + " done; ls -A /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v :; true";
      assertThat(sh(root, script).strip()).isEmpty();
      assertThat(Files.exists(Path.of("/proc/keys")) || Files.exists(Path.of("/proc/kcore")))
          .as("something to mask")
          .isTrue();
    }
  }

  @Test
  void runWhenProcIsListedShowsItsOwnProcessesAlone() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "echo /proc/[0-9]*")).isEqualTo("/proc/1\n");
    }
  }

  @Test
  void runWhenUserIsGivenHasItsIdsAndGroups() throws IOException {
    try (Rootfs root = HOST.root()) {
      String id = "id -u; id -g; grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr -s '\\t ' ' '";
      assertThat(Runner.in(root).user(1000, 1001, 2000L, 2001L).sh(id).out())
          .isEqualTo(
              "1000\n1001\nUid: 1000 1000 1000 1000\nGid: 1001 1001 1001 1001\nGroups: 2000 2001 \n");
      assertThat(Runner.in(root).user(0, 0).sh(id).out())
          .isEqualTo("0\n0\nUid: 0 0 0 0\nGid: 0 0 0 0\nGroups: \n");
    }
  }

  @Test
  void runWhenUserIsRootHasDockersDefaultCapabilities() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(capabilities(Runner.in(root)))
          .isEqualTo(
              """
              CapInh: 0000000000000000
              CapPrm: 00000000a80425fb
              CapEff: 00000000a80425fb
              CapBnd: 00000000a80425fb
              CapAmb: 0000000000000000
              """);
    }
  }

  @Test
  void runWhenUserIsAnotherHasNoCapabilities() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(capabilities(Runner.in(root).user(1000, 1000)))
          .isEqualTo(
              """
              CapInh: 0000000000000000
              CapPrm: 0000000000000000
              CapEff: 0000000000000000
              CapBnd: 00000000a80425fb
              CapAmb: 0000000000000000
              """);
    }
  }

  private static String capabilities(Runner runner) {
    return runner.sh("grep ^Cap /proc/self/status | tr '\\t' ' '").out();
  }

  @Test
  void runWhenRootDoesWhatItHasNoCapabilityForIsRefused() throws IOException {
    try (Rootfs root = HOST.root()) {
      for (String refused :
          List.of(
              "mount -t tmpfs none /tmp",
              "umount /proc",
              "hostname other",
              "mount -o remount,rw /sys",
              "chroot / unshare -m true",
              "ip link set lo down")) {
        assertThat(Runner.in(root).sh(refused).status()).as(refused).isNotZero();
      }
    }
  }

  @Test
  void runWhenTheJvmHasFilesOpenInheritsNone() throws IOException {
    List<Long> open = new ArrayList<>();
    try (Rootfs root = HOST.root();
        SyscallProgram program = SyscallProgram.small()) {
      // Without O_CLOEXEC, as some native library opens its own.
      long name = program.memory.string("/");
      for (int i = 0; i < 100; i++) {
        open.add(Trampoline.here(Sys.OPENAT, Linux.AT_FDCWD, name, Linux.O_RDONLY));
      }
      assertThat(open).allMatch(fd -> fd > 2);
      // The third is ls's own, of the directory.
      assertThat(Runner.in(root).run("ls", "/proc/self/fd").lines())
          .containsExactly("0", "1", "2", "3");
      for (int fd = 3; fd <= 64; fd++) {
        Runner inside = Runner.in(root).workdir("/proc/self/fd/" + fd);
        assertThatThrownBy(() -> inside.sh("pwd"))
            .hasMessageContaining("cannot enter the working directory /proc/self/fd/");
      }
    } finally {
      open.forEach(fd -> Trampoline.here(Sys.CLOSE, fd));
    }
  }

  @Test
  void runWhenStartedHasItsOwnEnvironmentAlone() throws IOException {
    try (Rootfs root = HOST.root()) {
      Map<String, String> environment = Map.of("PATH", "/bin", "NAME", "a value=\u00e4 \n");
      assertThat(Runner.in(root).environment(environment).run("env", "-0").out().split("\0"))
          .containsExactlyInAnyOrder("PATH=/bin", "NAME=a value=\u00e4 \n");
      String all = sh(root, "sleep 9 & cat /proc/[0-9]*/environ | tr '\\0' '\\n'; kill $!");
      assertThat(all.lines())
          .hasSizeGreaterThanOrEqualTo(2)
          .allMatch(
              line -> List.of("PATH=/bin", "PWD=/", "SHLVL=1", "OLDPWD=/", "").contains(line));
    }
  }

  @Test
  void runWhenTheJvmsOwnUmaskDiffersHasTheUsualOne() throws IOException {
    long before = Trampoline.here(Sys.UMASK, 077);
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "umask; touch /f; mkdir /d; stat -c %a /f /d"))
          .isEqualTo("0022\n644\n755\n");
    } finally {
      Trampoline.here(Sys.UMASK, before);
    }
  }

  @Test
  void runWhenTheImageHasNoEtcFilesGivesThemAndCommitsNothing() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "cat /etc/hostname; grep -c box /etc/hosts; ls /etc/resolv.conf"))
          .isEqualTo("box\n1\n/etc/resolv.conf\n");
      assertThat(Runner.in(root).hostNetwork().sh("cat /etc/resolv.conf").out())
          .isEqualTo(hostFile("/etc/resolv.conf"));
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  private static String hostFile(String path) throws IOException {
    return Files.isReadable(Path.of(path)) ? Files.readString(Path.of(path)) : "";
  }

  @Test
  void runWhenTheImageHasEtcFilesOfItsOwnKeepsThem() throws IOException {
    Path layer = HOST.layer(it -> it.file("etc/hosts", "own\n").file("etc/hostname", "image\n"));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "cat /etc/hostname; echo changed >>/etc/hosts")).isEqualTo("box\n");
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../run/systemd/resolve/stub-resolv.conf",
        "/run/x/resolv.conf",
        "../../../../../../etc/cooper-outside"
      })
  void runWhenResolvConfIsADanglingLinkFollowsItInsideAndCommitsNothing(String target)
      throws IOException {
    Path layer = HOST.layer(it -> it.symlink("etc/resolv.conf", target));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "readlink /etc/resolv.conf; cat /etc/resolv.conf"))
          .isEqualTo(target + "\n");
      assertThat(Path.of("/etc/cooper-outside")).doesNotExist();
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"proc", "sys", "dev"})
  void runWhenAPlaceOfTheKernelsIsALinkFails(String name) throws IOException {
    Path outside = HOST.directory();
    for (String target : List.of(outside.toString(), "tmp", "/", "nowhere")) {
      Path layer = HOST.layer(it -> it.symlink(name, target));
      try (Rootfs root = HOST.root(layer)) {
        assertThatThrownBy(() -> sh(root, "true"))
            .isInstanceOf(SystemCallException.class)
            .hasMessageContaining("/" + name + " in the container");
        assertThat(diff(root).lines()).isEmpty();
      }
      assertThat(outside).isEmptyDirectory();
    }
  }

  @Test
  void runWhenEtcIsALinkStaysInside() throws IOException {
    Path outside = HOST.directory();
    Path layer = HOST.layer(it -> it.symlink("etc", outside.toString()));
    try (Rootfs root = HOST.root(layer)) {
      // What it leads to lies inside, under the same name; there it is made for as long as it is
      // needed.
      assertThat(sh(root, "cat /etc/hostname")).isEqualTo("box\n");
      assertThat(diff(root).lines()).isEmpty();
    }
    assertThat(outside).isEmptyDirectory();
  }

  /** Not only in the process: what it made a node of may be read by us a moment later. */
  @Test
  void mountWhenAnImageHasNodesOpensNoneOutsideTheProcessEither() throws IOException {
    try (Rootfs root = HOST.root()) {
      Path merged = root.hostPath();
      String options =
          Files.readAllLines(Path.of("/proc/" + merged.getName(1) + "/mounts")).stream()
              .filter(
                  line ->
                      line.contains(
                          " "
                              + merged
                                  .toString()
                                  .substring(merged.subpath(0, 3).toString().length() + 1)
                              + " "))
              .findFirst()
              .orElseThrow();
      assertThat(options.split(" ")[3].split(",")).contains("nodev");
    }
  }
}
