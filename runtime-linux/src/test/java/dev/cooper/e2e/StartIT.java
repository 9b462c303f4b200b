package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.error.NotReadyException;
import dev.cooper.event.BuildEvent;
import dev.cooper.oci.OperationException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Commands that run while the caller waits for something of them. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StartIT extends EndToEnd {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(200);

  private static int freePort() throws Exception {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  private WorkingContainer container(Cooper in) throws Exception {
    return in.from(busybox().id().toString());
  }

  @ParameterizedTest
  @EnumSource
  void awaitPortWhenInTheHostsNetworkWaitsForTheCommandsOwnSocket(Isolations isolation)
      throws Exception {
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other);
        ServerSocket foreign = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = freePort();
      String script =
          "read go; nc -l -p " + port + " & while :; do sleep 1; done"; // a child listens
      java.io.PipedOutputStream go = new java.io.PipedOutputStream();
      Command command = Command.shell(script).input(new java.io.PipedInputStream(go));
      try (RunningCommand running = c.start(command)) {
        assertThatThrownBy(() -> running.awaitPort(foreign.getLocalPort(), SHORT))
            .isInstanceOf(NotReadyException.class)
            .hasMessageContaining("has not listened on port " + foreign.getLocalPort())
            .hasMessageContaining("PT0.2S");
        assertThatThrownBy(() -> running.awaitPort(port, SHORT)).hasMessageContaining("still runs");
        go.write('\n');
        go.flush();
        assertThat(running.awaitPort(port, LONG)).isEqualTo(port);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CHROOT")
  void awaitPortWhenInANetworkOfItsOwnSeesWhatListensThere(Isolations isolation) throws Exception {
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other);
        ServerSocket foreign = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Command server = Command.exec("/bin/nc", "-l", "-p", "80").network(Network.NONE);
      try (RunningCommand running = c.start(server)) {
        assertThat(running.awaitPort(80, LONG)).isEqualTo(80);
        assertThatThrownBy(() -> running.awaitPort(foreign.getLocalPort(), SHORT))
            .isInstanceOf(NotReadyException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CHROOT")
  void awaitPortWhenItIsPublishedAndNothingListensYetWaits(Isolations isolation) throws Exception {
    NetworkIT.requirePrivate();
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other)) {
      c.write("/srv/www/page", "served inside\n");
      java.io.PipedOutputStream go = new java.io.PipedOutputStream();
      Command server =
          Command.shell("read go; httpd -f -p 80 -h /srv/www")
              .input(new java.io.PipedInputStream(go))
              .network(Network.PRIVATE.publish(0, 80));
      try (RunningCommand running = c.start(server)) {
        assertThatThrownBy(() -> running.awaitPort(80, Duration.ofSeconds(1)))
            .isInstanceOf(NotReadyException.class);
        go.write('\n');
        go.flush();
        int port = running.awaitPort(80, LONG);
        assertThat(port).isEqualTo(running.port(80));
        assertThat(NetworkIT.get(port)).endsWith("served inside\n");
      }
    }
  }

  @Test
  void awaitWhenTheCommandEndsBeforeFailsWithItsOutput() throws Exception {
    try (WorkingContainer c = container()) {
      RunningCommand port = c.start(Command.shell("echo no such database >&2; exit 3"));
      assertThatThrownBy(() -> port.awaitPort(80, LONG))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("ended with exit status 3 before it had listened on port 80")
          .hasMessageContaining("no such database");
      assertThat(port.await()).isEqualTo(3);
      RunningCommand line = c.start(Command.shell("echo no such database >&2"));
      assertThatThrownBy(() -> line.awaitOutput(Pattern.compile("ready"), LONG))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("before it had written what matches \"ready\"")
          .hasMessageContaining("no such database");
    }
  }

  @Test
  void awaitOutputWhenItIsWrittenGivesTheMatch() throws Exception {
    try (WorkingContainer c = container();
        RunningCommand running =
            c.start(Command.shell("sleep 0.1; printf 'listening on '; echo 4711 >&2; sleep 300"))) {
      Pattern pattern = Pattern.compile("on (\\d+)$", Pattern.MULTILINE);
      MatchResult found = running.awaitOutput(pattern, LONG);
      assertThat(found.group(1)).startsWith("4");
      assertThat(running.awaitOutput(Pattern.compile("listening"), SHORT).group())
          .isEqualTo("listening");
      assertThatThrownBy(() -> running.awaitOutput(Pattern.compile("never"), SHORT))
          .isInstanceOf(NotReadyException.class)
          .hasMessageContaining("still runs")
          .hasMessageContaining("4711");
    }
  }

  @Test
  void awaitWhenItsThreadIsInterruptedSaysThatTheCommandStillRuns() throws Exception {
    try (WorkingContainer c = container();
        RunningCommand running = c.start(Command.exec("/bin/sleep", "300"))) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(running::await)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("was interrupted; the command still runs");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(running.isDone()).isFalse();
    }
  }

  @Test
  void startWhenCooperIsClosedAtOnceSaysThatItWasClosed() throws Exception {
    String image = busybox().id().toString();
    for (int i = 0; i < 10; i++) {
      Cooper other = builder().build();
      RunningCommand running = other.from(image).start(Command.exec("/bin/sleep", "300"));
      other.close();
      assertThatThrownBy(running::await)
          .isInstanceOf(ContainerStateException.class)
          .hasMessageMatching("this Cooper (is|was) closed.*");
    }
  }

  @Test
  void execWhenTheHardLimitOnDescriptorsIsLowRuns() throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c"));
    command.add("ulimit -n 512 && ulimit -Hn 512 && exec \"$@\"");
    command.add("sh");
    command.addAll(
        ChildJvm.command(
            List.of(),
            ScriptRun.class,
            store.toString(),
            busyboxTar().toString(),
            "ulimit -n; ulimit -Hn"));
    assertThat(Tools.run(command.toArray(new String[0]))).isEqualTo("512\n512\n");
  }

  @Test
  void execWhenToldOfIsNoRun() throws Exception {
    try (WorkingContainer c = container()) {
      c.exec("/bin/echo", "x");
      c.run("true");
    }
    assertThat(events)
        .filteredOn(BuildEvent.StepStarted.class::isInstance)
        .extracting(event -> ((BuildEvent.StepStarted) event).step())
        .containsExactly("RUN [\"/bin/echo\", \"x\"]", "RUN true");
  }

  @Test
  void closeWhenACommandStillRunsCancelsIt() throws Exception {
    RunningCommand running;
    try (WorkingContainer c = container()) {
      running = c.start(Command.shell("echo up; sleep 300"));
      running.awaitOutput(Pattern.compile("up"), Duration.ofSeconds(60));
    }
    assertThat(running.isDone()).isTrue();
    assertThatThrownBy(running::await).hasMessageContaining("was cancelled");
    assertThat(events)
        .filteredOn(BuildEvent.StepEnded.class::isInstance)
        .last()
        .extracting(event -> ((BuildEvent.StepEnded) event).outcome())
        .isEqualTo(BuildEvent.Outcome.CANCELLED);
    assertThat(cooper.containers()).isEmpty();
    for (int i = 0; i < 20; i++) { // at once, whoever of the two threads is first
      try (WorkingContainer c = container()) {
        running = c.start(Command.exec("/bin/sleep", "300"));
        c.remove();
        assertThat(running.isDone()).isTrue();
      }
    }
  }
}
