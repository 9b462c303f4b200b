package dev.cooper.event;

import dev.cooper.oci.registry.TransferEvent;
import java.io.PrintStream;
import java.util.function.Consumer;

/**
 * Prints a build's events as lines, and transfers and work as bars that move below them. Calls may
 * come from any thread, one at a time.
 */
final class BarListener implements BuildListener {
  private final PrintingListener lines;
  private final Bars bars;

  /** Bars below the lines, where the terminal's cursor can be moved. */
  static BuildListener onTerminal(PrintingListener lines) {
    return Terminal.hasCursor() ? new BarListener(lines, Terminal.out()) : lines;
  }

  /** Lines and bars on one terminal. */
  BarListener(PrintStream terminal) {
    this(new PrintingListener(terminal), PrintingListener.flushed(terminal));
  }

  /**
   * A listener.
   *
   * @param lines prints what stays
   * @param terminal is shown the bars; it may be where the lines go as well
   */
  BarListener(PrintingListener lines, Consumer<String> terminal) {
    this.lines = lines;
    this.bars = new Bars(terminal);
  }

  @Override
  public void on(BuildEvent event) {
    bars.erase();
    if (event instanceof BuildEvent.Transferred transferred) {
      transfer(event, transferred.event());
    } else if (event instanceof BuildEvent.WorkProgressed progressed) {
      BuildEvent.Work work = progressed.work();
      bars.set(work, EventText.label(work), progressed.done(), work.size());
    } else if (event instanceof BuildEvent.WorkEnded ended) {
      if (bars.remove(ended.work())) {
        lines.line(EventText.ended(ended));
      }
    } else {
      lines.on(event);
    }
    if (lines.isAtLineStart()) {
      bars.draw(); // else the line that somebody is writing goes on first
    }
  }

  private void transfer(BuildEvent event, TransferEvent what) {
    if (what instanceof TransferEvent.Progressed progressed) {
      // Not before: what is there already has no bar.
      bars.set(
          what.transfer(),
          EventText.label(what.transfer()),
          progressed.done(),
          what.transfer().blob().size());
      return;
    }
    if (what instanceof TransferEvent.Ended ended) {
      bars.remove(ended.transfer());
    }
    lines.on(event);
  }
}
