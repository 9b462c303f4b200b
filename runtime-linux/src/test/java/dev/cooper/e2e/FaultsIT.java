package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.StoreReport;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.Validator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A JVM that is killed, or finds the disk full, at its system calls, one after another (THREATS
 * 55): afterwards the store opens, is sound, holds nothing half done, and the same build gives the
 * same image.
 *
 * <p>By default some fourteen calls are taken of several hundred; all of them with {@code
 * -Dcooper.faults=all}, which takes some ten minutes.
 */
class FaultsIT {
  private static final int SOME = 7;
  private static final int WORKERS = 2;

  /** What changes files, mounts and processes. */
  private static final List<String> CHANGING =
      List.of(
          "mkdir",
          "mkdirat",
          "rename",
          "renameat2",
          "unlink",
          "unlinkat",
          "rmdir",
          "link",
          "symlinkat",
          "write",
          "pwrite64",
          "fsync",
          "ftruncate",
          "utimensat",
          "mount",
          "umount2",
          "clone",
          "fchown",
          "fchmod",
          "fchownat",
          "fchmodat",
          "fcntl",
          "pivot_root",
          "execve");

  /** What needs space. */
  private static final List<String> GROWING =
      List.of("mkdir", "mkdirat", "rename", "link", "symlinkat", "write", "pwrite64", "fsync");

  private Path temp;
  private Path layout;
  private String expected;
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void prepare() throws Exception {
    Tools.require("strace", "busybox");
    Tools.requireRoot("what is traced cannot execute newuidmap with its rights");
    temp = Files.createTempDirectory("cooper-faults-").toRealPath();
    layout = FaultScenario.layout(temp);
    Path store = temp.resolve("expected");
    try (Cooper cooper = FaultScenario.builder(store).build()) {
      expected = FaultScenario.build(cooper, layout, temp.resolve("expected.tar"));
    }
  }

  @AfterEach
  void remove() throws Exception {
    if (temp != null) {
      DurableFiles.deleteTree(temp);
    }
  }

  @Test
  void buildWhenItsJvmIsKilledAtAnyCallLeavesASoundStore() throws Exception {
    // "execve" ends before it began with the first; strace itself executes that one.
    inject(CHANGING, "", "signal=KILL", (step, ended) -> {});
  }

  @Test
  void buildWhenTheDiskIsFullAtAnyWriteSaysSoAndLeavesASoundStore() throws Exception {
    inject(
        GROWING,
        temp.toString(),
        "error=ENOSPC",
        (step, ended) -> {
          assertThat(ended.status()).as("%s: %s", step, ended.output()).isIn(0, 3);
          if (ended.status() == 3 && !ended.output().isBlank()) { // its own output may have failed
            assertThat(ended.output()).containsAnyOf("No space left on device", "ENOSPC");
            assertThat(ended.output()).as("%s names a file", step).contains("/");
          }
        });
  }

  private interface Verdict {
    void of(Strace.Step step, Strace.Ended ended);
  }

  private void inject(List<String> calls, String about, String what, Verdict verdict)
      throws Exception {
    List<Strace.Step> steps = chosen(calls, about);
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

  private List<Strace.Step> chosen(List<String> calls, String about) throws Exception {
    Path own = Files.createDirectories(temp.resolve("steps"));
    List<Strace.Step> all =
        new Strace(own, FaultScenario.class)
            .steps(calls, about, own + "/store", layout.toString(), own + "/saved.tar");
    assertThat(all).hasSizeGreaterThan(SOME);
    if (System.getProperty("cooper.faults", "").equals("all")) {
      return all;
    }
    List<Strace.Step> some = new ArrayList<>();
    for (int i = 0; i < SOME; i++) {
      some.add(all.get(i * all.size() / SOME));
    }
    return some;
  }

  private void one(Path own, Strace.Step step, String what, Verdict verdict) throws Exception {
    Path store = own.resolve("store");
    Path saved = own.resolve("saved.tar");
    Strace.Ended ended =
        new Strace(own, FaultScenario.class)
            .inject(step, what, store.toString(), layout.toString(), saved.toString());
    try {
      verdict.of(step, ended);
      sound(store, saved, own.resolve("again.tar"));
    } catch (AssertionError | RuntimeException e) {
      failures.add(what + " at " + step + ", which said " + ended.output() + ": " + e);
    }
    DurableFiles.deleteTree(own);
    Files.createDirectories(own);
  }

  private void sound(Path store, Path saved, Path again) throws Exception {
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(store.toString());
    if (Files.exists(saved)) {
      assertThat(Validator.validate(saved)).isEmpty(); // whole, or not there
    }
    try (Cooper cooper = FaultScenario.builder(store).build()) {
      StoreReport report = cooper.maintenance().check();
      assertThat(report.findings()).isEmpty();
      assertThat(cooper.containers()).isEmpty();
      assertThat(EndToEnd.names(store.resolve("staging"))).hasSize(1);
      assertThat(FaultScenario.build(cooper, layout, again)).isEqualTo(expected);
      assertThat(cooper.maintenance().quickCheck().findings()).isEmpty();
      cooper.images().forEach(Image::remove);
    }
    assertThat(EndToEnd.names(store.resolve("staging"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("blobs/sha256"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("layers"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("containers"))).isEmpty();
    assertThat(EndToEnd.names(store.resolve("locks")))
        .noneMatch(name -> name.startsWith("staging-") || name.startsWith("container-"));
  }
}
