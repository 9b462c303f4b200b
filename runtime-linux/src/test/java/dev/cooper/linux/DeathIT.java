package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left when a JVM or its keeper dies: nothing. */
@Timeout(60)
final class DeathIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static Process victim(String end, Path container, String seconds) throws IOException {
    return VictimJvm.start(end, HOST.base(), container, seconds);
  }

  @Test
  void runWhenTheJvmIsKilledLeavesNoProcessAndNoMount() throws Exception {
    Path container = HOST.directory();
    Process jvm = victim("stay", container, "8101");
    try (BufferedReader out = jvm.inputReader(StandardCharsets.US_ASCII)) {
      String keeper = out.readLine().replace("keeper ", "");
      assertThat(out.readLine()).isEqualTo("running");
      assertThat(HostProcesses.await("sleep\0008101\0")).isNotEmpty();
      assertThat(Files.readString(Path.of("/proc", keeper, "mounts")))
          .contains(container + "/merged");
      assertThat(HostProcesses.kill(Long.toString(jvm.pid()))).isZero();
      jvm.waitFor();
      assertThat(HostProcesses.goneWithinASecond("sleep\0008101\0")).isTrue();
      assertThat(isGoneWithinASecond(keeper)).isTrue();
    }
    assertNoMountOf(container);
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      assertThat(sh(root, "echo again")).isEqualTo("again\n");
    }
  }

  @ParameterizedTest
  @CsvSource({"exit,3,8102", "halt,4,8103", "return,0,8104"})
  void runWhenTheJvmExitsWithoutClosingLeavesNoProcessAndNoMount(
      String end, int status, String seconds) throws Exception {
    Path container = HOST.directory();
    Process jvm = victim(end, container, seconds);
    try (BufferedReader out = jvm.inputReader(StandardCharsets.US_ASCII)) {
      String keeper = out.readLine().replace("keeper ", "");
      assertThat(jvm.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(jvm.exitValue()).isEqualTo(status);
      assertThat(HostProcesses.goneWithinASecond("sleep\000" + seconds + "\0")).isTrue();
      assertThat(isGoneWithinASecond(keeper)).isTrue();
      assertThat(out.readLine()).as("it ran").isEqualTo("running");
    }
    assertNoMountOf(container);
  }

  /** Gone, or dead and waiting for the host's init to take note of it. */
  private static boolean isGoneWithinASecond(String pid) throws Exception {
    long end = System.nanoTime() + 1_000_000_000L;
    while (isAlive(pid) && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    return !isAlive(pid);
  }

  private static boolean isAlive(String pid) {
    try {
      return !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ");
    } catch (IOException e) {
      return false;
    }
  }

  private static void assertNoMountOf(Path container) throws IOException {
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(container.toString());
    // Nothing holds the directory: a mount point could not be removed.
    HOST.runtime().delete(container);
    assertThat(container).doesNotExist();
    Files.createDirectory(container);
  }

  @Test
  void runWhenTheKeeperIsKilledEndsWithAClearErrorAndANewOneServesNewMounts() throws Exception {
    try (LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT)) {
      Rootfs root = runtime.mount(List.of(HOST.base()), HOST.directory(), HOST.notices::add);
      Runner runner = Runner.in(root);
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("setsid sleep 8105 & sleep 8105"));
      assertThat(HostProcesses.await("sleep\0008105\0")).isNotEmpty();
      long killed = runtime.keeper().pid();
      assertThat(HostProcesses.kill(Long.toString(killed))).isZero();
      assertThatThrownBy(() -> run.get(2, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("killed from outside");
      assertThat(HostProcesses.goneWithinASecond("sleep\0008105\0")).isTrue();
      assertThatThrownBy(() -> sh(root, "true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("open the container again");
      assertThatThrownBy(() -> BusyboxHost.diff(root)).isInstanceOf(OperationException.class);
      root.close();

      try (Rootfs again = runtime.mount(List.of(HOST.base()), HOST.directory(), line -> {})) {
        assertThat(sh(again, "echo again")).isEqualTo("again\n");
        assertThat(runtime.keeper().pid()).isNotEqualTo((int) killed);
      }
    }
  }

  @Test
  void closeWhenAProcessRunsEndsItWithAnError() throws Exception {
    LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT);
    Rootfs root = runtime.mount(List.of(HOST.base()), HOST.directory(), HOST.notices::add);
    Runner runner = Runner.in(root);
    CompletableFuture<Run> run = CompletableFuture.supplyAsync(() -> runner.sh("sleep 8106"));
    assertThat(HostProcesses.await("sleep\0008106\0")).isNotEmpty();
    runtime.close();
    assertThatThrownBy(() -> run.get(2, TimeUnit.SECONDS))
        .cause()
        .isInstanceOf(OperationException.class);
    assertThat(HostProcesses.goneWithinASecond("sleep\0008106\0")).isTrue();
    root.close();
    assertThatThrownBy(() -> runtime.mount(List.of(), HOST.directory(), line -> {}))
        .isInstanceOf(OperationException.class);
  }

  @Test
  void closeWhenRepeatedLeavesNothingOfTheKeepers() throws Exception {
    for (int i = 0; i < 3; i++) {
      cycle();
    }
    Footprint before = Footprint.of(HOST);
    for (int i = 0; i < 20; i++) {
      cycle();
    }
    Footprint.assertSettles(HOST, before);
  }

  private static void cycle() throws IOException {
    Path container = HOST.directory();
    try (LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT);
        Rootfs root = runtime.mount(List.of(HOST.base()), container, line -> {})) {
      sh(root, "true");
    }
  }
}
