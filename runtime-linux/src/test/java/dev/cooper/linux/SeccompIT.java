package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.command.Capability;
import dev.cooper.command.Seccomp;
import dev.cooper.linux.SeccompRule.Condition;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the kernel lets a container's process call, and what it refuses. */
@Timeout(60)
final class SeccompIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final long EPERM = -1;
  private static final long ENOSYS = -38;
  private static final long EBADF = -9;
  private static final int SEGMENTATION_FAULT = 128 + 11;
  private static final int GARBAGE = 1; // what an upper half holds, which the kernel does not see

  /** These do not come back, wait for ever, change the probe, or write all of the host's disks. */
  private static final Set<String> NOT_TRIED =
      Set.of(
          "exit",
          "exit_group",
          "fork",
          "vfork",
          "clone",
          "clone3",
          "pause",
          "rt_sigreturn",
          "uretprobe",
          "uprobe",
          "sync",
          "restart_syscall");

  @BeforeEach
  void isX86() {
    assumeTrue(Abi.CURRENT == Abi.X86_64, "the probe is a program for x86-64");
  }

  private static Map<String, Long> answers(ProcessSecurity security) throws IOException {
    SyscallTable table = SyscallTable.of(Abi.CURRENT);
    SyscallProbe probe = new SyscallProbe();
    List<String> names =
        table.names().stream().filter(name -> !NOT_TRIED.contains(name)).sorted().toList();
    names.forEach(name -> probe.call(table.number(name)));
    List<Long> results = probe.run(HOST, security, 0);
    Map<String, Long> answers = new TreeMap<>();
    for (int i = 0; i < names.size(); i++) {
      answers.put(names.get(i), results.get(i));
    }
    return answers;
  }

  @Test
  void everyCallWhenFilteredIsRefusedOrAnsweredAsWithoutAFilter() throws IOException {
    Map<String, Long> free = answers(Securities.unconfined());
    Map<String, Long> filtered = answers(ProcessSecurity.DEFAULT);
    SeccompPolicy policy =
        DefaultSeccomp.policy(SeccompScope.here(Capability.bits(Capability.DEFAULT)));
    List<String> wrong = new ArrayList<>();
    free.forEach(
        (name, answer) -> {
          long with = filtered.get(name);
          boolean same = with == answer || with >= 0 && answer >= 0;
          if (policy.mayLetThrough(name) ? !same : with != EPERM) {
            wrong.add(name + ": " + answer + " without a filter, " + with + " with it");
          }
        });
    assertThat(wrong).isEmpty();
    assertThat(filtered.values()).filteredOn(answer -> answer == EPERM).hasSizeGreaterThan(60);
  }

  @Test
  void callsWhenTheirNumberIsOfNoNameAreNotThere() throws IOException {
    List<Long> results =
        new SyscallProbe()
            .call(SyscallTable.of(Abi.CURRENT).last() + 1L)
            .call(400)
            .call(100_000)
            .call(0x40000000L) // read, and getpid, of the x32 interface
            .call(0x40000000L + 39)
            .run(HOST, ProcessSecurity.DEFAULT, 0);
    assertThat(results).containsOnly(ENOSYS);
  }

  @Test
  void callsWhenMadeThroughThe32BitInterfaceAreNotThere() throws IOException {
    // getpid, socketcall, ioctl, unshare and ptrace of i386.
    SyscallProbe probe =
        new SyscallProbe().call32(20).call32(102).call32(54).call32(310).call32(26);
    int unfiltered = probe.status(HOST, Securities.unconfined());
    if (unfiltered == SEGMENTATION_FAULT) {
      // This kernel has no such interface (ia32_emulation=off), with a filter or without.
      assertThat(probe.status(HOST, ProcessSecurity.DEFAULT)).isEqualTo(unfiltered);
      return;
    }
    assertThat(probe.run(HOST, ProcessSecurity.DEFAULT, 0)).containsOnly(ENOSYS);
  }

  @Test
  void cve20175226WhenTiocstiIsAskedForWithAnyUpperHalfIsRefused() throws IOException {
    long high = (long) GARBAGE << 32;
    List<Long> results =
        new SyscallProbe()
            .call(16, -1, 0x5412)
            .call(16, -1, high | 0x5412)
            .call(16, -1, 0x541c)
            .call(16, -1, high | 0x541c)
            .call(16, -1, 0x5401)
            .run(HOST, ProcessSecurity.DEFAULT, 0);
    assertThat(results).containsExactly(EPERM, EPERM, EPERM, EPERM, EBADF);
  }

  @Test
  void socketWhenItsFamilyIsOutsideTheNamespaceIsRefused() throws IOException {
    long high = (long) GARBAGE << 32;
    List<Long> results =
        new SyscallProbe()
            .call(41, 38, 5, 0)
            .call(41, 40, 1, 0)
            .call(41, high | 38, 5, 0)
            .call(41, high | 40, 1, 0)
            .call(41, 1, 1, 0)
            .call(41, 2, 1, 0)
            .run(HOST, ProcessSecurity.DEFAULT, 0);
    assertThat(results.subList(0, 4)).containsOnly(EPERM);
    assertThat(results.subList(4, 6)).allMatch(descriptor -> descriptor > 2);
  }

  @Test
  void cloneWhenItAsksForNamespacesIsRefused() throws IOException {
    // With CLONE_SIGHAND and no CLONE_VM the kernel itself says EINVAL, so that none ever begins.
    long impossible = 0x800;
    SyscallProbe probe = new SyscallProbe().call(56, impossible, 0).call(435).call(272, 0x20000);
    long[] namespaces = {
      0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
    };
    for (long namespace : namespaces) {
      probe.call(56, impossible | namespace, 0);
    }
    for (long user : new long[] {0, 1000}) {
      List<Long> results = probe.run(HOST, ProcessSecurity.DEFAULT, user);
      assertThat(results.subList(0, 3)).containsExactly(-22L, ENOSYS, EPERM);
      assertThat(results.subList(3, results.size())).containsOnly(EPERM);
    }
  }

  @Test
  void personalityWhenItTakesProtectionAwayIsRefused() throws IOException {
    List<Long> results =
        new SyscallProbe()
            .call(135, 0xffffffffL)
            .call(135, 8)
            .call(135, 0x40000) // ADDR_NO_RANDOMIZE
            .call(135, 0x400000) // READ_IMPLIES_EXEC
            .run(HOST, ProcessSecurity.DEFAULT, 0);
    assertThat(results).containsExactly(0L, 0L, EPERM, EPERM);
  }

  @Test
  void unshareWhenCapabilityIsGivenWorks() throws IOException {
    try (Rootfs root = HOST.root()) {
      String unshare = "unshare -m mount -t tmpfs none /tmp";
      assertThat(Runner.in(root).sh(unshare).status()).isNotZero();
      assertThat(Runner.in(root).sh("unshare -r true").err()).contains("Operation not permitted");
      assertThat(
              Runner.in(root).security(Securities.with(Capability.SYS_ADMIN)).sh(unshare).status())
          .isZero();
    }
  }

  @Test
  void runWhenFilteredSaysSoAndLeavesTheKeeperAsItWas() throws IOException {
    try (Rootfs root = HOST.root()) {
      String seccomp =
          "grep -E '^(NoNewPrivs|Seccomp|Seccomp_filters):' /proc/self/status | cut -f2";
      assertThat(sh(root, seccomp)).isEqualTo("0\n2\n" + (filters() + 1) + "\n");
      ProcessSecurity noMore = Securities.of(Capability.DEFAULT, true, new Seccomp.Standard());
      assertThat(Runner.in(root).security(noMore).sh(seccomp).out())
          .isEqualTo("1\n2\n" + (filters() + 1) + "\n");
      assertThat(Runner.in(root).security(Securities.unconfined()).sh(seccomp).out())
          .endsWith("\n" + filters() + "\n");
    }
  }

  /** How many filters this JVM is under already. */
  private static int filters() throws IOException {
    return ProcFile.lines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("Seccomp_filters:"))
        .map(line -> Integer.valueOf(line.substring(line.indexOf(':') + 1).strip()))
        .findFirst()
        .orElse(0);
  }

  @Test
  void runWhenProfileIsGivenFollowsIt() throws IOException {
    String json =
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
            + "{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28},"
            + "{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":1,\"value\":10,\"op\":\"SCMP_CMP_EQ\"}]}]}";
    ProcessSecurity profile = Securities.seccomp(new Seccomp.Profile("test", json));
    try (Rootfs root = HOST.root()) {
      assertThat(Runner.in(root).security(profile).sh("mkdir /x").err())
          .contains("No space left on device");
      assertThat(Runner.in(root).security(profile).sh("kill -USR1 $$").err())
          .contains("Operation not permitted");
      assertThat(Runner.in(root).security(profile).sh("trap : USR2; kill -USR2 $$").status())
          .isZero();
    }
  }

  @Test
  void runWhenProfileLetsNothingStartSaysWhatItNeeds() throws IOException {
    String json =
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"execve\",\"write\",\"exit_group\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
    ProcessSecurity profile = Securities.seccomp(new Seccomp.Profile("strict.json", json));
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).security(profile).sh("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("strict.json")
          .hasMessageContaining("execveat, fcntl, setgroups")
          .hasMessageContaining("noNewPrivileges(true)");
    }
  }

  @Test
  void conditionsWhenTheKernelJudgesThemAreWhatTheySay() throws IOException {
    long value = 0x1_0000_0005L;
    long[] tried = {0, 5, 0x1_0000_0004L, value, value + 1, 0x2_0000_0000L, -1};
    for (SeccompRule.Comparison comparison : SeccompRule.Comparison.values()) {
      String operands =
          comparison == SeccompRule.Comparison.MASKED_EQ
              ? "\"value\":" + 0x1_0000_0004L + ",\"valueTwo\":" + 0x1_0000_0004L
              : "\"value\":" + value;
      String json =
          "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getpriority\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":99,"
              + "\"args\":[{\"index\":3,"
              + operands
              + ",\"op\":\"SCMP_CMP_"
              + comparison
              + "\"}]}]}";
      SyscallProbe probe = new SyscallProbe();
      for (long each : tried) {
        probe.call(140, 0, 0, 0, each);
      }
      List<Long> results =
          probe.run(HOST, Securities.seccomp(new Seccomp.Profile(comparison.name(), json)), 0);
      Condition condition =
          comparison == SeccompRule.Comparison.MASKED_EQ
              ? new Condition(3, comparison, 0x1_0000_0004L, 0x1_0000_0004L)
              : new Condition(3, comparison, value, 0);
      for (int i = 0; i < tried.length; i++) {
        assertThat(results.get(i) == -99)
            .as("%x %s %x", tried[i], comparison, value)
            .isEqualTo(BpfMachine.holds(condition, tried[i]));
      }
    }
  }
}
