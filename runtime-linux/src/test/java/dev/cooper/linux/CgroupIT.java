package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.command.Resources;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Limits by control groups: what they do where this JVM may make some, what is said where not, and
 * that none is left.
 */
@Timeout(60)
@Tag("alone")
final class CgroupIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final Resources NONE = Resources.UNLIMITED;

  private static Resources memory(long bytes) {
    return new Resources(bytes, -1, 0, 0, 0, 0, 0);
  }

  private static Resources pids(long most) {
    return new Resources(0, -1, 0, most, 0, 0, 0);
  }

  /** Where this JVM can limit: an ordinary user hardly can, and is told so in another test. */
  private static boolean limits(Resources resources) {
    try (Cgroups groups = new Cgroups()) {
      groups.open(resources, HOST.base()).close();
      return true;
    } catch (OperationException e) {
      return false;
    }
  }

  /** Root makes groups in any hierarchy that it sees; an ordinary user in a delegated one only. */
  private static void requireLimits(Resources resources) {
    String lacking = "this JVM may make no control groups for " + resources;
    if (Trampoline.here(Sys.GETEUID) == 0) {
      BusyboxHost.require(limits(resources), lacking);
    }
    assumeTrue(limits(resources), lacking);
  }

  /** The groups of ours that there are in any hierarchy. */
  private static List<Path> left() throws IOException {
    List<Path> left = new ArrayList<>();
    List<CgroupHierarchy> all =
        CgroupHierarchy.parse(
            ProcFile.lines(Path.of("/proc/self/cgroup")),
            ProcFile.lines(Path.of("/proc/self/mountinfo")));
    for (CgroupHierarchy each : all) {
      for (Path at = each.own(); at.startsWith(each.mount()); at = at.getParent()) {
        try (Stream<Path> inner = Files.list(at)) {
          inner
              .filter(path -> path.getFileName().toString().startsWith("cooper-"))
              .forEach(left::add);
        }
      }
    }
    return left;
  }

  @Test
  void runWhenNothingIsLimitedTouchesNoGroup() throws IOException {
    List<Path> before = left();
    try (Rootfs root = HOST.root()) {
      assertThat(sh(root, "cut -d: -f3 /proc/self/cgroup | sort -u")).isEqualTo("/\n");
      assertThat(left()).isEqualTo(before);
    }
  }

  @Test
  void runWhenMemoryRunsOutIsKilledAndSaysSo() throws IOException {
    requireLimits(memory(32 << 20));
    try (Rootfs root = HOST.root()) {
      String grow = "a=x; while :; do a=$a$a; done";
      Run run = Runner.in(root).resources(memory(32 << 20)).sh(grow);
      assertThat(run.end()).isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.OUT_OF_MEMORY));
      Run below = Runner.in(root).resources(memory(32 << 20)).sh("sh -c '" + grow + "'; exit 3");
      assertThat(below.end()).isEqualTo(new ProcessEnd(3, ProcessEnd.Cause.OUT_OF_MEMORY));
      Run survived = Runner.in(root).resources(memory(32 << 20)).sh("sh -c '" + grow + "'; exit 0");
      assertThat(survived.end()).isEqualTo(new ProcessEnd(0, ProcessEnd.Cause.EXIT));
      Run other = Runner.in(root).resources(memory(32 << 20)).sh("sh -c 'kill -9 $$'; exit 137");
      assertThat(other.end()).isEqualTo(new ProcessEnd(137, ProcessEnd.Cause.EXIT));
    }
  }

  @Test
  void runWhenLimitedSeesItsGroupAsTheOutermost() throws IOException {
    requireLimits(pids(20));
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .resources(pids(20))
              .sh("cut -d: -f3 /proc/self/cgroup | sort -u; ls -A /sys/fs/cgroup");
      assertThat(run.out()).isEqualTo("/\n");
      assertThat(run.status()).isZero();
    }
  }

  @Test
  void runWhenProcessesAreLimitedStartsNoMore() throws IOException {
    requireLimits(pids(5));
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .resources(pids(5))
              .sh("for i in 1 2 3 4 5 6 7 8; do sleep 8201 & done; echo all");
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains("can't fork");
      assertThat(HostProcesses.of("sleep\0008201\0")).isEmpty();
      // A bomb of forks, by a user without rights: it ends when its time is up, and nothing is
      // left.
      Run bomb =
          Runner.in(root)
              .resources(pids(64))
              .user(1000, 1000)
              .timeout(Duration.ofMillis(500))
              .sh("b() { b | b & }; while :; do b; done 2>/dev/null");
      assertThat(bomb.end().status()).isNotZero();
    }
  }

  @Test
  void runWhenEverythingIsLimitedHasTheKernelsValues() throws IOException {
    Resources all = new Resources(64 << 20, 0, 1.5, 40, 0, 0, 0);
    requireLimits(all);
    try (CgroupRun run = HOST.runtime().keeper().cgroups().open(all, HOST.base())) {
      List<String> values = new ArrayList<>();
      for (Path group : left()) {
        try (Stream<Path> files = Files.walk(group, 2)) {
          for (Path file : files.toList()) {
            String name = file.getFileName().toString();
            // The file of the run's own group, which is called by its number.
            boolean runs = file.getParent().getFileName().toString().matches("\\d+");
            if (runs
                && name.matches(
                    "memory.limit_in_bytes|memory.max|pids.max|cpu.cfs_quota_us|cpu.max|memory.memsw.limit_in_bytes|memory.swap.max")) {
              values.add(name + "=" + ProcFile.read(file));
            }
          }
        }
      }
      assertThat(values).containsAnyOf("memory.limit_in_bytes=67108864", "memory.max=67108864");
      assertThat(values).containsAnyOf("memory.memsw.limit_in_bytes=67108864", "memory.swap.max=0");
      assertThat(values).containsAnyOf("cpu.cfs_quota_us=150000", "cpu.max=150000 100000");
      assertThat(values).contains("pids.max=40");
      assertThat(run.outOfMemory()).isFalse();
    }
  }

  @Test
  void runWhenWhatIsWrittenIsLimitedNamesTheDiskOrSaysThatThereIsNone() throws IOException {
    Resources slow = new Resources(0, -1, 0, 0, 0, 0, 1 << 20);
    Path memory = Path.of("/dev/shm");
    try (Cgroups groups = new Cgroups()) {
      assertThatThrownBy(() -> groups.open(slow, memory))
          .isInstanceOf(OperationException.class)
          .hasMessageMatching(
              "(?s).*(lies on no disk|may make no control group|has that controller).*");
    }
    if (limits(slow)) {
      assertThat(Disk.of(HOST.base())).matches("\\d+:\\d+");
    }
  }

  @Test
  void runWhenItEndsLeavesNoGroupAndTheKeepersOwnGoesWithIt() throws IOException {
    requireLimits(pids(50));
    List<Path> before = left();
    try (LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT);
        Rootfs root = runtime.mount(List.of(HOST.base()), HOST.directory(), line -> {})) {
      for (int i = 0; i < 20; i++) {
        Runner.in(root).resources(pids(50)).sh("sleep 8202 & true");
      }
      List<Path> own = new ArrayList<>(left());
      own.removeAll(before);
      assertThat(own).hasSize(1);
      try (Stream<Path> inner = Files.list(own.get(0))) {
        assertThat(inner.filter(Files::isDirectory)).isEmpty();
      }
    }
    assertThat(left()).isEqualTo(before);
  }

  @Test
  void runWhenAJvmWasKilledTheNextOneRemovesItsGroups() throws Exception {
    requireLimits(pids(50));
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Limited.class.getName(),
                HOST.base().toString(),
                HOST.directory().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<Path> orphans;
    try (BufferedReader out = jvm.inputReader(StandardCharsets.US_ASCII)) {
      assertThat(out.readLine()).isEqualTo("running");
      orphans = left();
      // It lives: another leaves what is its own alone.
      assertThat(limits(pids(50))).isTrue();
      assertThat(left()).containsAll(orphans);
      assertThat(HostProcesses.kill(Long.toString(jvm.pid()))).isZero();
      jvm.waitFor();
    }
    assertThat(HostProcesses.goneWithinASecond("sleep\0008203\0")).isTrue();
    // The dead JVM's keeper holds its lock a little longer: then the next but one removes them.
    List<Path> dead = orphans.stream().filter(path -> !isOurs(path)).toList();
    assertThat(dead).isNotEmpty();
    long deadline = System.nanoTime() + 10_000_000_000L;
    do {
      assertThat(limits(pids(50))).isTrue();
    } while (!Collections.disjoint(left(), dead) && System.nanoTime() < deadline);
    assertThat(left()).doesNotContainAnyElementsOf(dead);
  }

  /** Whether it is the keeper's of this test, which lives on. */
  private static boolean isOurs(Path group) {
    return HOST.runtime().keeper().cgroups().owns(group);
  }

  /** Runs something limited, until it is killed. */
  static final class Limited {
    public static void main(String[] arguments) {
      LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT);
      Rootfs root =
          runtime.mount(List.of(Path.of(arguments[0])), Path.of(arguments[1]), line -> {});
      Runner.in(root)
          .resources(pids(50))
          .output(new java.io.FileOutputStream(java.io.FileDescriptor.out))
          .sh("echo running; sleep 8203");
    }
  }

  @Test
  void runWhenProcessorsAreLimitedIsThrottledByTheKernel() throws Exception {
    Resources little = new Resources(0, -1, 0.05, 0, 0, 0, 0);
    requireLimits(little);
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).resources(little);
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("while :; do :; done"));
      long throttled = 0;
      while (throttled == 0 && !run.isDone()) {
        throttled = throttled();
        Thread.sleep(20);
      }
      runner.cancellation.cancel();
      assertThat(run.get().end().cause()).isEqualTo(ProcessEnd.Cause.CANCELLED);
      assertThat(throttled).as("periods in which it was throttled").isPositive();
    }
  }

  /** In how many periods a run of this test's was throttled, as the kernel counts. */
  private static long throttled() throws IOException {
    long most = 0;
    for (Path group : left().stream().filter(CgroupIT::isOurs).toList()) {
      try (Stream<Path> files = Files.find(group, 2, (path, is) -> path.endsWith("cpu.stat"))) {
        for (Path file : files.toList()) {
          most =
              ProcFile.lines(file).stream()
                  .filter(line -> line.startsWith("nr_throttled "))
                  .mapToLong(line -> Long.parseLong(line.substring("nr_throttled ".length())))
                  .reduce(most, Math::max);
        }
      }
    }
    return most;
  }

  /**
   * At least as long as the limit says: nothing but the limit makes it that slow, nothing faster.
   */
  @Test
  void runWhenWhatIsWrittenIsLimitedTakesItsTime() throws IOException {
    Resources slow = new Resources(0, -1, 0, 0, 0, 0, 1 << 20);
    String onADisk = diskOf(HOST.base());
    assumeTrue(!onADisk.isEmpty(), "the tests' directory lies on no disk");
    requireLimits(slow);
    try (Rootfs root = HOST.root()) {
      long start = System.nanoTime();
      Run run =
          Runner.in(root)
              .resources(slow)
              .sh("dd if=/dev/zero of=/root/file bs=512k count=5 oflag=direct");
      assertThat(run.status()).as("%s", run).isZero();
      assertThat(System.nanoTime() - start).isGreaterThan(1_000_000_000L);
    }
  }

  private static String diskOf(Path directory) {
    try {
      return Disk.of(directory);
    } catch (OperationException e) {
      return "";
    }
  }

  /** As long as something lives in one, the kernel lets go of none above it. */
  @Test
  @Timeout(20)
  void openWhenAGroupCannotBeRemovedDoesNotWaitForItLong() throws Exception {
    requireLimits(pids(10));
    Path base = pidsBase();
    Path deepest =
        Files.createDirectories(base.resolve("cooper-stuck/1/2")); // none can be removed before it
    Process held = new ProcessBuilder("sleep", "8204").start();
    try {
      CgroupRun.write(deepest.resolve("cgroup.procs"), Long.toString(held.pid()));
      assertThat(limits(pids(10))).isTrue();
      assertThat(deepest).exists();
    } finally {
      held.destroyForcibly().waitFor();
      assertThat(CgroupRun.remove(base.resolve("cooper-stuck"), CgroupRun.patience())).isTrue();
    }
  }

  /** Where groups that limit processes are made. */
  private static Path pidsBase() throws IOException {
    List<CgroupHierarchy> all =
        CgroupHierarchy.parse(
            ProcFile.lines(Path.of("/proc/self/cgroup")),
            ProcFile.lines(Path.of("/proc/self/mountinfo")));
    for (CgroupHierarchy each : all) {
      if (each.unified() || each.controllers().contains("pids")) {
        return each.unified() ? CgroupBase.of(each, CgroupSetting.Controller.PIDS) : each.own();
      }
    }
    throw new AssertionError("none that limits processes among " + all);
  }

  @Test
  void runWhenThisJvmMayMakeNoGroupSaysWhatToDo() throws IOException {
    assumeTrue(!limits(pids(10)), "this JVM may make control groups");
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> Runner.in(root).resources(pids(10)).sh("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot limit pids")
          .hasMessageContaining("systemd-run");
      assertThat(Runner.in(root).resources(NONE).sh("true").status()).isZero();
    }
  }
}
