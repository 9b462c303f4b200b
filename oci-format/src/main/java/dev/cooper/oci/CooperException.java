package dev.cooper.oci;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything that Cooper throws of its own accord.
 *
 * <p>Its message says what was attempted, on what, what was found, and what to do about it.
 */
public abstract sealed class CooperException extends RuntimeException
    permits ContentException, OperationException {
  private static final long serialVersionUID = 1L;

  CooperException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The whole message, never null. */
  @Override
  public final String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
