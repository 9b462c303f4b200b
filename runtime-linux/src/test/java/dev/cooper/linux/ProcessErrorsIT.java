package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What goes wrong around a running command: nothing of it runs on, nothing is written into memory
 * that was freed, and what it ran in serves the next.
 */
@Timeout(60)
final class ProcessErrorsIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  /** Output that is taken by somebody whose assertion fails, or whose memory is up. */
  private static OutputStream throwing(Error error) {
    return new OutputStream() {
      @Override
      public void write(int b) {
        throw error;
      }
    };
  }

  private static InputStream failing(Error error) {
    return new InputStream() {
      @Override
      public int read() {
        throw error;
      }
    };
  }

  private static void failAndServeAgain(Error error) throws Exception {
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).output(throwing(error));
      assertThat(catchThrowable(() -> runner.sh("setsid sleep 8121 & echo up; exec sleep 8121")))
          .isSameAs(error);
      assertThat(HostProcesses.goneWithinASecond("sleep\0008121\0")).isTrue();
      assertThat(sh(root, "echo again")).isEqualTo("again\n");
    }
  }

  @Test
  void runWhenWhoTakesItsOutputThrowsAnErrorKillsItAndPassesThatOn() throws Exception {
    failAndServeAgain(new AssertionError("a listener's"));
    failAndServeAgain(new OutOfMemoryError("a buffer's"));
    long lanes = Memory.live();
    for (int i = 0; i < 20; i++) {
      failAndServeAgain(new AssertionError("a listener's"));
    }
    assertThat(Memory.live()).as("pieces of memory").isEqualTo(lanes);
  }

  @Test
  void runWhenItsInputThrowsAnErrorKillsItAndSaysSo() throws Exception {
    try (Rootfs root = HOST.root()) {
      Error error = new AssertionError("the input's");
      Runner runner = Runner.in(root).input(failing(error));
      assertThatThrownBy(() -> runner.sh("cat; sleep 8122"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot read the command's input")
          .hasCause(error);
      assertThat(HostProcesses.goneWithinASecond("sleep\0008122\0")).isTrue();
    }
  }

  @Test
  void runWhenTheKeeperIsKilledGivesItsMemoryBack() throws Exception {
    killKeeperInARun();
    long before = Memory.live();
    for (int i = 0; i < 3; i++) {
      killKeeperInARun();
    }
    assertThat(Memory.live()).as("pieces of memory").isEqualTo(before);
  }

  private static void killKeeperInARun() throws Exception {
    try (LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT)) {
      Rootfs root =
          runtime.mount(java.util.List.of(HOST.base()), HOST.directory(), HOST.notices::add);
      Runner runner = Runner.in(root);
      CompletableFuture<Run> run = CompletableFuture.supplyAsync(() -> runner.sh("sleep 8123"));
      assertThat(HostProcesses.await("sleep\0008123\0")).isNotEmpty();
      HostProcesses.kill(Long.toString(runtime.keeper().pid()));
      assertThatThrownBy(() -> run.get(10, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .hasMessageContaining("killed from outside")
          .hasNoSuppressedExceptions();
      root.close();
    }
  }
}
