package dev.cooper.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.text.Choice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IsolationTest {
  @Test
  void ofEnvironmentWhenNothingIsSaidIsNamespaces() {
    assertThat(Choice.of("COOPER_ISOLATION", null, Isolation.NAMESPACES))
        .isEqualTo(Isolation.NAMESPACES);
    assertThat(Choice.of("COOPER_ISOLATION", "", Isolation.NAMESPACES))
        .isEqualTo(Isolation.NAMESPACES);
    assertThat(Choice.of("COOPER_ISOLATION", "chroot", Isolation.NAMESPACES))
        .isEqualTo(Isolation.CHROOT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Chroot", " none", "rootless", "docker", "NAMESPACES"})
  void ofEnvironmentWhenItIsNoIsolationSaysWhichThereAre(String value) {
    assertThatThrownBy(() -> Choice.of("COOPER_ISOLATION", value, Isolation.NAMESPACES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("COOPER_ISOLATION")
        .hasMessageContaining(value)
        .hasMessageContaining("namespaces, chroot, oci, none");
  }
}
