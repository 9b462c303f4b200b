package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.command.Capability;
import dev.cooper.command.Rlimit;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Security;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a container's process may do where something else than the default was asked for. */
@Timeout(60)
final class RightsIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final String CAPABILITIES =
      "grep -E '^Cap(Prm|Bnd|Amb|Inh)' /proc/self/status | cut -f2";

  private static ProcessSecurity only(Set<Capability> capabilities) {
    return Securities.of(capabilities, false, new Seccomp.Standard());
  }

  private static String hex(long bits) {
    return "%016x%n".formatted(bits);
  }

  @Test
  void runWhenCapabilitiesAreChosenHasThoseAndNoneToInherit() throws IOException {
    Set<Capability> chosen = EnumSet.of(Capability.NET_RAW, Capability.SYS_PTRACE);
    String bits = hex(Capability.bits(chosen));
    String none = hex(0);
    try (Rootfs root = HOST.root()) {
      // In the order of the file: inheritable, permitted, bounding, ambient.
      assertThat(Runner.in(root).security(only(chosen)).sh(CAPABILITIES).out())
          .isEqualTo(none + bits + bits + none);
      assertThat(Runner.in(root).security(only(chosen)).user(1000, 1000).sh(CAPABILITIES).out())
          .isEqualTo(none + none + bits + none);
      assertThat(Runner.in(root).security(only(Set.of())).sh(CAPABILITIES).out())
          .isEqualTo(none + none + none + none);
      assertThat(Runner.in(root).security(only(Set.of())).sh("chown 1000 /tmp").status())
          .isNotZero();
    }
  }

  @Test
  void runWhenTheHostLacksACapabilityThatIsRequiredSaysWhich() throws IOException {
    long permitted = HOST.runtime().keeper().permitted();
    try (Rootfs root = HOST.root()) {
      for (Capability capability : Capability.values()) {
        Runner runner = Runner.in(root).security(Securities.requires(capability));
        if ((permitted & capability.bit()) != 0) {
          assertThat(runner.sh("true").status()).isZero();
        } else {
          assertThatThrownBy(() -> runner.sh("true"))
              .isInstanceOf(OperationException.class)
              .hasMessageContaining("[" + capability + "]")
              .hasMessageContaining("this JVM does not have them");
        }
      }
    }
  }

  @Test
  void runWhenNoNewPrivilegesAreWantedASetuidProgramGivesNone() throws IOException {
    assumeTrue(Abi.CURRENT == Abi.X86_64, "the probe is a program for x86-64");
    long geteuid = 107;
    ProcessSecurity none = Securities.of(Capability.DEFAULT, true, new Seccomp.Standard());
    SyscallProbe probe = new SyscallProbe(04755).call(geteuid);
    assertThat(probe.run(HOST, ProcessSecurity.DEFAULT, 1000)).containsExactly(0L);
    assertThat(probe.run(HOST, none, 1000)).containsExactly(1000L);
  }

  @Test
  void runWhenLimitsAreSetHasThem() throws IOException {
    Map<Rlimit, Security.Ulimit> limits =
        Map.of(
            Rlimit.NOFILE, new Security.Ulimit(64, 128),
            Rlimit.CORE, new Security.Ulimit(0, 0),
            Rlimit.FSIZE, new Security.Ulimit(4096, 8192),
            Rlimit.NPROC, new Security.Ulimit(50, 50));
    try (Rootfs root = HOST.root()) {
      String shown =
          Runner.in(root)
              .security(Securities.limits(limits))
              .sh("tr -s ' ' </proc/self/limits | grep -E 'open files|core|file size|processes'")
              .out();
      assertThat(shown)
          .contains("Max open files 64 128 ", "Max core file size 0 0 ")
          .contains("Max file size 4096 8192 ", "Max processes 50 50 ");
      Run written =
          Runner.in(root)
              .security(Securities.limits(limits))
              .sh("head -c 9000 /dev/zero >/f; ls /f");
      assertThat(written.out()).isEqualTo("/f\n");
      assertThat(sh(root, "stat -c %s /f")).isEqualTo("4096\n");
      assertThat(sh(root, "ulimit -n")).isEqualTo("1024\n");
    }
  }

  @Test
  void runWhenALimitIsAboveTheJvmsOwnSaysSo() throws IOException {
    Map<Rlimit, Security.Ulimit> limits =
        Map.of(Rlimit.NOFILE, new Security.Ulimit(1 << 30, 1 << 30));
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).security(Securities.limits(limits)).sh("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot set a ulimit")
          .hasMessageContaining("nofile=");
    }
  }

  @Test
  void runWhenTheRootIsReadOnlyCanWriteToMountsAlone() throws IOException {
    ProcessSecurity security = Securities.paths(true, List.of(), List.of());
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root).security(security).sh("touch /x; mkdir /tmp/y; echo z >/etc/passwd");
      assertThat(run.err().lines())
          .hasSize(3)
          .allMatch(line -> line.contains("Read-only file system"));
      assertThat(
              Runner.in(root)
                  .security(security)
                  .mount(new ProcessMount.Tmpfs("/tmp", 0, 01777))
                  .sh(
                      "echo here >/tmp/f && cat /tmp/f && echo shared >/dev/shm/f && echo x >/dev/null")
                  .out())
          .isEqualTo("here\n");
      assertThat(Runner.in(root).security(security).sh("mount -o remount,rw /").status())
          .isNotZero();
      assertThat(diff(root).lines()).isEmpty();
      sh(root, "touch /x");
    }
  }

  @Test
  void runWhenPathsAreMaskedSeesNothingOfThem() throws IOException {
    Path outside = HOST.directory();
    Files.writeString(outside.resolve("secret"), "secret");
    Path layer =
        HOST.layer(
            it ->
                it.directory("hidden")
                    .file("hidden/in", "hidden\n")
                    .file("etc/key", "hidden\n")
                    .symlink("link", "/hidden"));
    List<String> masked =
        List.of(
            "/hidden",
            "/etc/key",
            "/proc/version",
            "/sys/kernel",
            "/dev/shm",
            "/none",
            "/mnt/secret");
    try (Rootfs root = HOST.root(layer)) {
      Runner runner =
          Runner.in(root)
              .security(Securities.paths(false, masked, List.of()))
              .mount(new ProcessMount.Bind(outside, "/mnt", false));
      Run run =
          runner.sh(
              "cat /etc/key /proc/version /mnt/secret; ls -A /hidden /sys/kernel /dev/shm | grep -v :; "
                  + "echo x >/hidden/x; echo x >/sys/kernel/x; ls /none");
      assertThat(run.out().strip()).isEmpty();
      assertThat(run.err()).contains("/hidden/x: Read-only", "/none: No such file");
      Runner linked =
          Runner.in(root).security(Securities.paths(false, List.of("/link"), List.of()));
      assertThat(linked.sh("ls -A /hidden; umount /hidden 2>/dev/null || echo held").out())
          .isEqualTo("held\n");
      assertThat(sh(root, "cat /hidden/in /etc/key")).isEqualTo("hidden\nhidden\n");
      assertThat(diff(root).lines()).noneMatch(line -> line.contains("hidden"));
    }
    assertThat(outside.resolve("secret")).hasContent("secret");
  }

  @Test
  void runWhenPathsAreReadOnlyCannotWriteToThem() throws IOException {
    Path outside = HOST.directory();
    Path layer =
        HOST.layer(
            it ->
                it.directory("kept")
                    .file("kept/f", "kept\n")
                    .symlink("out", outside.toString())
                    .symlink("abs", "/kept"));
    try (Rootfs root = HOST.root(layer)) {
      List<String> paths = List.of("/abs", "/etc/passwd", "/out", "/dev/shm", "/none");
      Run run =
          Runner.in(root)
              .security(Securities.paths(false, List.of(), paths))
              .sh(
                  "cat /kept/f; echo x >/kept/f; echo x >/etc/passwd; echo x >/dev/shm/x; echo x >/y");
      assertThat(run.out()).isEqualTo("kept\n");
      assertThat(run.err().lines())
          .hasSize(3)
          .allMatch(line -> line.contains("Read-only file system"));
      assertThat(sh(root, "echo x >/kept/f; cat /y")).isEqualTo("x\n");
    }
  }
}
