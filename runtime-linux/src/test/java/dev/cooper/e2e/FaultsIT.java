package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.e2e.FaultScenario.Kind;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.Validator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A JVM that is killed, or finds the disk full, at its system calls, one after another (THREATS
 * 55): afterwards the store opens, is sound, holds nothing half done, and the same build gives the
 * same image.
 *
 * <p>By default some of several thousand calls are taken, of as many kinds as there are. To take
 * all of them, which needs about an hour on two processors:
 *
 * <pre>
 * mvn verify -pl runtime-linux -am -Dtest=None -Dit.test=FaultsIT -Dcooper.faults=all \
 *     -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false
 * </pre>
 *
 * A number in the place of {@code all} takes so many of each scenario. It runs as root, as strace
 * would take the rights of newuidmap away.
 */
@Tag("storm")
class FaultsIT {
  private static final String MANY = System.getProperty("cooper.faults", "");
  private static final int WORKERS = 2;

  /**
   * What changes files, mounts and processes. A kill before any other call finds the same as one
   * before the next of these: what a dead process has read is gone, its locks are, and what it had
   * not synced is as good as if it had.
   */
  private static final List<String> CHANGING =
      List.of(
          "mkdir",
          "mkdirat",
          "openat",
          "rename",
          "renameat2",
          "unlink",
          "unlinkat",
          "rmdir",
          "link",
          "linkat",
          "symlink",
          "symlinkat",
          "mknodat",
          "write",
          "pwrite64",
          "copy_file_range",
          "sendfile",
          "ftruncate",
          "fallocate",
          "utimensat",
          "chmod",
          "chown",
          "fchown",
          "fchmod",
          "fchownat",
          "fchmodat",
          "setxattr",
          "lsetxattr",
          "fsetxattr",
          "removexattr",
          "mount",
          "umount2",
          "open_tree",
          "move_mount",
          "mount_setattr",
          "pivot_root",
          "chroot",
          "clone",
          "execve");

  /**
   * What needs space. Not openat: strace counts a thread's calls, and the one of that number may be
   * another thread's that only reads, which no full disk refuses.
   */
  private static final List<String> GROWING =
      List.of(
          "mkdir",
          "mkdirat",
          "rename",
          "renameat2",
          "link",
          "linkat",
          "symlink",
          "symlinkat",
          "mknodat",
          "write",
          "pwrite64",
          "copy_file_range",
          "fsync",
          "fallocate",
          "setxattr",
          "lsetxattr",
          "fsetxattr");

  private Path temp;
  private Path layout;
  private String expected;
  private Kind kind;
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void prepare() throws Exception {
    Tools.require("strace", "busybox");
    Tools.requireRoot("what is traced cannot execute newuidmap with its rights");
    temp = Files.createTempDirectory("cooper-faults-").toRealPath();
    layout = FaultScenario.layout(temp);
  }

  @AfterEach
  void remove() throws Exception {
    if (temp != null) {
      DurableFiles.deleteTree(temp);
    }
  }

  @ParameterizedTest
  @EnumSource
  void buildWhenItsJvmIsKilledAtAnyCallLeavesASoundStore(Kind scenario) throws Exception {
    kind = scenario;
    // "execve" ends before it began with the first; strace itself executes that one.
    inject(CHANGING, "", "signal=KILL", 7, (step, ended) -> {});
  }

  @ParameterizedTest
  @EnumSource
  void buildWhenTheDiskIsFullAtAnyWriteSaysSoAndLeavesASoundStore(Kind scenario) throws Exception {
    kind = scenario;
    inject(GROWING, temp.toString(), "error=ENOSPC", 3, FaultsIT::saysSo);
  }

  @Test
  void buildWhenItsUserIsOverTheQuotaSaysSoAndLeavesASoundStore() throws Exception {
    kind = Kind.ONCE;
    inject(GROWING, temp.toString(), "error=EDQUOT", 3, FaultsIT::saysSo);
  }

  private static void saysSo(Strace.Step step, Strace.Ended ended) {
    assertThat(ended.status()).as("%s: %s", step, ended.output()).isIn(0, 3);
    if (ended.status() == 3 && !ended.output().isBlank()) { // its own output may have failed
      assertThat(ended.output())
          .containsAnyOf("No space left on device", "ENOSPC", "Disk quota exceeded", "EDQUOT");
      assertThat(ended.output()).as("%s names a file", step).contains("/");
    }
  }

