package dev.cooper.suite;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Ends this JVM where a test neither ends nor heeds the interrupt of JUnit's own timeout, as one
 * that waits in a system call does not.
 */
final class Watchdog implements TestExecutionListener {
  /** The status of a JVM that was ended; another may take its place. */
  static final int STATUS = 97;

  private static final long LIMIT =
      TimeUnit.SECONDS.toNanos(Long.getLong("cooper.suite.limit", 720));

  private final Records records;
  private String key = "";
  private String last = "";
  private long since = System.nanoTime();

  Watchdog(Records records) {
    this.records = records;
  }

  void start() {
    Thread thread = new Thread(this::guard, "watchdog");
    thread.setDaemon(true);
    thread.start();
  }

  synchronized void watch(String name) {
    key = name;
    note("the start of " + name);
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    note("the start of " + test.getUniqueId());
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    note("the end of " + test.getUniqueId());
  }

  private synchronized void note(String event) {
    last = event;
    since = System.nanoTime();
  }

  private synchronized boolean isLate() {
    return System.nanoTime() - since > LIMIT;
  }

  private void guard() {
    try {
      while (!isLate()) {
        TimeUnit.SECONDS.sleep(1);
      }
      String text = text();
      System.err.println(text);
      records.hang(key, text);
    } catch (InterruptedException | IOException e) {
      e.printStackTrace();
    } finally {
      Runtime.getRuntime().halt(STATUS);
    }
  }

  private synchronized String text() {
    String threads =
        Thread.getAllStackTraces().entrySet().stream()
            .map(Watchdog::stack)
            .collect(Collectors.joining());
    String children =
        ProcessHandle.current()
            .descendants()
            .map(each -> each.pid() + " " + each.info().commandLine().orElse("") + "\n")
            .collect(Collectors.joining());
    return "FAILED as "
        + ClassRun.who()
        + ": nothing happened for "
        + TimeUnit.NANOSECONDS.toSeconds(LIMIT)
        + " s after "
        + last
        + "\n"
        + threads
        + children;
  }

  private static String stack(Map.Entry<Thread, StackTraceElement[]> thread) {
    return thread.getKey()
        + "\n"
        + Arrays.stream(thread.getValue())
            .map(each -> "\tat " + each + "\n")
            .collect(Collectors.joining());
  }
}
