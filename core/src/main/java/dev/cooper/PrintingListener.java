package dev.cooper;

import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
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
    } else if (event instanceof BuildEvent.Transferred transferred) {
      transfer(transferred.event());
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

  private void transfer(TransferEvent event) {
    Transfer transfer = event.transfer();
    if (event instanceof TransferEvent.Retried retried) {
      to.println(label(transfer) + " again: " + retried.why());
    } else if (event instanceof TransferEvent.Ended ended) {
      to.printf(
          Locale.ROOT,
          "%s %s, %,d bytes%n",
          label(transfer),
          ended.outcome().name().toLowerCase(Locale.ROOT),
          transfer.blob().size());
    }
  }

  private static String label(Transfer transfer) {
    return String.format(
        Locale.ROOT,
        "[%s/%s] %s %s",
        transfer.registry(),
        transfer.repository(),
        transfer.direction().name().toLowerCase(Locale.ROOT),
        transfer.blob().digest().hex().substring(0, 12));
  }
}
