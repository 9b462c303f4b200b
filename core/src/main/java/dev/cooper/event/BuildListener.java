package dev.cooper.event;

import java.io.PrintStream;
import java.util.Objects;
import java.util.Optional;

/**
 * Is told what happens in builds.
 *
 * <p>Calls to the listener of one {@link dev.cooper.Cooper} never overlap, whatever runs in
 * parallel there. A {@link dev.cooper.Cooper} that is given none logs, as {@link #logger} does, to
 * the logger {@code dev.cooper}; only the one behind {@link dev.cooper.Builder} prints lines, and
 * only to a terminal.
 *
 * <p>The events of one container come in the order of their happening, each before the call that it
 * belongs to returns, though in a thread of Cooper's own. A listener should be quick: while it is
 * told of a command's output the command waits once its pipe and 256 KiB more are full. What it
 * throws is thrown by the step, and ends a command that runs.
 *
 * <p>One that blocks holds no deadline, interrupt, cancellation or close of a command. A command
 * whose time is up, that is cancelled, or whose thread is interrupted is killed then, with all that
 * it started; the listener has half a second for the output that was read before, and the rest is
 * dropped. The call returns within two seconds, as far as the kernel ends processes at once. The
 * event of the step's end is told when the listener comes back, in its order; for one that never
 * comes back, no more than 1,000 events are kept.
 */
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
   * Hears nothing.
   *
   * @return {@link #NONE}
   */
  static BuildListener quiet() {
    return NONE;
  }

  /**
   * Prints steps, with their times, and what commands write, as they write it: what a person wants
   * to see of one container at a time.
   *
   * @param to such as {@code System.out}
   * @return the listener
   */
  static BuildListener plain(PrintStream to) {
    Objects.requireNonNull(to, "to");
    return new PrintingListener(to);
  }

  /**
   * Prints whole lines, each with its container's name before it: what a log of several containers
   * at once wants. What a command writes appears once its line is whole.
   *
   * @param to such as {@code System.out}
   * @return the listener
   */
  static BuildListener prefixed(PrintStream to) {
    Objects.requireNonNull(to, "to");
    return PrintingListener.prefixed(to);
  }

  /**
   * Prints what {@link #plain} prints, but on a terminal shows what is pulled, pushed, unpacked and
   * compressed as bars that move below the lines.
   *
   * @param to such as {@code System.out}; the bars always go to the terminal
   * @return the listener
   */
  static BuildListener progress(PrintStream to) {
    Objects.requireNonNull(to, "to");
    PrintingListener lines = new PrintingListener(to);
    return Terminal.isThere() ? BarListener.onTerminal(lines) : lines;
  }

  /**
   * Shows progress at the terminal that this JVM was started from: bars where its cursor can be
   * moved, else lines. What JShell uses by itself.
   *
   * @return a listener; none if nobody sits at a terminal
   */
  static Optional<BuildListener> terminal() {
    return Terminal.isThere()
        ? Optional.of(BarListener.onTerminal(new PrintingListener(Terminal.out())))
        : Optional.empty();
  }

  /**
   * Logs: notices, retries and failures as warnings; steps, and work and transfers that take a
   * moment, as information; what commands write, and how long all took, for debugging.
   *
   * @param to such as {@code System.getLogger("builds")}
   * @return the listener
   */
  static BuildListener logger(System.Logger to) {
    Objects.requireNonNull(to, "to");
    return new LoggingListener(to);
  }
}
