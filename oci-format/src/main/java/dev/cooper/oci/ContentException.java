package dev.cooper.oci;

import org.jspecify.annotations.Nullable;

/**
 * Content that was read is not what it has to be: malformed, truncated, hostile, or not what its
 * digest says.
 */
public non-sealed class ContentException extends CooperException {
  private static final long serialVersionUID = 1L;

  /**
   * With a whole message.
   *
   * @param message what was read, what was found, what was expected
   */
  public ContentException(String message) {
    this(message, null);
  }

  /**
   * With a whole message and its cause.
   *
   * @param message what was read, what was found, what was expected
   * @param cause what failed below, or null
   */
  public ContentException(String message, @Nullable Throwable cause) {
    super(Text.line(message), cause);
  }
}
