package dev.cooper.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessSecurity;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SecurityTest {
  private static Set<Capability> capabilities(Security security) {
    return security.capabilities();
  }

  @Test
  void capabilitiesWhenAddedAndDroppedAreDockers() {
    Set<Capability> all = EnumSet.allOf(Capability.class);
    Set<Capability> some = EnumSet.copyOf(Capability.DEFAULT);
    assertThat(capabilities(Security.DEFAULT)).isEqualTo(some);
    some.add(Capability.SYS_PTRACE);
    some.remove(Capability.NET_RAW);
    assertThat(capabilities(Security.DEFAULT.capAdd("cap_sys_ptrace").capDrop("NET_RAW")))
        .isEqualTo(some);
    assertThat(capabilities(Security.DEFAULT.capDrop("all"))).isEmpty();
    assertThat(capabilities(Security.DEFAULT.capDrop("ALL").capAdd("CHOWN")))
        .containsExactly(Capability.CHOWN);
    assertThat(capabilities(Security.DEFAULT.capAdd("ALL"))).isEqualTo(all);
    all.remove(Capability.SYS_ADMIN);
    assertThat(capabilities(Security.DEFAULT.capAdd("ALL").capDrop("SYS_ADMIN"))).isEqualTo(all);
  }

  @Test
  void requiredWhenNamedIsWhatTheHostMustGiveAndNotAll() {
    assertThat(Security.DEFAULT.capAdd("SYS_TIME", "ALL").required())
        .containsExactly(Capability.SYS_TIME);
    assertThat(ProcessSecurity.DEFAULT.capabilities()).isEqualTo(Capability.DEFAULT);
    assertThat(ProcessSecurity.DEFAULT.required()).isEmpty();
  }

  @Test
  void namesWhenThereAreNoSuchListsWhatThereIs() {
    assertThatThrownBy(() -> Security.DEFAULT.capAdd("SYS_NOTHING"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("SYS_NOTHING")
        .hasMessageContaining("SYS_PTRACE")
        .hasMessageContaining("ALL");
    assertThatThrownBy(() -> Security.DEFAULT.ulimit("files", 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("files")
        .hasMessageContaining("nofile, memlock");
    assertThatThrownBy(() -> Security.DEFAULT.ulimit("nofile", 2, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2:1");
    assertThatThrownBy(() -> Security.DEFAULT.ulimit("core", Security.UNLIMITED, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "etc", "/", "/..", "a/b", "/a/../.."})
  void pathsWhenNotBelowTheRootAreRefused(String path) {
    assertThatThrownBy(() -> Security.DEFAULT.mask(path))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Security.DEFAULT.readOnly(path))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void pathsWhenGivenAreCleaned() {
    assertThat(Security.DEFAULT.mask("/a/./b/", "/proc/../etc").masked())
        .containsExactly("/a/b", "/etc");
  }

  @Test
  void profileWhenMissingSaysWhich() {
    assertThatThrownBy(() -> Seccomp.profile(Path.of("/no/such/profile.json")))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("/no/such/profile.json");
  }

  @Test
  void resourcesWhenTheyAreNoneAreRefused() {
    Resources none = Resources.UNLIMITED;
    assertThat(none.isUnlimited()).isTrue();
    assertThat(none.memory(6 << 20).swap(0).isUnlimited()).isFalse();
    assertThatThrownBy(() -> none.memory(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> none.memory(512)) // megabytes were meant
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("512L << 20");
    assertThatThrownBy(() -> none.swap(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("with the memory only");
    assertThatThrownBy(() -> none.ioWeight(10_001)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> none.cpus(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
  }
}
