package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.command.Input;
import dev.cooper.command.Mount;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.oci.OperationException;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands through the public API: how they end, what they say, and what is bad about them. */
class CommandIT extends EndToEnd {
  @Test
  void runWhenStatusIsNotAcceptedThrowsWithItAndTheOutputsEnd() throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.run("echo to-out; echo to-err >&2; exit 7"))
          .isInstanceOfSatisfying(
              CommandFailedException.class,
              e -> {
                assertThat(e.status()).isEqualTo(7);
                assertThat(e.output()).contains("to-out", "to-err");
                assertThat(e).hasMessageContaining("exit 7").hasMessageContaining("to-err");
              });
      assertThatThrownBy(() -> c.run("sh -c 'kill -9 $$'; exit $?"))
          .isInstanceOfSatisfying(
              CommandFailedException.class, e -> assertThat(e.status()).isEqualTo(137));
      c.run(Command.shell("exit 7").acceptStatus(7, 8));
      assertThat(c.run("echo usable").exec("/bin/true").status()).isZero();
    }
  }

  @Test
  void execWhenCommandEndsGivesStatusAndBothOutputs() throws IOException {
    try (WorkingContainer c = container()) {
      ExecResult result =
          c.exec(
              Command.shell("cat; echo err >&2; exit 3")
                  .input(new ByteArrayInputStream("in\n".getBytes(StandardCharsets.UTF_8))));
      assertThat(result).isEqualTo(new ExecResult(3, "in\n", "err\n"));
      assertThat(c.exec(Command.exec("/bin/pwd").workdir("/srv/real")).out())
          .isEqualTo("/srv/real\n");
      assertThat(c.exec(Command.exec("/bin/sh", "-c", "echo $X").env("X", "y z")).out())
          .isEqualTo("y z\n");
    }
  }

  @Test
  void runWhenTimeIsUpKillsEverything() throws IOException {
    try (WorkingContainer c = container()) {
      long began = System.nanoTime();
      assertThatThrownBy(
              () ->
                  c.run(
                      Command.shell("trap '' TERM; sleep 300 & sleep 300")
                          .timeout(Duration.ofMillis(300))))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("0.3S");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
      assertThat(c.exec("/bin/echo", "usable").out()).isEqualTo("usable\n");
    }
  }

  // --- streaming

  @Test
  void startWhenOutputIsReadStreamsIt() throws Exception {
    Path gate = Files.createDirectories(temp.resolve("gate"));
    try (WorkingContainer c = container();
        RunningCommand running =
            c.start(
                Command.shell(
                        "echo first; while ! test -e /gate/go; do sleep 0.05; done; echo last")
                    .mount(Mount.bind(gate, "/gate")),
                o -> o.streams());
        BufferedReader out =
            new BufferedReader(new InputStreamReader(running.stdout(), StandardCharsets.UTF_8))) {
      assertThat(out.readLine()).isEqualTo("first");
      assertThat(running.isDone()).isFalse();
      assertThatThrownBy(() -> c.run("true"))
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("that start(...) began still runs: await or close it");
      assertThatThrownBy(() -> c.commit()).hasMessageContaining("echo first");
      Files.writeString(gate.resolve("go"), "");
      assertThat(out.readLine()).isEqualTo("last");
      assertThat(out.readLine()).isNull();
      assertThat(running.await()).isZero();
      c.run("true");
    }
  }

  @Test
  void startWhenAnotherCallFollowsAtOnceStillComesFirst() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("true");
      for (int i = 0; i < 20; i++) {
        try (RunningCommand running = c.start(Command.exec("/bin/sleep", "300"))) {
          assertThatThrownBy(() -> c.exec("/bin/true")).isInstanceOf(ContainerStateException.class);
          assertThat(running.isDone()).isFalse();
        }
      }
    }
  }

  @Test
  void cancelWhenCommandIgnoresSignalsEndsItAtOnce() throws Exception {
    try (WorkingContainer c = container()) {
      RunningCommand running =
          c.start(Command.shell("trap '' TERM INT; echo up; sleep 300"), o -> o.streams());
      assertThat(running.stdout().read()).isEqualTo('u');
      running.cancel();
      assertThatThrownBy(running::await)
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("cancel");
      running.close();
      assertThat(c.exec("/bin/sh", "-c", "ls /proc | grep -c '^[0-9]'").out().strip())
          .isLessThan("6");
    }
  }

  @Test
  void startWhenExecutableIsMissingFailsAtAwait() throws IOException {
    try (WorkingContainer c = container();
        RunningCommand running = c.start(Command.exec("/no/such"))) {
      assertThatThrownBy(running::await)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/no/such");
    }
  }

  // --- events

  @Test
  void eventsWhenStepsFailEndAllTheSame() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("echo told").write("/x", "x");
      assertThatThrownBy(() -> c.run("exit 1")).isInstanceOf(CommandFailedException.class);
      assertThatThrownBy(() -> c.copy(Path.of("/no/such/file"), "/x"))
          .isInstanceOf(SourceNotFoundException.class);
      c.commit();
    }
    Deque<String> open = new ArrayDeque<>();
    StringBuilder output = new StringBuilder();
    int failed = 0;
    for (BuildEvent event : events) {
      if (event instanceof BuildEvent.StepStarted started) {
        assertThat(open).isEmpty();
        open.push(started.step());
      } else if (event instanceof BuildEvent.StepEnded ended) {
        assertThat(open.pop()).isEqualTo(ended.step());
        failed += ended.succeeded() ? 0 : 1;
      } else if (event instanceof BuildEvent.Output text) {
        assertThat(open).hasSize(1);
        output.append(text.text());
      }
    }
    assertThat(open).isEmpty();
    assertThat(failed).isEqualTo(2);
    assertThat(output.toString()).isEqualTo("told\n");
  }

  /** The last step of the events, which has both its ends; whether it succeeded. */
  private boolean lastStepSucceeded(String step) {
    List<BuildEvent> steps;
    synchronized (events) {
      steps =
          events.stream()
              .filter(
                  event ->
                      event instanceof BuildEvent.StepStarted
                          || event instanceof BuildEvent.StepEnded)
              .toList();
    }
    BuildEvent.StepStarted started = (BuildEvent.StepStarted) steps.get(steps.size() - 2);
    BuildEvent.StepEnded ended = (BuildEvent.StepEnded) steps.get(steps.size() - 1);
    assertThat(started.step()).isEqualTo(step);
    assertThat(ended.step()).isEqualTo(step);
    assertThat(ended.container()).isEqualTo(started.container());
    return ended.succeeded();
  }

  @Test
  void eventsWhenCommandsAreStartedHaveAStartAndAnEnd() throws IOException {
    try (WorkingContainer c = container()) {
      assertThat(c.start(Command.exec("/bin/true")).await()).isZero();
      assertThat(lastStepSucceeded("RUN [\"/bin/true\"]")).isTrue();

      assertThatThrownBy(c.start(Command.exec("/no/such"))::await)
          .isInstanceOf(OperationException.class);
      assertThat(lastStepSucceeded("RUN [\"/no/such\"]")).isFalse();

      RunningCommand cancelled = c.start(Command.exec("/bin/sleep", "301"));
      assertThat(events.get(events.size() - 1))
          .isInstanceOfSatisfying(
              BuildEvent.StepStarted.class,
              event -> assertThat(event.step()).isEqualTo("RUN [\"/bin/sleep\", \"301\"]"));
      cancelled.cancel();
      assertThatThrownBy(cancelled::await).isInstanceOf(CommandFailedException.class);
      assertThat(lastStepSucceeded("RUN [\"/bin/sleep\", \"301\"]")).isFalse();

      c.start(Command.exec("/bin/sleep", "302")).close();
      assertThat(lastStepSucceeded("RUN [\"/bin/sleep\", \"302\"]")).isFalse();

      RunningCommand late =
          c.start(Command.exec("/bin/sleep", "303").timeout(Duration.ofMillis(50)));
      assertThatThrownBy(late::await).isInstanceOf(CommandFailedException.class);
      assertThat(lastStepSucceeded("RUN [\"/bin/sleep\", \"303\"]")).isFalse();
    }
  }

  @Test
  void eventsWhenCooperIsClosedEndWhatRuns() throws IOException {
    RunningCommand running = container().start(Command.exec("/bin/sleep", "304"));
    cooper.close();
    assertThatThrownBy(running::await).isInstanceOf(RuntimeException.class);
    assertThat(lastStepSucceeded("RUN [\"/bin/sleep\", \"304\"]")).isFalse();
  }

  @Test
  void startWhenContainerIsInUseTellsOfNoStep() throws IOException {
    try (WorkingContainer c = container();
        RunningCommand running = c.start(Command.exec("/bin/sleep", "305"))) {
      assertThatThrownBy(() -> c.start(Command.exec("/bin/true")))
          .isInstanceOf(ContainerStateException.class);
      assertThat(List.copyOf(events))
          .filteredOn(BuildEvent.StepStarted.class::isInstance)
          .hasSize(1);
      assertThat(running.isDone()).isFalse();
    }
  }

  // --- bad input

  @Test
  void runWhenExecutableIsMissingOrNoneSaysWhich() throws IOException {
    try (WorkingContainer c = container()) {
      for (String bad : new String[] {"no-such-tool", "/no/such/tool", "/etc/passwd", "/srv"}) {
        assertThatThrownBy(() -> c.run(bad, "argument"))
            .as(bad)
            .isInstanceOf(OperationException.class)
            .hasMessageContaining(bad);
      }
      assertThatThrownBy(() -> c.run(Command.shell("")))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> c.run("a\0b")).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> c.env("A=B", "c")).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> c.run(Command.shell("true").mount(Mount.bind(temp.resolve("no"), "/x"))))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining(temp.resolve("no").toString());
    }
    try (WorkingContainer c = cooper.scratch()) {
      assertThatThrownBy(() -> c.run("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/bin/sh");
    }
  }

  @Test
  void fromWhenBaseIsMissingSaysSo() {
    assertThatThrownBy(() -> cooper.from("no/such:base"))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("no/such:base")
        .hasMessageContaining("load");
    assertThatThrownBy(() -> cooper.from("Not A Name"))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("Not A Name");
  }

  @Test
  void workdirWhenItIsAFileFails() throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.workdir("/srv/file"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/srv/file");
      assertThatThrownBy(() -> c.run(Command.shell("true").workdir("/srv/file")))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/srv/file");
      assertThatThrownBy(() -> c.workdir("/srv/file/below")).isInstanceOf(OperationException.class);
      assertThat(c.workdir("/srv/linked").exec("/bin/pwd", "-P").out()).isEqualTo("/srv/real\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "app, 1000 1001 1001 6 1002",
    "app:app, 1000 1001 1001",
    "app:more, 1000 1002 1002",
    "1000, 1000 1001 1001 6 1002",
    "1000:7, 1000 7 7",
    "3000, 3000 0 0",
    "3000:3001, 3000 3001 3001",
    // A user whose name is the digits of another id is no way to root (CVE-2016-3697).
    "2000, 2000 0 0",
    "root, 0 0 0",
  })
  void runWhenUserIsGivenHasItsIdsAndNoOthers(String user, String expected) throws IOException {
    try (WorkingContainer c = container()) {
      assertThat(c.exec(Command.shell("echo $(id -u) $(id -g) $(id -G)").user(user)).out().strip())
          .isEqualTo(expected);
      assertThat(
              c.user(user).exec("/bin/sh", "-c", "echo $(id -u) $(id -g) $(id -G)").out().strip())
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nobody-here", "-1", "2147483648", "4294967296", "0:-1", "app:nogroup", "a b"})
  void runWhenUserIsNoneFailsBeforeItRuns(String user) throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.run(Command.shell("touch /ran").user(user)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(user);
      assertThat(c.exec("/bin/ls", "/ran").status()).isEqualTo(1);
    }
  }

  @Test
  void runWhenTheUsersWereChangedJustBeforeSeesThem() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("echo one:x:70:70::/:/bin/sh >> /etc/passwd");
      // In place and of the same size: nothing tells of it but a time, whose steps are coarse.
      for (int uid = 70; uid < 90; uid++) {
        Command id = Command.exec("/bin/id", "-u").user("one");
        assertThat(c.exec(id).out()).isEqualTo(uid + "\n");
        assertThat(c.exec(id).out()).isEqualTo(uid + "\n");
        String next = "s/one:x:" + uid + "/one:x:" + (uid + 1) + "/";
        c.run("sed " + next + " /etc/passwd > /tmp/p && cat /tmp/p > /etc/passwd");
      }
    }
  }

  @Test
  void callsWhenFromTwoThreadsFailInOne() throws Exception {
    try (WorkingContainer c = container()) {
      Path go = c.mountPath().resolve("tmp/go");
      CompletableFuture<Void> other =
          CompletableFuture.runAsync(
              () ->
                  c.run(Command.shell("echo began; while ! test -e /tmp/go; do sleep 0.05; done")));
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!events.toString().contains("began\n") && System.nanoTime() < until) {
        Thread.sleep(10);
      }
      assertThatThrownBy(() -> c.env("A", "b"))
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("in use by another thread");
      assertThatThrownBy(() -> c.start(Command.exec("/bin/true")))
          .isInstanceOf(ContainerStateException.class);
      Files.writeString(go, "");
      other.get(20, TimeUnit.SECONDS);
    }
  }

  /** A value is read anew by each command, and a stream by one. */
  @Test
  void runWhenItsInputIsAValueReadsItEachTime() throws IOException {
    Path file = Files.writeString(temp.resolve("input"), "of a file");
    try (WorkingContainer c = container()) {
      for (Command cat :
          List.of(
              Command.exec("/bin/cat").input("of a text"),
              Command.exec("/bin/cat").input(file),
              Command.exec("/bin/cat")
                  .input(
                      new Input.Supplied(
                          () ->
                              new ByteArrayInputStream(
                                  "of a supplier".getBytes(StandardCharsets.UTF_8)))))) {
        String first = c.exec(cat).out();
        assertThat(first).startsWith("of a ");
        assertThat(c.exec(cat).out()).isEqualTo(first);
      }
      assertThatThrownBy(() -> c.run(Command.exec("/bin/cat").input(temp.resolve("none"))))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot open the input of \"/bin/cat\"")
          .hasMessageContaining("none");
    }
  }
}
