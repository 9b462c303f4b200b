package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Capability;
import dev.cooper.linux.SeccompRule.Comparison;
import dev.cooper.linux.SeccompRule.Condition;
import dev.cooper.oci.ContentException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the default list says, what profiles say, and that a filter does what either says. */
final class SeccompFilterTest {
  private static final int EPERM = SeccompRule.errno(Linux.EPERM);
  private static final int ENOSYS = SeccompRule.errno(Linux.ENOSYS);
  private static final KernelVersion KERNEL = new KernelVersion(6, 1);

  private static SeccompScope scope(Abi abi, Capability... capabilities) {
    Set<Capability> all = EnumSet.copyOf(Capability.DEFAULT);
    all.addAll(List.of(capabilities));
    return new SeccompScope(abi, KERNEL, Capability.bits(all));
  }

  private static int byDefault(Abi abi, String name, Capability... more) {
    byte[] filter = SeccompFilter.compile(DefaultSeccomp.policy(scope(abi, more)), abi);
    return BpfMachine.run(filter, abi.audit, SyscallTable.of(abi).number(name));
  }

  @Test
  void defaultListWhenReadHasReviewedEveryCall() {
    Set<String> known = new TreeSet<>(SyscallTable.of(Abi.X86_64).names());
    known.addAll(SyscallTable.of(Abi.AARCH64).names());
    Set<String> reviewed = new TreeSet<>();
    for (String line : SyscallTable.lines("seccomp-default.txt")) {
      if (line.startsWith("  ")) {
        reviewed.addAll(List.of(line.strip().split(" ")));
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        assertThat(line)
            .matches("(always|never|by-argument|CAP_[A-Z_]+|x86_64|linux-4.8)( x86_64)?: .+\\.");
      }
    }
    assertThat(reviewed).isEqualTo(known);
  }

  @ParameterizedTest
  @EnumSource(Abi.class)
  void compileWhenPolicyIsTheDefaultDoesForEachNumberWhatItSays(Abi abi) {
    SeccompPolicy policy = DefaultSeccomp.policy(scope(abi));
    byte[] filter = SeccompFilter.compile(policy, abi);
    SyscallTable table = SyscallTable.of(abi);
    Map<Integer, String> names = new HashMap<>();
    table.names().forEach(name -> names.put(table.number(name), name));
    for (int number = 0; number < table.last() + 100; number++) {
      String name = names.get(number);
      int expected = name == null ? ENOSYS : expected(policy.rules().getOrDefault(name, List.of()));
      assertThat(BpfMachine.run(filter, abi.audit, number)).as("%s", name).isEqualTo(expected);
    }
    assertThat(filter.length / 8).as("instructions").isLessThan(400);
  }

  private static int expected(List<SeccompRule> rules) {
    for (SeccompRule rule : rules) {
      if (rule.conditions().stream().allMatch(each -> BpfMachine.holds(each, 0))) {
        return rule.action();
      }
    }
    return EPERM;
  }

  @ParameterizedTest
  @EnumSource(Abi.class)
  void compileWhenCallIsOfAnotherArchitectureSaysThatItIsNotThere(Abi abi) {
    byte[] filter = SeccompFilter.compile(DefaultSeccomp.policy(scope(abi)), abi);
    for (int other : new int[] {0x40000003, 0x40000028, 0, ~abi.audit}) {
      assertThat(BpfMachine.run(filter, other, 1)).isEqualTo(ENOSYS);
    }
    assertThat(BpfMachine.run(filter, abi.audit, 0x40000000)).isEqualTo(ENOSYS);
    assertThat(BpfMachine.run(filter, abi.audit, -1)).isEqualTo(ENOSYS);
  }

  @ParameterizedTest
  @EnumSource(Abi.class)
  void defaultWhenCapabilitiesAreGivenOpensWhatBelongsToThem(Abi abi) {
    assertThat(byDefault(abi, "mount")).isEqualTo(EPERM);
    assertThat(byDefault(abi, "mount", Capability.SYS_ADMIN)).isEqualTo(SeccompRule.ALLOW);
    assertThat(byDefault(abi, "clone3")).isEqualTo(ENOSYS);
    assertThat(byDefault(abi, "clone3", Capability.SYS_ADMIN)).isEqualTo(SeccompRule.ALLOW);
    assertThat(byDefault(abi, "bpf", Capability.BPF)).isEqualTo(SeccompRule.ALLOW);
    assertThat(byDefault(abi, "ptrace")).isEqualTo(SeccompRule.ALLOW);
    assertThat(byDefault(abi, "kcmp")).isEqualTo(EPERM);
    assertThat(byDefault(abi, "chroot")).isEqualTo(SeccompRule.ALLOW);
    for (String never : List.of("io_uring_setup", "userfaultfd", "keyctl", "kexec_load")) {
      Capability[] all = Capability.values();
      assertThat(byDefault(abi, never, all)).as(never).isEqualTo(EPERM);
    }
  }

