package dev.cooper.event;

import dev.cooper.oci.Text;

/**
 * What one command writes to one of its outputs, which comes cut anywhere, as text to be shown: its
 * lines and tabs are kept, and other control characters, which could move a terminal's cursor, are
 * escaped. Not thread-safe.
 */
final class OutputText {
  private static final int LONGEST = 16 << 10;

  private final StringBuilder held = new StringBuilder();

  /** All that can be shown by now; only a carriage return waits for what comes after it. */
  String shown(String more) {
    held.append(more);
    return taken(endsWithReturn() ? held.length() - 1 : held.length());
  }

  /** The lines that are whole by now, each with its end; a line without end is cut somewhere. */
  String lines(String more) {
    held.append(more);
    int end = held.lastIndexOf("\n") + 1;
    if (held.length() - end > LONGEST) {
      return taken(held.length()) + "\n";
    }
    return taken(end);
  }

  /** What is left when nothing more comes. */
  String rest() {
    return taken(held.length());
  }

  private boolean endsWithReturn() {
    return held.length() > 0 && held.charAt(held.length() - 1) == '\r';
  }

  private String taken(int end) {
    String text = held.substring(0, end);
    held.delete(0, end);
    return Text.lines(text);
  }
}
