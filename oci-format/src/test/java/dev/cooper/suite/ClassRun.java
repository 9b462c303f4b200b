package dev.cooper.suite;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Counts the tests of one class, and keeps each failure in full. */
final class ClassRun implements TestExecutionListener {
  private static final long MILLIS_PER_TICK = 10;

  private final String name;
  private final long began = System.nanoTime();
  private final long cpuBefore = cpuMillis();
  private final List<String> failures = new ArrayList<>();
  private final List<String> reasons = new ArrayList<>();
  private TestPlan plan;
  private int passed;
  private int skipped;

  ClassRun(String name) {
    this.name = name;
  }

  @Override
  public synchronized void testPlanExecutionStarted(TestPlan started) {
    plan = started;
  }

  @Override
  public synchronized void executionSkipped(TestIdentifier test, String reason) {
    skip(test, reason);
  }

  @Override
  public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Throwable thrown = result.getThrowable().orElse(null);
    switch (result.getStatus()) {
      case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
      case FAILED -> failures.add(described(test, thrown));
      case ABORTED -> skip(test, thrown == null ? "" : String.valueOf(thrown.getMessage()));
    }
  }

  /** A class that is skipped counts as its tests. */
  private void skip(TestIdentifier test, String reason) {
    long tests = plan.getDescendants(test).stream().filter(TestIdentifier::isTest).count();
    skipped += Math.toIntExact(Math.max(1, tests));
    reasons.add(reason.replaceFirst("^Assumption failed: ", "").replace('\n', ' '));
  }

  private String described(TestIdentifier test, Throwable thrown) {
    String method =
        test.getSource()
            .filter(MethodSource.class::isInstance)
            .map(source -> "." + ((MethodSource) source).getMethodName())
            .orElse("");
    StringWriter text = new StringWriter();
    text.write("FAILED as " + who() + ": " + name + method + " " + test.getDisplayName() + "\n");
    if (thrown != null) {
      thrown.printStackTrace(new PrintWriter(text, true));
    }
    return text.toString();
  }

  /** The user, and the Java version. */
  static String who() {
    return System.getProperty("user.name") + " on JDK " + Runtime.version();
  }

  synchronized boolean hasFailed() {
    return !failures.isEmpty();
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  synchronized List<String> reasons() {
    return List.copyOf(reasons);
  }

  /** Passed, failed and skipped tests, elapsed milliseconds, and milliseconds of processors. */
  synchronized String counts() {
    return String.join(
        " ",
        String.valueOf(passed),
        String.valueOf(failures.size()),
        String.valueOf(skipped),
        String.valueOf((System.nanoTime() - began) / 1_000_000),
        String.valueOf(cpuMillis() - cpuBefore));
  }

  synchronized String line() {
    return String.format(
        Locale.ROOT,
        "%s %s: %d passed, %d failed, %d skipped, %.1f s, %.1f s of processors",
        failures.isEmpty() ? "ok    " : "FAILED",
        name,
        passed,
        failures.size(),
        skipped,
        (System.nanoTime() - began) / 1e9,
        (cpuMillis() - cpuBefore) / 1e3);
  }

  /** What this JVM and the children it has waited for have used, as proc(5) tells it. */
  private static long cpuMillis() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int field = 11; field <= 14; field++) {
        ticks += Long.parseLong(fields[field]);
      }
      return ticks * MILLIS_PER_TICK;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