  private interface Verdict {
    void of(Strace.Step step, Strace.Ended ended);
  }

  private void inject(List<String> calls, String about, String what, int some, Verdict verdict)
      throws Exception {
    try (Cooper cooper = FaultScenario.builder(temp.resolve("expected"), kind).build()) {
      expected = FaultScenario.build(cooper, layout, temp.resolve("expected.tar"), kind);
    }
    List<Strace.Step> steps = chosen(calls, about, some);
    AtomicInteger next = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(WORKERS);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int worker = 0; worker < WORKERS; worker++) {
        Path own = Files.createDirectories(temp.resolve("worker-" + worker));
        all.add(
            pool.submit(
                () -> {
                  for (int i = next.getAndIncrement();
                      i < steps.size();
                      i = next.getAndIncrement()) {
                    one(own, steps.get(i), what, verdict);
                  }
                  return true;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(failures).isEmpty();
    } finally {
      pool.shutdownNow();
    }
  }

  private List<Strace.Step> chosen(List<String> calls, String about, int some) throws Exception {
    Path own = Files.createDirectories(temp.resolve("steps"));
    List<Strace.Step> all =
        new Strace(own, FaultScenario.class)
            .steps(
                calls,
                about,
                own + "/store",
                layout.toString(),
                own + "/saved.tar",
                kind.toString());
    assertThat(all).hasSizeGreaterThan(some);
    if (MANY.equals("all")) {
      return all;
    }
    return spread(all, new Random(kind.ordinal() * 31L + calls.size()))
        .subList(0, Math.min(MANY.isEmpty() ? some : Integer.parseInt(MANY), all.size()));
  }

  /** In an order that has one call of each kind, then a second one of each. */
  private static List<Strace.Step> spread(List<Strace.Step> all, Random random) {
    List<Strace.Step> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, random);
    Map<String, Integer> seen = new HashMap<>();
    Map<Integer, List<Strace.Step>> rounds = new TreeMap<>();
    for (Strace.Step step : shuffled) {
      int round = seen.merge(step.call(), 1, Integer::sum);
      rounds.computeIfAbsent(round, each -> new ArrayList<>()).add(step);
    }
    return rounds.values().stream().flatMap(List::stream).toList();
  }

  private void one(Path own, Strace.Step step, String what, Verdict verdict) throws Exception {
    Path store = own.resolve("store");
    Path saved = own.resolve("saved.tar");
    String said = "nothing";
    try {
      Strace.Ended ended =
          new Strace(own, FaultScenario.class)
              .inject(
                  step,
                  what,
                  store.toString(),
                  layout.toString(),
                  saved.toString(),
                  kind.toString());
      said = ended.output();
      verdict.of(step, ended);
      sound(store, saved, own.resolve("again.tar"));
    } catch (AssertionError | RuntimeException e) {
      failures.add(kind + ": " + what + " at " + step + ", which said " + said + ": " + e);
    }
    DurableFiles.deleteTree(own);
    Files.createDirectories(own);
  }

  private void sound(Path store, Path saved, Path again) throws Exception {
    assertThat(Tools.processesAt(store)).as("processes and mounts").isEmpty();
    if (Files.exists(saved)) {
      assertThat(Validator.validate(saved)).isEmpty(); // whole, or not there
    }
    try (Cooper cooper = FaultScenario.builder(store, kind).build()) {
      StoreReport report = cooper.maintenance().check();
      assertThat(report.findings()).isEmpty();
      for (ContainerInfo each : cooper.containers()) {
        removeNamed(cooper, each.name());
      }
      assertThat(EndToEnd.names(store.resolve("staging"))).hasSize(1);
      assertThat(FaultScenario.build(cooper, layout, again, kind)).isEqualTo(expected);
      assertThat(cooper.maintenance().quickCheck().findings()).isEmpty();
      cooper.images().forEach(Image::remove);
    }
    assertThat(Tools.processesAt(store)).as("processes and mounts").isEmpty();
    assertThat(EndToEnd.names(store.resolve("staging"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("blobs/sha256"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("layers"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("containers"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("locks")))
        .noneMatch(name -> name.startsWith("staging-") || name.startsWith("container-"));
  }

  /** What has a name outlives its JVM, whole, however that ended. */
  private static void removeNamed(Cooper cooper, String name) {
    assertThat(name).as("of a container that was left").isNotNull();
    try (WorkingContainer c = cooper.container(name)) {
      c.run("true").commit();
      c.remove();
    }
  }
}
