package dev.cooper;

import java.io.PrintStream;
import java.util.Locale;

/** Prints a build's events as lines. */
final class PrintingListener implements BuildListener {
  private final PrintStream to;

  PrintingListener(PrintStream to) {
    this.to = to;
  }

  @Override
  public void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      to.println("[" + started.container() + "] " + started.step());
    } else if (event instanceof BuildEvent.Output output) {
      to.print(output.text());
    } else if (event instanceof BuildEvent.Notice notice) {
      to.println("[" + notice.container() + "] note: " + notice.message());
    } else if (event instanceof BuildEvent.StepEnded ended) {
      to.printf(
          Locale.ROOT,
          "[%s] %s in %,.1f ms%n",
          ended.container(),
          ended.succeeded() ? "done" : "FAILED",
          ended.took().toNanos() / 1e6);
    }
    to.flush();
  }
}
