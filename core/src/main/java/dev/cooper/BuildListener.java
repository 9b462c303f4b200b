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
}
