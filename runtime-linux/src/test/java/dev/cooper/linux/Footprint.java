package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What this JVM holds of the host.
 *
 * @param descriptors how many are open
 * @param threads how many run
 * @param mounts how many this JVM sees
 * @param keepersMounts how many the keeper sees
 */
record Footprint(long descriptors, long threads, long mounts, long keepersMounts) {
  private static final long PATIENCE_NANOS = 3_000_000_000L;

  static Footprint of(BusyboxHost host) throws IOException {
    return new Footprint(
        count("/proc/self/fd"),
        count("/proc/self/task"),
        lines("/proc/self/mounts"),
        lines("/proc/" + host.runtime().keeper().pid() + "/mounts"));
  }

  private static long count(String directory) throws IOException {
    try (Stream<Path> all = Files.list(Path.of(directory))) {
      return all.count();
    }
  }

  private static long lines(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).size();
  }

  /** The JVM's own threads and files come and go by a few; what grows with each run does not. */
  static void assertSettles(BusyboxHost host, Footprint before) throws Exception {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!of(host).isNear(before) && System.nanoTime() < end) {
      Thread.sleep(50);
    }
    Footprint now = of(host);
    assertThat(now.isNear(before)).as("%s before, %s now", before, now).isTrue();
  }

  private boolean isNear(Footprint before) {
    return descriptors <= before.descriptors + 4
        && threads <= before.threads + 6
        && mounts == before.mounts
        && keepersMounts == before.keepersMounts;
  }
}
