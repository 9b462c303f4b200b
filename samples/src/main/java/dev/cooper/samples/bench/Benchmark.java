package dev.cooper.samples.bench;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildListener;
import dev.cooper.image.PullOptions;
import dev.cooper.image.SaveOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Cooper's side of the rows of {@code bench.sh}: one row a process, on the store that {@code
 * COOPER_STORE} names.
 */
public final class Benchmark {
  /** How many runs make a JVM warm: what runs often is compiled then. */
  private static final int WARM_UP = 500;

  private static final int PUSHES = 50;
  private static final int PULLS = 3;

  private Benchmark() {}

  /**
   * Runs a row.
   *
   * @param arguments the row and what it takes
   * @throws IOException if a file cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    long began = System.nanoTime();
    try (Cooper cooper = Cooper.builder().listener(BuildListener.quiet()).build()) {
      switch (arguments[0]) {
        case "load" -> load(cooper, arguments[1], arguments[2], arguments[3]);
        case "run-true" -> runTrue(cooper, arguments[1], Integer.parseInt(arguments[2]));
        case "ten-runs" -> tenRuns(cooper, arguments[1]);
        case "copy" -> copy(cooper, Path.of(arguments[1]));
        case "many-files" -> manyFiles(cooper, arguments[1]);
        case "gzip" -> cooper.image("share").save(Path.of(arguments[1]));
        case "unpack" -> cooper.loadAndUnpack(Path.of(arguments[1]));
        case "pull" -> cooper.pull(arguments[1], PullOptions.DEFAULT.andUnpack());
        case "pull-warm" -> pullWarm(arguments[1], Path.of(arguments[2]));
        case "push" -> cooper.image(arguments[1]).push(arguments[2]);
        case "push-again" -> pushAgain(cooper.image(arguments[1]), arguments[2]);
        default -> throw new IllegalArgumentException("no row is called " + arguments[0]);
      }
    }
    PeakMemory.record();
    if (System.getenv("BENCH_VERBOSE") != null) {
      System.err.printf(
          Locale.ROOT, "%s: %.0f ms in main%n", arguments[0], (System.nanoTime() - began) / 1e6);
    }
  }

  private static void load(Cooper cooper, String reference, String name, String docker) {
    try (WorkingContainer container = cooper.from(reference)) {
      Image image = container.commit(name);
      image.save(Path.of(docker), SaveOptions.dockerArchive());
    }
  }

  /** Prints what each run took in nanoseconds, a line each, after as many that only warm up. */
  private static void runTrue(Cooper cooper, String base, int count) {
    try (WorkingContainer container = cooper.from(base)) {
      for (int i = 0; i < WARM_UP; i++) {
        container.run("true");
      }
      long[] times = new long[count];
      for (int i = 0; i < count; i++) {
        long began = System.nanoTime();
        container.run("true");
        times[i] = System.nanoTime() - began;
      }
      Arrays.stream(times).forEach(System.out::println);
    }
  }

  /**
   * Prints what each pull into a new store took in nanoseconds, the store's opening and closing
   * among it, after as many that only warm up.
   */
  private static void pullWarm(String reference, Path directory) {
    for (int i = 0; i < 2 * PULLS; i++) {
      Path store = directory.resolve("warm-" + i);
      long began = System.nanoTime();
      try (Cooper cooper = Cooper.builder().store(store).listener(BuildListener.quiet()).build()) {
        cooper.pull(reference, PullOptions.DEFAULT.andUnpack());
      }
      if (i >= PULLS) {
        System.out.println(System.nanoTime() - began);
      }
      try (Cooper cooper = Cooper.builder().store(store).listener(BuildListener.quiet()).build()) {
        cooper.images().forEach(Image::remove);
      }
    }
  }

  /** Prints what each push of what the registry has took in nanoseconds, in a warm JVM. */
  private static void pushAgain(Image image, String reference) {
    for (int i = 0; i < PUSHES; i++) {
      image.push(reference);
    }
    for (int i = 0; i < PUSHES; i++) {
      long began = System.nanoTime();
      image.push(reference);
      System.out.println(System.nanoTime() - began);
    }
  }

  private static void tenRuns(Cooper cooper, String base) {
    try (WorkingContainer container = cooper.from(base)) {
      container.layerPerStep();
      for (int i = 0; i < 10; i++) {
        container.run("true");
      }
      container.commit("ten");
    }
  }

  /**
   * Prints what each step took in milliseconds: the first run, which copies the tree where no
   * overlay can be; another; a change of three files; a commit, which looks for what changed.
   */
  private static void manyFiles(Cooper cooper, String base) {
    try (WorkingContainer container = cooper.from(base)) {
      step("copy, and the first run", () -> container.run("true"));
      step("another run", () -> container.run("true"));
      step(
          "a change of three files",
          () -> container.run("echo a > /d1/f1; rm /d2/f2; echo b > /d3/new"));
      step("commit", () -> container.commit("many-changed"));
    }
  }

  private static void step(String name, Runnable step) {
    long began = System.nanoTime();
    step.run();
    System.out.printf(Locale.ROOT, "%s: %.0f ms%n", name, (System.nanoTime() - began) / 1e6);
  }

  private static void copy(Cooper cooper, Path directory) {
    try (WorkingContainer container = cooper.scratch()) {
      container.copy(directory, directory.toString()).commit("share");
    }
  }
}
