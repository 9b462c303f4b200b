package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.linux.NativeMemory;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Many containers in one JVM, many at a time: what it holds of the host stays what it was after the
 * first of them.
 *
 * <p>60 and 15 by default; {@code -Dcooper.long=1000,100} for the full run.
 */
@Tag("storm")
class LongRunIT {
  private static final Pattern NUMBER = Pattern.compile("([a-z]+)=([0-9]+)");
  private Path temp;

  @AfterEach
  void remove() throws IOException {
    if (temp != null) {
      DurableFiles.deleteTree(temp);
    }
  }

  @Test
  void containersByTheHundredLeaveDescriptorsThreadsMountsAndMemoryAsTheyWere() throws Exception {
    Tools.require("busybox");
    temp = Files.createTempDirectory("cooper-long-").toRealPath();
    Path tar = Files.write(temp.resolve("base.tar"), FaultScenario.base());
    String[] size = System.getProperty("cooper.long", "60,15").split(",");
    String said =
        ChildJvm.run(
            Map.of(),
            List.of("-XX:NativeMemoryTracking=summary", "-Xms256m", "-XX:+AlwaysPreTouch"),
            Many.class,
            temp.resolve("store").toString(),
            tar.toString(),
            size[0],
            size[1]);
    List<String> lines = said.lines().filter(line -> line.startsWith("descriptors=")).toList();
    assertThat(lines).as(said).hasSize(2);
    Map<String, Long> before = numbers(lines.get(0));
    Map<String, Long> after = numbers(lines.get(1));
    // The JVM's own come and go by a few; what grows with each container does not.
    assertThat(after.get("descriptors")).isLessThanOrEqualTo(before.get("descriptors") + 8);
    assertThat(after.get("threads")).isLessThanOrEqualTo(before.get("threads") + 8);
    assertThat(after.get("mounts")).isEqualTo(before.get("mounts"));
    // Lanes are kept, and how many there have to be at once differs by a few on a loaded machine;
    // what a container leaves is one piece of each at least.
    long containers = Long.parseLong(size[0]);
    assertThat(after.get("pieces")).isLessThan(before.get("pieces") + containers);
    assertThat(after.get("tracked")).isLessThan(before.get("tracked") + (32 << 10));
    assertThat(after.get("resident")).isLessThan(before.get("resident") + (48 << 10));
  }

  private static Map<String, Long> numbers(String line) {
    Map<String, Long> numbers = new java.util.HashMap<>();
    Matcher matcher = NUMBER.matcher(line);
    while (matcher.find()) {
      numbers.put(matcher.group(1), Long.parseLong(matcher.group(2)));
    }
    return numbers;
  }

  /** STORE BASE COUNT ATONCE: prints what the JVM holds after the first containers and the last. */
  static final class Many {
    private final Cooper cooper;
    private final Image base;
    private final int atOnce;
    private final ExecutorService pool;

    private Many(Cooper cooper, Image base, int atOnce) {
      this.cooper = cooper;
      this.base = base;
      this.atOnce = atOnce;
      this.pool = Executors.newFixedThreadPool(atOnce);
    }

    public static void main(String[] arguments) throws Exception {
      int count = Integer.parseInt(arguments[2]);
      int atOnce = Integer.parseInt(arguments[3]);
      try (Cooper cooper = FaultScenario.builder(Path.of(arguments[0])).build()) {
        Many many = new Many(cooper, cooper.importRoot(Path.of(arguments[1])), atOnce);
        many.round(true);
        many.print();
        for (int done = 0; done < count; done += atOnce) {
          many.round(false);
        }
        many.print();
        many.pool.shutdown();
        cooper.images().forEach(Image::remove);
      }
    }

    /** As many containers as run at once, all of them at the same moment. */
    private void round(boolean warm) throws Exception {
      CyclicBarrier together = new CyclicBarrier(atOnce);
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < atOnce; i++) {
        int number = i;
        all.add(
            pool.submit(
                () -> {
                  try (WorkingContainer c = cooper.from(base)) {
                    c.run("true").write("/number", "number " + number);
                    together.await();
                    c.run("sleep " + (warm ? "1" : "0.1") + "; cat /number > /copy");
                  }
                  return true;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }

    private void print() throws Exception {
      System.gc();
      System.out.printf(
          Locale.ROOT,
          "descriptors=%d threads=%d mounts=%d pieces=%d tracked=%d resident=%d%n",
          count("/proc/self/fd"),
          count("/proc/self/task"),
          mounts(),
          NativeMemory.live(),
          tracked(),
          resident());
    }

    private static long count(String directory) throws IOException {
      try (Stream<Path> all = Files.list(Path.of(directory))) {
        return all.count();
      }
    }

    private static long mounts() throws IOException {
      long mounts = 0;
      for (ProcessHandle child : ProcessHandle.current().children().toList()) {
        mounts += Files.readAllLines(Path.of("/proc", "" + child.pid(), "mounts")).size();
      }
      return mounts;
    }

    /** What the JVM itself has committed, in KiB, but for its heap. */
    private static long tracked() throws Exception {
      String summary =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "vmNativeMemory",
                      new Object[] {new String[] {"summary"}},
                      new String[] {String[].class.getName()});
      return committed(summary, "Total: ") - committed(summary, "Java Heap \\(");
    }

    private static long committed(String summary, String what) {
      Matcher found =
          Pattern.compile(what + "reserved=[0-9]+KB, committed=([0-9]+)KB").matcher(summary);
      if (!found.find()) {
        throw new IllegalStateException("found no " + what + " in " + summary);
      }
      return Long.parseLong(found.group(1));
    }

    private static long resident() throws IOException {
      Matcher found =
          Pattern.compile("VmRSS:\\s+([0-9]+) kB")
              .matcher(Files.readString(Path.of("/proc/self/status")));
      if (!found.find()) {
        throw new IllegalStateException("/proc/self/status tells no VmRSS");
      }
      return Long.parseLong(found.group(1));
    }
  }
}
