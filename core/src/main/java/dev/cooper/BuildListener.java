package dev.cooper;

import java.io.PrintStream;

/** Is told what happens in builds, in the thread in which it happens; it should be quick. */
@FunctionalInterface
public interface BuildListener {
  /** Hears nothing. */
  BuildListener NONE = event -> {};

  /**
   * Something happened.
   *
   * @param event what
   */
  void on(BuildEvent event);

  /**
   * Prints steps, with their times, and what commands write, as a person wants to see it.
   *
   * @param to such as {@code System.out}
   * @return the listener
   */
  static BuildListener printing(PrintStream to) {
    return new PrintingListener(to);
  }

  /**
   * Prints what {@link #printing} prints, but on a terminal shows what is pulled and pushed as
   * bars.
   *
   * <p>That needs the optional dependency {@code me.tongfei:progressbar}; without it, or where the
   * output is a log, there is a line for each blob.
   *
   * @param to such as {@code System.out}; the bars always go to the terminal
   * @return the listener
   */
  static BuildListener progress(PrintStream to) {
    return Terminal.isThere() && Terminal.hasBars()
        ? new BarListener(to)
        : new PrintingListener(to);
  }
}
