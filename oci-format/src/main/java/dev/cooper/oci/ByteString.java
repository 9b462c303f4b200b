package dev.cooper.oci;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An immutable string of bytes: a file name, a link's target or an extended attribute's value,
 * exactly as the kernel and a tar archive hold them.
 *
 * <p>Such names are bytes in no particular encoding; a {@code String} would corrupt those that are
 * not valid in the JVM's own. Ordered by unsigned byte. Thread-safe.
 */
public final class ByteString implements Comparable<ByteString> {
  /** No bytes. */
  public static final ByteString EMPTY = new ByteString("");

  private final String latin1;

  /**
   * Checks that every character stands for one byte.
   *
   * @param latin1 the bytes, one character (0 to 255) each
   * @throws IllegalArgumentException if a character is above 255
   */
  public ByteString(String latin1) {
    this(latin1, checked(latin1));
  }

  private ByteString(String latin1, @SuppressWarnings("unused") boolean checked) {
    this.latin1 = latin1;
  }

  private static boolean checked(String latin1) {
    for (int i = 0; i < latin1.length(); i++) {
      if (latin1.charAt(i) > 0xff) {
        throw new IllegalArgumentException(
            "character at " + i + " of \"" + latin1 + "\" is no byte");
      }
    }
    return true;
  }

  /** Of what is known to be bytes: most strings are parts of another, and there are many. */
  private static ByteString unchecked(String latin1) {
    return latin1.isEmpty() ? EMPTY : new ByteString(latin1, true);
  }

  /**
   * The bytes of a text in UTF-8, as names are usually written.
   *
   * @param text any text
   * @return its bytes
   */
  public static ByteString utf8(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * These bytes.
   *
   * @param bytes copied
   * @return the same bytes
   */
  public static ByteString of(byte[] bytes) {
    return of(bytes, 0, bytes.length);
  }

  /**
   * A part of an array.
   *
   * @param bytes copied
   * @param offset the first byte's index
   * @param length how many
   * @return these bytes
   */
  public static ByteString of(byte[] bytes, int offset, int length) {
    return unchecked(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
  }

  /**
   * A part of these bytes.
   *
   * @param begin the first byte's index
   * @param end the index after the last byte
   * @return these bytes
   * @throws IndexOutOfBoundsException if they are not all there
   */
  public ByteString substring(int begin, int end) {
    return unchecked(latin1.substring(begin, end));
  }

  /**
   * The bytes as text: one character (0 to 255) each.
   *
   * @return of as many characters as there are bytes
   */
  public String latin1() {
    return latin1;
  }

  /**
   * The bytes, in an array of the caller's own.
   *
   * @return a new array
   */
  public byte[] toBytes() {
    return latin1.getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * How many bytes.
   *
   * @return the length in bytes
   */
  public int length() {
    return latin1.length();
  }

  /**
   * Whether there are none.
   *
   * @return true for no bytes
   */
  public boolean isEmpty() {
    return latin1.isEmpty();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ByteString bytes && latin1.equals(bytes.latin1);
  }

  @Override
  public int hashCode() {
    return latin1.hashCode();
  }

  @Override
  public int compareTo(ByteString other) {
    return latin1.compareTo(other.latin1);
  }

  /**
   * The text, if the bytes are valid UTF-8 of characters that show themselves, as {@link
   * Text#isLine} has it; else bytes that are no printable ASCII are shown as {@code \xNN}.
   */
  @Override
  public String toString() {
    try {
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(toBytes())).toString();
      if (Text.isLine(text)) {
        return text;
      }
    } catch (CharacterCodingException e) {
      // Shown escaped below: a message must not carry raw bytes of a hostile name to a terminal.
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte b : toBytes()) {
      byte[] shown =
          b >= 0x20 && b < 0x7f
              ? new byte[] {b}
              : String.format(Locale.ROOT, "\\x%02x", b & 0xff).getBytes(StandardCharsets.US_ASCII);
      out.write(shown, 0, shown.length);
    }
    return out.toString(StandardCharsets.US_ASCII);
  }
}
