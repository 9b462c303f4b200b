package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.Rootfs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How processes run, end, and are ended. */
@Timeout(60)
final class ProcessIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  /** Output that tells when its first bytes came. */
  private static final class FirstBytes extends OutputStream {
    final CountDownLatch came = new CountDownLatch(1);
    private final StringBuilder text = new StringBuilder();

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      synchronized (text) {
        text.append(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
      }
      came.countDown();
    }

    String text() {
      synchronized (text) {
        return text.toString();
      }
    }

    void await() throws InterruptedException {
      assertThat(came.await(10, TimeUnit.SECONDS)).as("output within ten seconds").isTrue();
    }
  }

  /** Input that blocks until it is closed, as a terminal's does. */
  private static final class Endless extends InputStream {
    private final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public int read() throws IOException {
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return read();
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  @ParameterizedTest
  @CsvSource({"exit 0,0", "exit 1,1", "exit 127,127", "exit 255,255"})
  void runWhenItExitsGivesItsStatus(String script, int status) throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(Runner.in(root).sh(script).end())
          .isEqualTo(new ProcessEnd(status, ProcessEnd.Cause.EXIT));
    }
  }

  @ParameterizedTest
  @CsvSource({"KILL,137", "SEGV,139", "TERM,143"})
  void runWhenASignalEndsAChildItsShellGives128AndTheSignal(String signal, int status)
      throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh("sh -c 'kill -" + signal + " $$'; exit $?");
      assertThat(run.end()).isEqualTo(new ProcessEnd(status, ProcessEnd.Cause.EXIT));
    }
  }

  @Test
  void runWhenKilledFromOutsideGives128AndTheSignal() throws Exception {
    FirstBytes out = new FirstBytes();
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).output(out);
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("echo up; exec sleep 72"));
      out.await();
      List<String> pids = HostProcesses.await("sleep\00072\0");
      assertThat(pids).hasSize(1);
      assertThat(HostProcesses.kill(pids.get(0))).isZero();
      assertThat(run.get(5, TimeUnit.SECONDS).end())
          .isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.SIGNAL));
    }
  }

  @Test
  void runWhenItPrintsPassesItOnWhileItRuns() throws Exception {
    FirstBytes out = new FirstBytes();
    Endless in = new Endless();
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).input(in).output(out);
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("echo early; read line; echo late"));
      out.await();
      assertThat(run).isNotDone();
      assertThat(out.text()).isEqualTo("early\n");
      in.close();
      assertThat(run.get(10, TimeUnit.SECONDS).status()).isZero();
      assertThat(out.text()).isEqualTo("early\nlate\n");
    }
  }

  @Test
  void runWhenItPrintsToBothKeepsThemApart() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).sh("echo out; echo err >&2");
      assertThat(run.out()).isEqualTo("out\n");
      assertThat(run.err()).isEqualTo("err\n");
    }
  }

  @Test
  void runWhenNoInputIsGivenReadsNothing() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "cat; readlink /proc/self/fd/0")).isEqualTo("/dev/null\n");
    }
  }

  @Test
  void runWhenInputIsGivenReadsAllOfIt() throws IOException {
    byte[] much = new byte[3_000_001];
    for (int i = 0; i < much.length; i++) {
      much[i] = (byte) (i % 251);
    }
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).input(new ByteArrayInputStream(much)).sh("wc -c");
      assertThat(run.out()).isEqualTo("3000001\n");
    }
  }

  @Test
  void runWhenNobodyReadsTheInputEndsAllTheSame() throws IOException {
    InputStream much = new ByteArrayInputStream(new byte[5_000_000]);
    try (Rootfs root = HOST.root();
        Endless endless = new Endless()) {
      assertThat(Runner.in(root).input(much).sh("exit 3").status()).isEqualTo(3);
      assertThat(Runner.in(root).input(endless).sh("exit 4").status()).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sleep 77",
        "trap '' TERM INT HUP; while :; do sleep 77; done",
        "for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4; do sleep 77 & done; sleep 77) & done; wait",
        "setsid sleep 77 & setsid sh -c 'setsid sleep 77 & sleep 77' & wait",
        "(trap '' HUP; exec sleep 77) & sleep 77",
        "while :; do :; done",
        "while :; do echo more; done"
      })
  void runWhenItsTimeIsUpEndsWithAllItStarted(String script) throws IOException {
    try (Rootfs root = HOST.root()) {
      long start = System.nanoTime();
      Run run =
          Runner.in(root)
              .output(OutputStream.nullOutputStream())
              .timeout(Duration.ofMillis(300))
              .sh(script);
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(300), Duration.ofMillis(1800));
      assertThat(run.end()).isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.TIMEOUT));
      assertThat(HostProcesses.of("sleep\00077\0")).isEmpty();
    }
  }

  @Test
  void runWhenItsChildrenHoldTheOutputOpenEndsWithTheFirstProcess() throws IOException {
    try (Rootfs root = HOST.root()) {
      long start = System.nanoTime();
      Run run = Runner.in(root).sh("setsid sleep 76 & echo done");
      assertThat(run.out()).isEqualTo("done\n");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(HostProcesses.of("sleep\00076\0")).isEmpty();
    }
  }

  @Test
  void runWhenCancelledBeforeItStartsEndsAtOnce() throws IOException {
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root);
      runner.cancellation.cancel();
      assertThat(runner.sh("sleep 75").end())
          .isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.CANCELLED));
    }
  }

  @Test
  void runWhenCancelledFromAnotherThreadEndsWithinASecond() throws Exception {
    FirstBytes out = new FirstBytes();
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).output(out);
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("echo up; sleep 75"));
      out.await();
      runner.cancellation.cancel();
      assertThat(run.get(1, TimeUnit.SECONDS).end())
          .isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.CANCELLED));
      assertThat(HostProcesses.of("sleep\00075\0")).isEmpty();
    }
  }

  @Test
  void runWhenItsThreadIsInterruptedEndsAndKeepsTheInterrupt() throws Exception {
    FirstBytes out = new FirstBytes();
    CompletableFuture<ProcessEnd> end = new CompletableFuture<>();
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    try (Rootfs root = HOST.root()) {
      Thread thread =
          new Thread(
              () -> {
                end.complete(Runner.in(root).output(out).sh("echo up; sleep 74").end());
                interrupted.complete(Thread.currentThread().isInterrupted());
              });
      thread.start();
      out.await();
      thread.interrupt();
      assertThat(end.get(1, TimeUnit.SECONDS))
          .isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.INTERRUPTED));
      assertThat(interrupted.get(1, TimeUnit.SECONDS)).isTrue();
      thread.join();
      assertThat(sh(root, "echo again")).isEqualTo("again\n");
    }
  }

  @Test
  void runWhenTheExecutableIsMissingSaysSo() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).run("no-such-thing"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot execute \"no-such-thing\" in PATH /bin: ENOENT")
          .hasMessageContaining("install it");
      assertThatThrownBy(() -> Runner.in(root).run("/bin/no-such-thing"))
          .hasMessageContaining("cannot execute \"/bin/no-such-thing\": ENOENT");
      assertThatThrownBy(() -> Runner.in(root).environment(Map.of()).run("no-such-thing"))
          .hasMessageContaining("cannot execute \"no-such-thing\"");
    }
  }

  @Test
  void runWhenTheFileIsNoProgramSaysWhy() throws IOException {
    var layer =
        HOST.layer(
            it ->
                it.file("bin/plain", 0644, "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII))
                    .file("bin/text", 0755, "neither\n".getBytes(StandardCharsets.US_ASCII))
                    .file("bin/lost", 0755, "#!/no/sh\n".getBytes(StandardCharsets.US_ASCII)));
    try (Rootfs root = HOST.root(layer)) {
      assertThatThrownBy(() -> Runner.in(root).run("/bin/plain"))
          .hasMessageContaining("EACCES")
          .hasMessageContaining("make it executable");
      assertThatThrownBy(() -> Runner.in(root).run("plain")).hasMessageContaining("EACCES");
      assertThatThrownBy(() -> Runner.in(root).run("/bin/text"))
          .hasMessageContaining("ENOEXEC")
          .hasMessageContaining("#!");
      assertThatThrownBy(() -> Runner.in(root).run("/bin/lost"))
          .hasMessageContaining("ENOENT")
          .hasMessageContaining("interpreter");
      assertThatThrownBy(() -> Runner.in(root).run("/bin")).hasMessageContaining("EACCES");
      assertThat(sh(root, "echo well")).isEqualTo("well\n");
    }
  }

  @Test
  void runWhenTheArgumentsAreTooLongSaysSo() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).run("true", "x".repeat(200_000)))
          .hasMessageContaining("E2BIG")
          .hasMessageContaining("too long");
      assertThat(Runner.in(root).run("echo", "x".repeat(100_000)).out()).hasSize(100_001);
    }
  }

  @Test
  void runWhenTheWorkdirIsMissingSaysSo() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).workdir("/no/where").sh("pwd"))
          .hasMessageContaining("cannot enter the working directory /no/where")
          .hasMessageContaining("ENOENT");
      assertThat(Runner.in(root).workdir("/usr/share").sh("pwd").out()).isEqualTo("/usr/share\n");
    }
  }

  @Test
  void runWhenTheOutputCannotBePassedOnKillsTheProcessAndThrows() throws IOException {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("full");
          }
        };
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).output(broken).sh("echo x; sleep 73"))
          .isInstanceOf(UncheckedIOException.class)
          .hasRootCauseMessage("full");
      assertThat(HostProcesses.of("sleep\00073\0")).isEmpty();
      assertThat(sh(root, "echo again")).isEqualTo("again\n");
    }
  }

  @Test
  void runWhenTheConsumerIsSlowLosesNothing() throws IOException {
    AtomicLong taken = new AtomicLong();
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int b) {
            taken.incrementAndGet();
          }

          @Override
          public void write(byte[] bytes, int offset, int length) {
            taken.addAndGet(length);
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
          }
        };
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).output(slow).sh("head -c 8000000 /dev/zero");
      assertThat(run.status()).isZero();
      assertThat(taken).hasValue(8_000_000);
    }
  }

  @Test
  void runWhenAHundredRunAtOnceInOneRootKeepsThemApart() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(100);
    try (Rootfs root = HOST.root()) {
      sh(root, "mkdir /made");
      List<Future<String>> runs = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String script = "echo " + i + " >/made/" + i + "; sleep 0.1; cat /made/" + i;
        runs.add(threads.submit(() -> sh(root, script)));
      }
      for (int i = 0; i < 100; i++) {
        assertThat(runs.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(i + "\n");
      }
      assertThat(sh(root, "ls /made | wc -l")).isEqualTo("100\n");
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void runWhenRepeatedLeavesDescriptorsThreadsAndMountsAsTheyWere() throws Exception {
    try (Rootfs root = HOST.root()) {
      for (int i = 0; i < 5; i++) {
        Runner.in(root).input(InputStream.nullInputStream()).sh("true");
      }
      Footprint before = Footprint.of(HOST);
      for (int i = 0; i < 300; i++) {
        Runner.in(root).input(InputStream.nullInputStream()).sh("exit 1");
      }
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> Runner.in(root).run("no-such-thing")).isNotNull();
        assertThatThrownBy(() -> Runner.in(root).workdir("/none").sh("")).isNotNull();
      }
      Footprint.assertSettles(HOST, before);
    }
  }

  @Test
  void mountWhenRepeatedLeavesDescriptorsThreadsAndMountsAsTheyWere() throws Exception {
    sh(HOST.root(), "true");
    Footprint before = Footprint.of(HOST);
    for (int i = 0; i < 30; i++) {
      try (Rootfs root = HOST.root()) {
        sh(root, "true");
        BusyboxHost.diff(root);
      }
    }
    Footprint.assertSettles(HOST, before);
  }
}
