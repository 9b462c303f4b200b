package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.command.Isolation;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A keeper that somebody stops holds neither a deadline, an interrupt nor a close. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StoppedKeeperIT {
  private static final int SIGSTOP = 19;

  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final class Started extends OutputStream {
    final CountDownLatch came = new CountDownLatch(1);

    @Override
    public void write(int octet) {
      came.countDown();
    }
  }

  /** The keeper and its lanes, and for one without namespaces its guard. */
  private static List<Long> tasks(LinuxRuntime runtime) throws IOException {
    long keeper = runtime.keeper().pid();
    List<Long> all = new ArrayList<>(List.of(keeper));
    all.addAll(ProcessTree.children(keeper));
    if (runtime.keeper().isPlain()) {
      String status = ProcFile.text(Path.of("/proc/" + keeper + "/status"));
      status
          .lines()
          .filter(line -> line.startsWith("PPid:"))
          .forEach(line -> all.add(Long.parseLong(line.substring(5).strip())));
    }
    return all;
  }

  private static void signal(List<Long> tasks, int signal) {
    tasks.forEach(each -> assertThat(Trampoline.here(Sys.KILL, each, signal)).isZero());
  }

  @Test
  void runWhenItsKeeperIsStoppedEndsOnceItsTimeIsUpAndSaysSo() throws Exception {
    try (Rootfs root = HOST.root()) {
      sh(root, "true");
      Started out = new Started();
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(
              () ->
                  Runner.in(root)
                      .output(out)
                      .timeout(Duration.ofSeconds(1))
                      .sh("echo up; exec sleep 8141"));
      out.came.await();
      signal(tasks(HOST.runtime()), SIGSTOP);
      assertThatThrownBy(() -> run.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(OperationException.class)
          .hasMessageContaining("it was stopped from outside (SIGSTOP), and so was killed")
          .hasMessageContaining("open the container again");
      assertThat(HostProcesses.goneWithinASecond("sleep\0008141\0")).isTrue();
    }
    try (Rootfs again = HOST.root()) {
      assertThat(sh(again, "echo again")).isEqualTo("again\n");
    }
  }

  @Test
  void runWhenItsKeeperIsStoppedEndsWhenInterrupted() throws Exception {
    try (Rootfs root = HOST.root()) {
      sh(root, "true");
      Started out = new Started();
      CompletableFuture<Throwable> thrown = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  Runner.in(root).output(out).sh("echo up; exec sleep 8142");
                } catch (RuntimeException e) {
                  thrown.complete(e);
                }
              });
      thread.start();
      out.came.await();
      signal(tasks(HOST.runtime()), SIGSTOP);
      thread.interrupt();
      assertThat(thrown.get(20, TimeUnit.SECONDS)).hasMessageContaining("SIGSTOP");
      assertThat(HostProcesses.goneWithinASecond("sleep\0008142\0")).isTrue();
    }
  }

  @Test
  void runWhenItsKeeperIsStoppedAndContinuedGoesOn() throws Exception {
    try (Rootfs root = HOST.root()) {
      sh(root, "true");
      List<Long> tasks = tasks(HOST.runtime());
      for (int i = 0; i < 10; i++) {
        signal(tasks, SIGSTOP);
        signal(tasks, Linux.SIGCONT);
        assertThat(sh(root, "echo on")).isEqualTo("on\n");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NAMESPACES", "CHROOT"})
  void closeWhenTheKeeperIsStoppedEndsIt(Isolation isolation) throws Exception {
    assumeTrue(
        isolation == Isolation.NAMESPACES || Trampoline.here(Sys.GETEUID) == 0,
        "only root can change the root");
    List<Long> tasks;
    try (LinuxRuntime own = new LinuxRuntime(new RuntimeOptions(isolation, "", false))) {
      own.delete(HOST.directory());
      tasks = tasks(own);
      for (long each : tasks) {
        assertThat(name(each)).isIn("cooper-keeper", "cooper-lane", "cooper-guard");
      }
      signal(tasks, SIGSTOP);
    }
    for (long each : tasks) {
      assertThat(Trampoline.here(Sys.KILL, each, 0)).isEqualTo(-3); // ESRCH
    }
  }

  @Test
  void psWhenAskedKnowsTheTasksByName() throws Exception {
    try (Rootfs root = HOST.root()) {
      sh(root, "true");
      long keeper = HOST.runtime().keeper().pid();
      assertThat(name(keeper)).isEqualTo("cooper-keeper");
      assertThat(ProcessTree.children(keeper)).isNotEmpty();
      for (long lane : ProcessTree.children(keeper)) {
        assertThat(name(lane)).isEqualTo("cooper-lane");
      }
      assertThat(name(ProcessHandle.current().pid())).doesNotContain("cooper");
      assertThat(sh(root, "cat /proc/1/comm; true")).isEqualTo("sh\n");
    }
  }

  private static String name(long pid) throws IOException {
    return ProcFile.read(Path.of("/proc/" + pid + "/comm"));
  }
}
