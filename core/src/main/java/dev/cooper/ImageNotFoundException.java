package dev.cooper;

import dev.cooper.oci.OperationException;
import org.jspecify.annotations.Nullable;

/** An image that was asked for is not in the store, nor anywhere else that was looked. */
public final class ImageNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  ImageNotFoundException(String message) {
    super(message);
  }

  ImageNotFoundException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
