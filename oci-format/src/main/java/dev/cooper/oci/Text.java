package dev.cooper.oci;

import java.util.Locale;

/** How text that was read is shown in a message: bounded, and without control characters. */
public final class Text {
  private static final int SHOWN = 160;

  private Text() {}

  /**
   * The text in double quotes; a long one is cut, a control character shown escaped.
   *
   * @param text any text but a secret
   * @return one line of bounded length
   */
  public static String quote(String text) {
    StringBuilder shown = new StringBuilder("\"");
    int end = Math.min(text.length(), SHOWN);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || Character.isSurrogate(c)) {
        shown.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        shown.append(c);
      }
    }
    shown.append('"');
    if (end < text.length()) {
      shown.append(" (cut; ").append(text.length()).append(" characters)");
    }
    return shown.toString();
  }
}
