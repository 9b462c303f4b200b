package dev.cooper;

import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.InteractiveConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** Prints a build's events as lines, and transfers as bars that move. Not thread-safe. */
final class BarListener implements BuildListener {
  private static final int MILLIS = 100;

  private final PrintStream to;
  private final PrintingListener lines;
  private final Map<Transfer, ProgressBar> bars = new HashMap<>();

  BarListener(PrintStream to) {
    this.to = to;
    this.lines = new PrintingListener(to);
  }

  @Override
  public void on(BuildEvent event) {
    if (!(event instanceof BuildEvent.Transferred transferred)) {
      lines.on(event);
      return;
    }
    TransferEvent what = transferred.event();
    if (what instanceof TransferEvent.Progressed progressed) {
      // Not before: what is there already has no bar.
      bars.computeIfAbsent(what.transfer(), this::bar).stepTo(progressed.done());
    } else if (what instanceof TransferEvent.Retried retried) {
      bars.computeIfAbsent(what.transfer(), this::bar).setExtraMessage(" " + retried.why());
    } else if (what instanceof TransferEvent.Ended ended) {
      end(ended);
    }
  }

  private void end(TransferEvent.Ended ended) {
    ProgressBar bar = bars.remove(ended.transfer());
    if (bar != null) {
      bar.setExtraMessage(" " + ended.outcome().name().toLowerCase(Locale.ROOT));
      bar.close();
    }
  }

  /** Several bars move at once only where the cursor can be moved. */
  private ProgressBarConsumer consumer() {
    String terminal = System.getenv("TERM");
    return terminal == null || terminal.equals("dumb")
        ? new ConsoleProgressBarConsumer(to)
        : new InteractiveConsoleProgressBarConsumer(to);
  }

  private ProgressBar bar(Transfer transfer) {
    return new ProgressBarBuilder()
        .setTaskName(
            transfer.direction().name().toLowerCase(Locale.ROOT)
                + " "
                + transfer.blob().digest().hex().substring(0, 12))
        .setInitialMax(transfer.blob().size())
        .setUnit(" MB", 1_000_000)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(MILLIS)
        .setConsumer(consumer())
        .build();
  }
}
