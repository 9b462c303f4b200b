package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.error.CommandFailedException;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Work that is interrupted, or whose Cooper is closed, at one moment after another (THREATS 58): it
 * ends soon, and nothing is left of it.
 */
@Timeout(120)
class CancelIT extends EndToEnd {
  private static final int[] MOMENTS = {0, 3, 10, 30, 90};
  private static final int LARGE = 6 << 20;
  private static final long PATIENCE_MILLIS = 30_000;

  /** Something that takes a while. */
  private interface Work {
    void run() throws Exception;
  }

  /** Begins, and interrupts after some milliseconds; gives what it threw, or null. */
  private static Throwable interrupted(Work work, int millis) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              begun.countDown();
              try {
                work.run();
              } catch (Throwable e) {
                thrown.set(e);
              }
            });
    thread.start();
    begun.await();
    Thread.sleep(millis);
    thread.interrupt();
    thread.join(PATIENCE_MILLIS);
    assertThat(thread.isAlive()).as("still at work").isFalse();
    return thrown.get();
  }

  private Path large() throws IOException {
    byte[] bytes = new byte[LARGE];
    new Random(1).nextBytes(bytes);
    return Files.write(temp.resolve("large"), bytes);
  }

  private void assertNothingLeft() throws IOException {
    assertThat(cooper.maintenance().check().findings()).isEmpty();
    assertThat(names(store.resolve("containers"))).isEmpty();
    for (String own : names(store.resolve("staging"))) {
      assertThat(names(store.resolve("staging").resolve(own))).isSubsetOf("pins");
    }
  }

  @Test
  void workWhenInterruptedEndsAndLeavesNothing() throws Exception {
    Path large = large();
    Image base = busybox().tag("base:1");
    Image big;
    try (WorkingContainer c = cooper.from(base)) {
      big = c.copy(large, "/large").commit("big:1");
    }
    Path layout = temp.resolve("layout");
    big.save(layout, SaveOptions.ociLayout().compression(Compression.GZIP));
    try (LocalRegistry registry = LocalRegistry.start(temp);
        Cooper pulling = builder().pullPolicy(PullPolicy.ALWAYS).build()) {
      String remote = registry.at("big:1");
      big.push(remote, PushOptions.DEFAULT);
      for (int moment : MOMENTS) {
        Path saved = temp.resolve("saved-" + moment);
        Map<String, Work> all =
            Map.of(
                "load", () -> cooper.loadAndUnpack(layout),
                "pull", () -> pulling.pull(remote, PullOptions.DEFAULT.andUnpack()),
                "save", () -> big.save(saved),
                "build", () -> build(base, large),
                "command", () -> command(base));
        for (Map.Entry<String, Work> each : all.entrySet()) {
          Throwable thrown = interrupted(each.getValue(), moment);
          if (thrown != null) {
            assertThat(thrown).as(each.getKey()).isInstanceOf(RuntimeException.class);
          }
          assertNothingLeft();
        }
        assertThat(names(temp)).noneMatch(name -> name.startsWith(".staging"));
        Files.deleteIfExists(saved);
      }
    }
    try (WorkingContainer c = cooper.from(base)) {
      assertThat(c.exec("/bin/echo", "well").out()).isEqualTo("well\n");
    }
  }

  private void build(Image base, Path large) {
    try (WorkingContainer c = cooper.from(base)) {
      c.copy(large, "/large").run("cat /large > /again").commit("built:1");
    }
  }

  private void command(Image base) {
    try (WorkingContainer c = cooper.from(base)) {
      c.run("trap '' TERM INT; (sleep 4712 &); sleep 4712");
    }
  }

  @Test
  void workWhenCooperIsClosedEndsAndLeavesNothing() throws Exception {
    Path large = large();
    busybox().tag("base:1");
    for (int moment : MOMENTS) {
      Cooper own = builder().build();
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; ; i++) {
                    try (WorkingContainer c = own.from("base:1")) {
                      c.copy(large, "/large" + i).run("cat /large* > /again").commit();
                    }
                  }
                } catch (RuntimeException closed) {
                  assertThat(closed).hasMessageNotContaining("NullPointer");
                }
              });
      thread.start();
      Thread.sleep(moment * 3L);
      own.close();
      thread.join(PATIENCE_MILLIS);
      assertThat(thread.isAlive()).isFalse();
      assertThat(names(store.resolve("containers"))).isEmpty();
      assertThat(names(store.resolve("staging"))).hasSize(1);
      assertThat(cooper.maintenance().check().findings()).isEmpty();
    }
  }

  // --- commands

  @Test
  void runWhenItsInputThrowsFailsWithThatCause() throws IOException {
    IOException cause = new IOException("the stream broke");
    InputStream broken =
        new FilterInputStream(new ByteArrayInputStream(new byte[10])) {
          @Override
          public int read(byte[] into, int offset, int length) throws IOException {
            int n = super.read(into, offset, length);
            if (n < 0) {
              throw cause;
            }
            return n;
          }
        };
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.run(Command.exec("/bin/cat").input(broken)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("the stream broke")
          .hasCause(cause);
      assertThat(c.exec("/bin/echo", "well").out()).isEqualTo("well\n");
    }
  }

  @Test
  void runWhenItsTimeoutIsBeyondAllClocksHasNone() throws IOException {
    try (WorkingContainer c = container()) {
      c.run(Command.exec("/bin/true").timeout(Duration.ofSeconds(Long.MAX_VALUE)));
      assertThatThrownBy(() -> c.run(Command.shell("sleep 4713").timeout(Duration.ofMillis(100))))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("time");
    }
  }

  // --- trees

  @Test
  void treesKeepHolesAsHoles() throws IOException {
    Path sparse = temp.resolve("sparse");
    Tools.run("truncate", "-s", "64M", sparse.toString());
    try (var channel =
        java.nio.channels.FileChannel.open(sparse, java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.wrap("middle".getBytes()), 20 << 20);
    }
    try (WorkingContainer c = container()) {
      c.run("true").copy(sparse, "/copied");
      assertThat(c.exec("/bin/stat", "-c", "%s", "/copied").out()).isEqualTo("67108864\n");
      assertThat(Integer.parseInt(c.exec("/bin/stat", "-c", "%b", "/copied").out().strip()))
          .isLessThan(4096);
      assertThat(c.exec("/bin/sh", "-c", "grep -ac middle /copied").out()).isEqualTo("1\n");
      Image image = c.commit("sparse:1");
      try (WorkingContainer above = cooper.from(image)) {
        assertThat(Integer.parseInt(above.exec("/bin/stat", "-c", "%b", "/copied").out().strip()))
            .isLessThan(4096);
        assertThat(
                Tools.run("cmp", above.mountPath().resolve("copied").toString(), sparse.toString()))
            .isEmpty();
      }
    }
  }
}
