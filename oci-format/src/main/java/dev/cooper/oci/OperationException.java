package dev.cooper.oci;

import org.jspecify.annotations.Nullable;

/**
 * An operation that could not be done: the root of the exceptions of the modules above this one.
 */
public non-sealed class OperationException extends CooperException {
  private static final long serialVersionUID = 1L;

  /**
   * With a whole message.
   *
   * @param message what was attempted, on what, what was found, and the remedy
   */
  public OperationException(String message) {
    this(message, null);
  }

  /**
   * With a whole message and its cause.
   *
   * @param message what was attempted, on what, what was found, and the remedy
   * @param cause what failed below, or null
   */
  public OperationException(String message, @Nullable Throwable cause) {
    super(Text.line(message), cause);
  }

  /**
   * With a message and lines below it, such as the end of what a command wrote.
   *
   * @param message what was attempted, on what, what was found, and the remedy
   * @param lines shown below the message, by {@link Text#lines}; empty for none
   * @param cause what failed below, or null
   */
  protected OperationException(String message, String lines, @Nullable Throwable cause) {
    super(
        lines.isEmpty() ? Text.line(message) : Text.line(message) + "\n" + Text.lines(lines),
        cause);
  }
}
