package dev.cooper.event;

import dev.cooper.oci.Text;
import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
import dev.cooper.text.Amounts;
import java.util.Locale;

/** What listeners say of events: one line each, of characters that show themselves. */
final class EventText {
  private EventText() {}

  static String step(BuildEvent.StepStarted event) {
    return prefix(event.container()) + line(event.step());
  }

  static String ended(BuildEvent.StepEnded event) {
    return prefix(event.container())
        + switch (event.outcome()) {
          case SUCCEEDED -> "done in ";
          case FAILED -> "FAILED after ";
          case CANCELLED -> "cancelled after ";
        }
        + Amounts.time(event.took());
  }

  static String notice(BuildEvent.Notice event) {
    return prefix(event.container()) + "note: " + Text.line(event.message());
  }

  static String work(BuildEvent.Work work) {
    return prefix("store") + label(work) + size(work.size());
  }

  static String ended(BuildEvent.WorkEnded event) {
    return prefix(event.container())
        + label(event.work())
        + (event.succeeded() ? ": done in " : ": FAILED after ")
        + Amounts.time(event.took());
  }

  static String transfer(Transfer transfer) {
    return place(transfer) + label(transfer) + size(transfer.blob().size());
  }

  static String retried(TransferEvent.Retried event) {
    return place(event.transfer())
        + label(event.transfer())
        + " again: "
        + Text.line(String.valueOf(event.why()));
  }

  static String ended(TransferEvent.Ended event) {
    return place(event.transfer())
        + label(event.transfer())
        + " "
        + event.outcome().name().toLowerCase(Locale.ROOT)
        + size(event.transfer().blob().size());
  }

  static String prefix(String container) {
    return "[" + Text.line(container) + "] ";
  }

  static String label(BuildEvent.Work work) {
    return work.kind() + " " + shortened(work.subject());
  }

  static String label(Transfer transfer) {
    return transfer.direction().name().toLowerCase(Locale.ROOT)
        + " "
        + transfer.blob().digest().hex().substring(0, 12);
  }

  private static String place(Transfer transfer) {
    return prefix(transfer.registry() + "/" + transfer.repository());
  }

  private static String size(long bytes) {
    return bytes == 0 ? "" : ", " + Amounts.bytes(bytes);
  }

  /** A digest as people know it: by its first digits. */
  private static String shortened(String subject) {
    return subject.matches("[a-z0-9]+:[0-9a-f]{32,}")
        ? subject.substring(subject.indexOf(':') + 1).substring(0, 12)
        : Text.line(subject);
  }

  /** A step of several lines, such as a script, by its first. */
  static String line(String step) {
    int end = step.indexOf('\n');
    return end < 0 ? Text.line(step) : Text.line(step.substring(0, end)) + " …";
  }
}
