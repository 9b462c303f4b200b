package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.StoreFinding;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.Validator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Several JVMs with several threads each pull, build, tag, remove, prune and check the same images
 * in one store (THREATS 56). What fails has to fail because somebody else removed what was asked
 * for, and say so; a check never finds anything; in the end nothing is left.
 *
 * <p>Five seconds by default, a minute with {@code -Dcooper.churn=60}.
 */
@Tag("storm")
class ChurnIT {
  private static final int JVMS = 3;
  private static final int THREADS = 3;

  private Path temp;
  private Path layout;

  @BeforeEach
  void prepare() throws Exception {
    temp = Files.createTempDirectory("cooper-churn-").toRealPath();
    layout = FaultScenario.layout(temp);
  }

  @AfterEach
  void remove() throws Exception {
    if (temp != null) {
      try (Cooper cooper = FaultScenario.builder(temp.resolve("store")).build()) {
        cooper.images().forEach(Image::remove);
      }
      DurableFiles.deleteTree(temp);
    }
  }

  @Test
  void storeWhenManyUseItAtOnceStaysSound() throws Exception {
    Path store = temp.resolve("store");
    String seconds = System.getProperty("cooper.churn", "5");
    List<Process> jvms = new ArrayList<>();
    for (int i = 0; i < JVMS; i++) {
      jvms.add(ChildJvm.start(Churn.class, store.toString(), layout.toString(), seconds, "" + i));
    }
    List<String> said = new ArrayList<>();
    for (Process jvm : jvms) {
      try (var out = jvm.getInputStream()) {
        said.add(new String(out.readAllBytes(), StandardCharsets.UTF_8));
        assertThat(jvm.waitFor(1, TimeUnit.MINUTES)).isTrue();
      } finally {
        jvm.destroyForcibly();
      }
    }
    assertThat(said).allMatch(each -> each.startsWith("done: ") && each.lines().count() == 1);
    assertThat(said).anyMatch(each -> each.contains("built"));
    try (Cooper cooper = FaultScenario.builder(store).build()) {
      assertThat(cooper.maintenance().check().findings()).isEmpty();
      assertThat(cooper.containers()).isEmpty();
      cooper.images().forEach(Image::remove);
    }
    assertThat(Validator.validate(store)).isEmpty();
    for (String each : List.of("staging", "containers", "layers", "blobs/sha256", "unsynced")) {
      assertThat(EndToEnd.names(store.resolve(each))).as(each).isEmpty();
    }
    assertThat(EndToEnd.names(store.resolve("locks")))
        .noneMatch(name -> name.startsWith("staging-") || name.startsWith("container-"));
  }

  /** STORE LAYOUT SECONDS SEED: prints what it did, and every failure that should not be. */
  static final class Churn {
    private final Cooper cooper;
    private final Path layout;
    private final List<String> wrong = new ArrayList<>();
    private int built;
    private int lost;

    private Churn(Cooper cooper, Path layout) {
      this.cooper = cooper;
      this.layout = layout;
    }

    public static void main(String[] arguments) throws Exception {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[2]));
      Churn churn;
      try (Cooper cooper = FaultScenario.builder(Path.of(arguments[0])).build()) {
        churn = new Churn(cooper, Path.of(arguments[1]));
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          Random random = new Random(Long.parseLong(arguments[3]) * THREADS + i);
          Churn own = churn;
          Thread thread = new Thread(() -> own.work(random, end));
          threads.add(thread);
          thread.start();
        }
        for (Thread thread : threads) {
          thread.join();
        }
      }
      System.out.println(
          "done: built " + churn.built + ", lost " + churn.lost + String.join("\n", churn.wrong));
      System.exit(0);
    }

    private void work(Random random, long end) {
      while (System.nanoTime() < end) {
        int what = random.nextInt(10);
        try {
          act(what, random.nextInt(3));
        } catch (ImageNotFoundException e) {
          count(false);
        } catch (CooperException e) {
          if (isExpected(e)) {
            count(false);
          } else {
            fail(what, e);
          }
        } catch (RuntimeException | Error e) {
          fail(what, e);
        }
      }
    }

    /** Somebody else removed it, or uses it. */
    private static boolean isExpected(CooperException e) {
      return e.getMessage().contains("was removed")
          || e.getMessage().contains("uses it; remove that first");
    }

    private synchronized void count(boolean success) {
      if (success) {
        built++;
      } else {
        lost++;
      }
    }

    private synchronized void fail(int what, Throwable e) {
      java.io.StringWriter trace = new java.io.StringWriter();
      e.printStackTrace(new java.io.PrintWriter(trace));
      wrong.add("\n" + what + ": " + trace);
    }

    private void act(int what, int number) {
      switch (what) {
        case 0 -> cooper.load(layout);
        case 1 -> cooper.loadAndUnpack(layout);
        case 2, 3, 4 -> build(number, what == 4);
        case 5 -> cooper.image("base:1").tag("other:" + number);
        case 6 -> cooper.image("built:" + number).remove();
        case 7 -> cooper.image("base:1").remove();
        case 8 -> prune(number);
        default -> check();
      }
    }

    private void build(int number, boolean run) {
      try (WorkingContainer c = cooper.from("base:1")) {
        c.write("/number", "number " + number);
        if (run) {
          c.run("cat /number > /copy");
        }
        c.commit("built:" + number);
        count(true);
      }
    }

    private void prune(int number) {
      PruneOptions options = PruneOptions.DEFAULT.andTrees();
      cooper
          .maintenance()
          .prune(
              number == 0
                  ? options.images(PruneOptions.Images.ALL).unusedFor(Duration.ofMillis(300))
                  : options);
    }

    private void check() {
      List<StoreFinding> findings = cooper.maintenance().check().findings();
      for (ContainerInfo each : cooper.containers()) {
        if (each.name() != null) {
          throw new IllegalStateException("nobody named a container: " + each);
        }
      }
      if (!findings.isEmpty()) {
        throw new IllegalStateException("found " + findings);
      }
    }
  }
}
