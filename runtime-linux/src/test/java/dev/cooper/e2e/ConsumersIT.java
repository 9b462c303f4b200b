package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.event.BuildEvent;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Nobody who takes a command's output, gives its input or hears of it holds its deadline, an
 * interrupt or a close (THREATS 60).
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConsumersIT extends EndToEnd {
  private static final Duration SOON = Duration.ofMillis(300);
  private static final String MARK = "cooper-consumers";

  private final List<BuildEvent> heard = new CopyOnWriteArrayList<>();
  private final CountDownLatch blocked = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private Class<?> blocksOn = BuildEvent.Output.class;

  @AfterEach
  void release() {
    release.countDown();
  }

  /** As a write to a pipe that is full: no interrupt ends it. */
  private void block(BuildEvent event) {
    boolean waits = blocksOn.isInstance(event);
    while (waits) {
      blocked.countDown();
      try {
        release.await();
        waits = false;
      } catch (InterruptedException e) {
        continue;
      }
    }
    heard.add(event);
  }

  private Cooper blocking(Isolations isolation) {
    return isolation.of(builder()).listener(this::block).build();
  }

  private WorkingContainer container(Cooper in) throws Exception {
    return in.from(busybox().id().toString());
  }

  /** Writes without end, and ignores all that it can. */
  private static Command chatty() {
    return Command.shell("trap '' TERM INT PIPE HUP; : " + MARK + "; while :; do echo x; done");
  }

  private static void assertGone() throws Exception {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      assertThat(all.filter(each -> commandLine(each).contains(MARK))).isEmpty();
    }
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"));
    } catch (java.io.IOException | java.io.UncheckedIOException e) {
      return ""; // no process, or gone meanwhile
    }
  }

  @ParameterizedTest
  @EnumSource
  void runWhenTheListenerBlocksEndsWhenItsTimeIsUp(Isolations isolation) throws Exception {
    try (Cooper other = blocking(isolation);
        WorkingContainer c = container(other)) {
      assertThatThrownBy(() -> c.run(chatty().timeout(SOON)))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("was killed after its time of PT0.3S was up");
      assertGone();
      release.countDown();
      c.run("true");
      assertThat(heard).filteredOn(BuildEvent.StepEnded.class::isInstance).hasSize(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void runWhenTheListenerBlocksEndsWhenInterrupted(Isolations isolation) throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    try (Cooper other = blocking(isolation);
        WorkingContainer c = container(other)) {
      Thread thread = new Thread(() -> thrown.complete(thrownBy(() -> c.run(chatty()))));
      thread.start();
      blocked.await();
      thread.interrupt();
      assertThat(thrown.get(20, TimeUnit.SECONDS))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("interrupted");
      assertGone();
    }
  }

  private static Throwable thrownBy(Runnable call) {
    try {
      call.run();
      return new AssertionError("nothing was thrown");
    } catch (RuntimeException e) {
      return e;
    }
  }

  @ParameterizedTest
  @EnumSource
  @SuppressWarnings("try") // closed in the midst, which is what is tested
  void runWhenTheListenerBlocksEndsWhenCooperIsClosed(Isolations isolation) throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    try (Cooper other = blocking(isolation)) {
      WorkingContainer c = container(other);
      new Thread(() -> thrown.complete(thrownBy(() -> c.run(chatty())))).start();
      blocked.await();
      other.close();
      assertThat(thrown.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("Cooper was closed");
      assertGone();
    }
  }

  @Test
  void runWhenTheListenerBlocksOnAStepsStartOrEndEndsToo() throws Exception {
    for (Class<?> kind : List.of(BuildEvent.StepStarted.class, BuildEvent.StepEnded.class)) {
      blocksOn = kind;
      try (Cooper other = blocking(Isolations.NAMESPACES)) {
        WorkingContainer c = container(other);
        assertThatThrownBy(() -> c.run(chatty().timeout(SOON)))
            .isInstanceOf(CommandFailedException.class)
            .hasMessageContaining("time");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> c.run(chatty()))
            .isInstanceOf(CommandFailedException.class)
            .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        c.start(chatty().timeout(SOON)).close();
      }
      assertGone();
    }
  }

  @Test
  void runWhenItEndsButItsOutputIsNotTakenInTimeSaysSo() throws Exception {
    try (Cooper other = blocking(Isolations.NAMESPACES);
        WorkingContainer c = container(other)) {
      assertThatThrownBy(() -> c.run(Command.shell("echo x; exit 0").timeout(SOON)))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("ended with exit status 0")
          .hasMessageContaining("before all its output was taken");
    }
  }

  @ParameterizedTest
  @EnumSource
  void startWhenNobodyReadsItsStreamsEndsInTimeAndWhenClosed(Isolations isolation)
      throws Exception {
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other)) {
      RunningCommand late = c.start(chatty().timeout(SOON), o -> o.streams());
      assertThatThrownBy(late::await)
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("time")
          .hasMessageContaining("x\nx\n");
      assertGone();
      RunningCommand closed = c.start(chatty(), o -> o.streams());
      assertThat(closed.stdout().read()).isEqualTo('x');
      closed.close();
      assertGone();
      assertThatThrownBy(closed::await).isInstanceOf(CommandFailedException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void startWhenNothingIsReadGoesOnAndKeepsTheEnd(Isolations isolation) throws Exception {
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other)) {
      RunningCommand running =
          c.start(Command.shell("head -c 3000000 /dev/zero | tr '\\0' y; echo; echo the end >&2"));
      assertThat(running.await()).isZero();
      assertThat(running.tail()).hasSizeLessThanOrEqualTo(64 << 10).contains("yyy", "the end");
      assertThatThrownBy(running::stdout)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("start(command, o -> o.streams())");
      assertThatThrownBy(running::stderr).isInstanceOf(IllegalStateException.class);
      assertThat(written(false)).isEqualTo("y".repeat(3_000_000) + "\n");
      assertThat(written(true)).isEqualTo("the end\n");
    }
  }

  private String written() {
    return written(false);
  }

  private String written(boolean error) {
    StringBuilder all = new StringBuilder();
    for (BuildEvent each : List.copyOf(events)) {
      if (each instanceof BuildEvent.Output output && output.error() == error) {
        all.append(output.text());
      }
    }
    return all.toString();
  }

  @ParameterizedTest
  @EnumSource
  void runWhenItsInputGivesNothingEndsAllTheSame(Isolations isolation) throws Exception {
    InputStream nothing =
        new InputStream() {
          @Override
          public int read() {
            block(new BuildEvent.Output("", "", false));
            return -1;
          }
        };
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other)) {
      c.run(Command.shell("echo done").input(nothing));
      assertThatThrownBy(() -> c.exec(Command.shell("cat; : " + MARK).input(nothing).timeout(SOON)))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("time");
      assertGone();
    }
  }

  @Test
  void outputWhenACharacterIsCutBetweenTwoWritesIsWhole() throws Exception {
    String halves =
        "printf 'a\\303'; sleep 0.2; printf '\\244b\\342\\202'; sleep 0.2; printf '\\254'";
    try (WorkingContainer c = container()) {
      c.run(halves + "; printf '\\360\\237'");
      assertThat(written()).isEqualTo("a\u00e4b\u20ac\uFFFD");
      events.clear();
      RunningCommand running = c.start(Command.shell(halves));
      running.await();
      assertThat(written()).isEqualTo("a\u00e4b\u20ac");
      assertThat(running.tail()).isEqualTo("a\u00e4b\u20ac");
    }
  }

  @ParameterizedTest
  @EnumSource
  void outputWhenItIsOpenedByNameComesFromEveryUser(Isolations isolation) throws Exception {
    String names = "echo out >/dev/stdout && echo err >/dev/stderr && echo plain";
    try (Cooper other = isolation.of(builder()).build();
        WorkingContainer c = container(other)) {
      for (String user : List.of("0", "1000:1000", "app")) {
        var result = c.exec(Command.shell(names).user(user));
        assertThat(result.err()).as(user).isEqualTo("err\n");
        assertThat(result.out()).as(user).isEqualTo("out\nplain\n");
        if (isolation != Isolations.CHROOT) {
          Command fd = Command.shell("echo 1 >/proc/self/fd/1; echo 2 >/dev/fd/2").user(user);
          assertThat(c.exec(fd).out() + c.exec(fd).err()).as(user).isEqualTo("1\n2\n");
          Command in =
              Command.shell("cat /dev/stdin")
                  .input(new java.io.ByteArrayInputStream(new byte[] {'i', 'n'}))
                  .user(user);
          assertThat(c.exec(in).out()).as(user).isEqualTo("in");
        }
      }
      if (isolation != Isolations.RUNC) { // whose own pipes are the first user's alone
        Command become = Command.shell("su app -c 'echo become >/dev/stdout' 2>&1");
        assertThat(c.exec(become).out()).isEqualTo("become\n");
      }
    }
  }
}
