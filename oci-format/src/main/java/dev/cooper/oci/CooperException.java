package dev.cooper.oci;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything that Cooper throws of its own accord.
 *
 * <p>Its message says what was attempted, on what, what was found, and what to do about it. Neither
 * the message nor that of a cause holds characters that a stranger could steer a terminal or forge
 * a line of a log with: {@link Text#line} escapes them.
 */
public abstract sealed class CooperException extends RuntimeException
    permits ContentException, OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With a message that is escaped already.
   *
   * @param shown text that shows itself; lines only where they are meant
   */
  CooperException(String shown, @Nullable Throwable cause) {
    super(shown, ShownCause.of(cause));
  }

  /** The whole message, never null. */
  @Override
  public final String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
