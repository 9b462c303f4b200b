package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Capability;
import dev.cooper.linux.SeccompRule.Comparison;
import dev.cooper.linux.SeccompRule.Condition;
import dev.cooper.oci.OperationException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An engine is told what our own filter does, in rules whose order does not matter. */
class EngineSeccompTest {
  private static final int EPERM = SeccompRule.errno(Linux.EPERM);

  private static Map<String, Object> standard() {
    SeccompScope scope = SeccompScope.here(Capability.bits(Capability.DEFAULT));
    return EngineSeccomp.of(DefaultSeccomp.policy(scope), scope.abi());
  }

  /** Whether any rule lets a call with one argument through, compared as libseccomp does. */
  private static boolean allowed(Map<String, Object> seccomp, String name, int index, long value) {
    for (Object each : (List<?>) seccomp.get("syscalls")) {
      Map<?, ?> call = (Map<?, ?>) each;
      if (call.get("names").equals(List.of(name)) && call.get("action").equals("SCMP_ACT_ALLOW")) {
        boolean met = true;
        for (Object condition : (List<?>) call.get("args")) {
          Map<?, ?> argument = (Map<?, ?>) condition;
          assertThat(argument.get("op")).isEqualTo("SCMP_CMP_MASKED_EQ");
          met &=
              argument.get("index").equals((long) index)
                  && (value & (Long) argument.get("value")) == (Long) argument.get("valueTwo");
        }
        if (met) {
          return true;
        }
      }
    }
    return false;
  }

  @Test
  void ofWhenSomeValuesAreRefusedLetsAllOthersThrough() {
    Map<String, Object> seccomp = standard();
    assertThat(seccomp).containsEntry("defaultAction", "SCMP_ACT_ERRNO");
    assertThat(seccomp).containsEntry("defaultErrnoRet", 1L);
    for (long family = 0; family < 64; family++) {
      boolean fine = family != 38 && family != 40;
      assertThat(allowed(seccomp, "socket", 0, family)).as("%s", family).isEqualTo(fine);
      // What the kernel does not look at hides nothing (CVE-2019-10063).
      assertThat(allowed(seccomp, "socket", 0, family | 7L << 32)).isEqualTo(fine);
    }
    assertThat(allowed(seccomp, "socket", 0, 0xffffffffL)).isTrue();
    assertThat(allowed(seccomp, "ioctl", 1, 0x5412)).isFalse();
    assertThat(allowed(seccomp, "ioctl", 1, 0x541c)).isFalse();
    assertThat(allowed(seccomp, "ioctl", 1, 0x5413)).isTrue();
    assertThat(allowed(seccomp, "clone", 0, Linux.CLONE_NEWUSER)).isFalse();
    assertThat(allowed(seccomp, "clone", 0, 0x11)).isTrue();
    assertThat(allowed(seccomp, "read", 0, 0)).isTrue();
    assertThat(allowed(seccomp, "mount", 0, 0)).isFalse();
  }

  @Test
  void ofWhenOnlyTheOrderTellsIsRefused() {
    Condition small = new Condition(0, Comparison.LT, 9, 0);
    SeccompPolicy policy =
        new SeccompPolicy(
            Map.of(
                "read",
                List.of(
                    SeccompRule.where(small, SeccompRule.KILL_THREAD),
                    SeccompRule.always(SeccompRule.ALLOW))),
            EPERM,
            EPERM);
    assertThatThrownBy(() -> EngineSeccomp.of(policy, Abi.CURRENT))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("read")
        .hasMessageContaining("isolation namespaces");
  }
}
