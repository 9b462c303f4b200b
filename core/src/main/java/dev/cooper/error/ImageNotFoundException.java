package dev.cooper.error;

import dev.cooper.oci.OperationException;
import org.jspecify.annotations.Nullable;

/** An image that was asked for is not in the store, nor anywhere else that was looked. */
public final class ImageNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With what was looked for, and the remedy.
   *
   * @param message what is told
   */
  public ImageNotFoundException(String message) {
    super(message);
  }

  /**
   * With the cause.
   *
   * @param message what is told
   * @param cause why
   */
  public ImageNotFoundException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
