package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.OperationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The keeper is killed from outside, or one of its lanes alone: each call that needs it fails with
 * a clear error, none hangs, and the next build starts another.
 */
@Tag("storm")
class KeeperDeathIT extends EndToEnd {
  @ParameterizedTest
  @ValueSource(strings = {"keeper", "lane"})
  void callsWhenItIsKilledFailAndTheNextBuildSucceeds(String victim) throws Exception {
    Image base = busybox();
    ExecutorService pool = Executors.newFixedThreadPool(6);
    List<WorkingContainer> containers = new ArrayList<>();
    try {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        WorkingContainer c = cooper.from(base).run("true");
        containers.add(c);
        int kind = i;
        calls.add(pool.submit(() -> call(c, kind)));
      }
      awaitSleepers(3);
      kill(victim);
      for (Future<?> each : calls) {
        assertThat(ended(each))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("killed from outside");
      }
    } finally {
      // Whatever went wrong above ends these too: nothing here may hide it.
      pool.shutdownNow();
      pool.awaitTermination(30, TimeUnit.SECONDS);
    }
    containers.forEach(WorkingContainer::remove);
    try (WorkingContainer c = cooper.from(base)) {
      assertThat(c.exec("/bin/echo", "again").out()).isEqualTo("again\n");
      c.commit("again:1").remove();
    }
    assertThat(cooper.maintenance().check().findings()).isEmpty();
  }

  /** Three wait for a command; the others go on until they can't. */
  private boolean call(WorkingContainer c, int kind) {
    if (kind < 3) {
      c.run("/bin/sleep", "4711");
      return true;
    }
    for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
      if (kind == 3) {
        c.write("/file" + i % 50, "content " + i);
      } else if (kind == 4) {
        c.run("true");
      } else {
        c.commit().remove();
      }
    }
    return false;
  }

  private static void awaitSleepers(int count) throws Exception {
    for (int i = 0; i < 2000 && sleepers() < count; i++) {
      Thread.sleep(10);
    }
    assertThat(sleepers()).isEqualTo(count);
  }

  private static long sleepers() {
    return ProcessHandle.current().descendants().filter(KeeperDeathIT::sleeps).count();
  }

  /** One that is about to execute its command, or has ended, has no arguments to show. */
  private static boolean sleeps(ProcessHandle process) {
    String[] arguments = process.info().arguments().orElse(new String[0]);
    return arguments.length > 0 && arguments[arguments.length - 1].equals("4711");
  }

  /** What a call ended with, within half a minute; null for success. */
  private static Throwable ended(Future<?> call) throws Exception {
    try {
      call.get(30, TimeUnit.SECONDS);
      return null;
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }

  /** The keeper is this JVM's own child with its command line, and so are the keeper's lanes. */
  private static void kill(String victim) throws Exception {
    ProcessHandle keeper =
        ProcessHandle.current().children().filter(KeeperDeathIT::isOurs).findFirst().orElseThrow();
    long pid = keeper.pid();
    if (victim.equals("lane")) {
      // Any that waits for a command has that as a child.
      pid =
          keeper
              .children()
              .filter(each -> isOurs(each) && each.children().findAny().isPresent())
              .findFirst()
              .orElseThrow()
              .pid();
    }
    Tools.run("busybox", "kill", "-KILL", Long.toString(pid));
  }

  private static boolean isOurs(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", "" + process.pid(), "cmdline"))
          .equals(Files.readString(Path.of("/proc/self/cmdline")));
    } catch (java.io.IOException e) {
      return false;
    }
  }
}
