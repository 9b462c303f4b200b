package dev.cooper.event;

import dev.cooper.oci.Text;
import java.util.regex.Pattern;

/**
 * What one command writes to one of its outputs, which comes cut anywhere, as text to be shown: its
 * lines and tabs are kept, a carriage return ends a line or has it written over, and other control
 * characters, which could move a terminal's cursor, are escaped. Not thread-safe.
 */
final class OutputText {
  private static final int LONGEST = 16 << 10;
  private static final Pattern RETURN = Pattern.compile("\r+(?!\n)");
  private static final Pattern OVERWRITTEN = Pattern.compile("[^\n]*\r(?!\n)");

  private final StringBuilder held = new StringBuilder();

  /** All that can be shown by now; only a carriage return waits for what comes after it. */
  String shown(String more) {
    held.append(more);
    String text = taken(endsWithReturn() ? held.length() - 1 : held.length());
    return Text.lines(RETURN.matcher(text).replaceAll("\n"));
  }

  /** The lines that are whole by now, each with its end; a line without end is cut somewhere. */
  String lines(String more) {
    held.append(more);
    int end = held.lastIndexOf("\n") + 1;
    if (held.length() - end > LONGEST) {
      return overwritten(taken(held.length())) + "\n";
    }
    return overwritten(taken(end));
  }

  /** What is left when nothing more comes. */
  String rest() {
    return overwritten(taken(held.length()));
  }

  private boolean endsWithReturn() {
    return held.length() > 0 && held.charAt(held.length() - 1) == '\r';
  }

  private String taken(int end) {
    String text = held.substring(0, end);
    held.delete(0, end);
    return text;
  }

  /** Of a line that was written over after a carriage return, as progress is, what it ended as. */
  private static String overwritten(String text) {
    return Text.lines(OVERWRITTEN.matcher(text).replaceAll(""));
  }
}
