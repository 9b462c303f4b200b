package dev.cooper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.event.BuildListener;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.Platform;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFieldsTest {
  @TempDir private Path temp;
  private Cooper cooper;
  private WorkingContainer container;

  @BeforeEach
  void open() {
    cooper = Cooper.builder().store(temp.resolve("s")).listener(BuildListener.quiet()).build();
    container = cooper.scratch();
  }

  @AfterEach
  void close() {
    cooper.close();
  }

  private void refused(Consumer<WorkingContainer> call) {
    Object before = container.config();
    assertThatThrownBy(() -> call.accept(container))
        .isInstanceOf(RuntimeException.class)
        .hasMessageMatching("(?s).*(invalid|expected|cannot).*");
    assertThat(container.config()).isEqualTo(before);
  }

  @Test
  void portsAreNumbersOfTwoBytesInOrder() {
    for (String port : List.of("99999", "0", "70000-60000", "81-80", "80/icmp", "", "a", "80/")) {
      refused(it -> it.expose(port));
    }
    refused(it -> it.expose(65536));
    refused(it -> it.expose(-1));
    assertThat(container.expose("53/UDP").expose("8000-8010").config().config().exposedPorts())
        .containsExactlyInAnyOrder("53/udp", "8000-8010/tcp");
  }

  @Test
  void signalsAreLinuxs() {
    for (String signal : List.of("FOO", "SIGFOO", "0", "65", "-9", " TERM", "SIGTERM\0")) {
      refused(it -> it.stopSignal(signal));
    }
    assertThat(container.stopSignal("SIGRTMIN+3").config().config().stopSignal())
        .isEqualTo("SIGRTMIN+3");
  }

  @Test
  void namesAreNotEmpty() {
    refused(it -> it.label("", "x"));
    refused(it -> it.annotation("", "x"));
    refused(it -> it.env("", "x"));
    refused(it -> it.env("A=B", "x"));
    refused(it -> it.unsetEnv(""));
    refused(it -> it.volume(""));
    refused(it -> it.volume("/"));
    refused(it -> it.workdir(""));
    refused(it -> it.onbuild(" "));
    refused(it -> it.history(""));
    refused(it -> it.platform(Platform.parse("linux/vax")));
    refused(it -> it.onbuild("FROM x"));
    refused(it -> it.onbuild("onbuild RUN x"));
  }

  @Test
  void nothingHoldsANul() {
    refused(it -> it.env("A", "x\0"));
    refused(it -> it.label("A", "x\0"));
    refused(it -> it.user("root\0x"));
    refused(it -> it.user("root:" + "a:b"));
    refused(it -> it.user("a\nb"));
    refused(it -> it.workdir("/a\0"));
    refused(it -> it.entrypoint("a\0"));
    refused(it -> it.cmd("a", "\0"));
    refused(it -> it.shell("a", "\0"));
    refused(it -> it.author("\0"));
    refused(it -> it.comment("\0"));
  }

  @Test
  void healthchecksHaveTimesAndATestThatEnginesKnow() {
    refused(it -> it.healthcheck(Healthcheck.of(List.of("RUN", "x"))));
    refused(it -> it.healthcheck(every(Duration.ofNanos(1), 1)));
    refused(it -> it.healthcheck(every(Duration.ofSeconds(-1), 1)));
    refused(it -> it.healthcheck(every(Duration.ofSeconds(1), -1)));
    container.healthcheck(every(Duration.ofMillis(1), 0)).unsetHealthcheck();
  }

  private static Healthcheck every(Duration interval, long retries) {
    return new Healthcheck(
        List.of("CMD", "x"),
        interval,
        Duration.ZERO,
        Duration.ZERO,
        Duration.ZERO,
        retries,
        Map.of());
  }

  @Test
  void timesAreThoseThatJsonCanWrite() {
    refused(it -> it.created(Instant.MAX));
    refused(it -> it.created(Instant.MIN));
  }

  @Test
  void copiesHaveSources() {
    refused(it -> it.copy(List.of(), "/x", UnaryOperator.identity()));
  }

  @Test
  void commandsAreRefusedByTheSameRules() {
    refused(it -> Command.exec("x").env("", ""));
    refused(it -> Command.exec("x").env("A", "\0"));
    refused(it -> Command.exec("x").user("a:b:c"));
    refused(it -> Command.exec("x").workdir(""));
    refused(it -> Command.exec("x").timeout(Duration.ZERO));
    refused(it -> Command.exec("x").acceptStatus(256));
    refused(it -> Mount.tmpfs(""));
    refused(it -> Mount.cache("", "/x"));
  }
}
