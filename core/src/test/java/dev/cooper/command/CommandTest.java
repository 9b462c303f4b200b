package dev.cooper.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CommandTest {
  @Test
  void withersWhenChainedKeepEachOther() {
    Command command =
        Command.exec("a", "b")
            .env("K", "v")
            .user("u")
            .workdir("/w")
            .network(Network.NONE)
            .mount(Mount.tmpfs("/t"))
            .timeout(Duration.ofSeconds(1))
            .acceptStatus(0, 3);
    assertThat(command.arguments()).containsExactly("a", "b");
    assertThat(command.shell()).isFalse();
    assertThat(command.environment()).containsEntry("K", "v");
    assertThat(command.user()).isEqualTo("u");
    assertThat(command.workdir()).isEqualTo("/w");
    assertThat(command.network()).isEqualTo(Network.NONE);
    assertThat(command.mounts()).containsExactly(new Mount.Tmpfs("/t", 0));
    assertThat(command.timeout()).isEqualTo(Duration.ofSeconds(1));
    assertThat(command.accepted()).containsExactly(0, 3);
    assertThat(command.input()).isNull();
  }

  @Test
  void withersWhenUsedLeaveTheOriginalAlone() {
    Command plain = Command.shell("x");
    plain.env("K", "v").mount(Mount.bind(Path.of("/a"), "/b")).acceptStatus(1);
    assertThat(plain.environment()).isEmpty();
    assertThat(plain.mounts()).isEmpty();
    assertThat(plain.accepted()).containsExactly(0);
    assertThat(plain.shell()).isTrue();
  }

  @Test
  void newWhenThereIsNoCommandFails() {
    assertThatThrownBy(() -> Command.exec()).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Command.exec("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Command.exec("a", "b\0")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void envWhenItIsNoVariableFailsAndShowsNoValue() {
    Command command = Command.exec("a");
    for (String bad : new String[] {"", "A=B", "A\0B"}) {
      assertThatThrownBy(() -> command.env(bad, "canary"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("canary");
    }
    assertThatThrownBy(() -> command.env("A", "canary\0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"A\"")
        .hasMessageNotContaining("canary");
  }

  @Test
  void toStringWhenItHoldsSecretsShowsNone() {
    Command command =
        Command.exec("tool", "arg")
            .env("TOKEN", "canary")
            .mount(Mount.secret(Secret.of("id", "canary")));
    assertThat(command).hasToString("tool arg");
    assertThat(command.mounts().toString()).doesNotContain("canary").contains("id");
  }
}
