package dev.cooper.oci;

import java.util.Locale;

/**
 * How text that strangers wrote is shown: in messages, notices, progress and reports.
 *
 * <p>A registry's answer, a name in an archive or an image's label can hold characters that move a
 * terminal's cursor, begin a new line in a log, or turn the direction of what comes after them.
 * Each character that does not show itself (a control, a format or bidi character, a line or
 * paragraph separator, an unpaired surrogate, a private or unassigned one) is shown escaped, as
 * {@code \}{@code u} and its four hexadecimal digits. What was escaped once is left as it is.
 */
public final class Text {
  private static final int SHOWN = 160;

  private Text() {}

  /**
   * The text in double quotes; a long one is cut.
   *
   * @param text any text but a secret
   * @return one line of bounded length
   */
  public static String quote(String text) {
    boolean cut = text.length() > SHOWN;
    String shown = "\"" + line(cut ? text.substring(0, SHOWN) : text) + '"';
    return cut ? shown + " (cut; " + text.length() + " characters)" : shown;
  }

  /**
   * The text as one line of characters that show themselves.
   *
   * @param text any text but a secret
   * @return the same text, if there is nothing to escape
   */
  public static String line(String text) {
    if (isLine(text)) {
      return text;
    }
    StringBuilder shown = new StringBuilder(text.length() + 32);
    text.codePoints().forEach(each -> append(shown, each));
    return shown.toString();
  }

  private static void append(StringBuilder shown, int character) {
    if (showsItself(character)) {
      shown.appendCodePoint(character);
      return;
    }
    for (char unit : Character.toChars(character)) {
      shown.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
    }
  }

  /**
   * The text with its lines and tabs kept, for what is meant to have lines, such as the end of a
   * command's output. A line feed ends a line, be a carriage return before it.
   *
   * @param text any text but a secret
   * @return lines of characters that show themselves
   */
  public static String lines(String text) {
    if (isLine(text)) {
      return text;
    }
    StringBuilder shown = new StringBuilder(text.length() + 32);
    text.replace("\r\n", "\n").codePoints().forEach(each -> appendKept(shown, each));
    return shown.toString();
  }

  private static void appendKept(StringBuilder shown, int character) {
    if (character == '\n' || character == '\t') {
      shown.append((char) character);
    } else {
      append(shown, character);
    }
  }

  /**
   * Whether a text is one line of characters that show themselves.
   *
   * @param text any text
   * @return true if {@link #line} leaves it as it is
   */
  public static boolean isLine(String text) {
    return text.codePoints().allMatch(Text::showsItself);
  }

  /**
   * Whether a character is shown as itself, be it a space.
   *
   * @param character a code point
   * @return false for controls, format and bidi characters, separators of lines, unpaired
   *     surrogates, and what is for private use or unassigned
   */
  public static boolean showsItself(int character) {
    if (character < 0x7f) {
      return character >= ' ';
    }
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