  @Test
  void defaultWhenKernelIsOldRefusesTracing() {
    SeccompScope old = new SeccompScope(Abi.X86_64, new KernelVersion(4, 7), 0);
    assertThat(DefaultSeccomp.policy(old).mayLetThrough("ptrace")).isFalse();
    assertThat(DefaultSeccomp.policy(old).mayLetThrough("chroot")).isFalse();
  }

  @Test
  void compileWhenRulesHaveConditionsJudgesThemAsTheySay() {
    Random random = new Random(1);
    long[] edges = {0, 1, 0xffffffffL, 0x100000000L, 0x7fffffffffffffffL, -1, Long.MIN_VALUE, 5};
    for (int round = 0; round < 2000; round++) {
      List<SeccompRule> rules = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        List<Condition> conditions = new ArrayList<>();
        for (int j = 0; j < 1 + random.nextInt(3); j++) {
          Comparison comparison = Comparison.values()[random.nextInt(7)];
          long value = edges[random.nextInt(edges.length)];
          long mask = random.nextBoolean() ? -1 : edges[random.nextInt(edges.length)];
          conditions.add(new Condition(j, comparison, value & mask, mask));
        }
        rules.add(new SeccompRule(conditions, SeccompRule.errno(10 + i)));
      }
      SeccompPolicy policy = new SeccompPolicy(Map.of("read", rules), SeccompRule.ALLOW, ENOSYS);
      long[] arguments = new long[6];
      for (int i = 0; i < 6; i++) {
        arguments[i] = edges[random.nextInt(edges.length)];
      }
      int expected = SeccompRule.ALLOW;
      for (int i = rules.size() - 1; i >= 0; i--) {
        if (rules.get(i).conditions().stream()
            .allMatch(each -> BpfMachine.holds(each, arguments[each.argument()]))) {
          expected = rules.get(i).action();
        }
      }
      byte[] filter = SeccompFilter.compile(policy, Abi.X86_64);
      assertThat(BpfMachine.run(filter, Abi.X86_64.audit, 0, arguments))
          .as("%s of %s", rules, arguments)
          .isEqualTo(expected);
    }
  }

  private static SeccompPolicy profile(String json, Capability... more) {
    return SeccompProfile.parse("p.json", json, scope(Abi.X86_64, more));
  }

  @Test
  void profileWhenRulesDependOnSomethingTakesThoseThatHold() {
    String json =
        """
        {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13,
         "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
         "syscalls": [
          {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
          {"name": "write", "action": "SCMP_ACT_ALLOW", "args": null},
          {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
          {"names": ["chmod"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
          {"names": ["open"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
          {"names": ["stat"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
          {"names": ["poll"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.2"}},
          {"names": ["lseek"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
          {"names": ["dup"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}},
          {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
          {"names": ["of_another_architecture"], "action": "SCMP_ACT_ALLOW"}]}
        """;
    SeccompPolicy policy = profile(json);
    assertThat(List.of("read", "write", "chmod", "stat", "lseek", "socket"))
        .allMatch(policy::mayLetThrough);
    assertThat(List.of("mount", "open", "poll", "dup")).noneMatch(policy::mayLetThrough);
    assertThat(profile(json, Capability.SYS_ADMIN).mayLetThrough("mount")).isTrue();
    assertThat(profile(json, Capability.SYS_ADMIN).mayLetThrough("chmod")).isFalse();
    byte[] filter = SeccompFilter.compile(policy, Abi.X86_64);
    int architecture = Abi.X86_64.audit;
    assertThat(BpfMachine.run(filter, architecture, 41, 1)).isEqualTo(SeccompRule.ALLOW);
    assertThat(BpfMachine.run(filter, architecture, 41, 2)).isEqualTo(SeccompRule.ALLOW);
    assertThat(BpfMachine.run(filter, architecture, 41, 3)).isEqualTo(SeccompRule.errno(13));
    assertThat(BpfMachine.run(filter, architecture, 9999)).isEqualTo(ENOSYS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRACE\"}]}",
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}]}",
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"op\":\"EQ\"}]}]}"
      })
  void profileWhenItIsNoneIsRefusedByName(String json) {
    assertThatThrownBy(() -> profile(json))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("p.json");
  }
}
