package dev.cooper;

import dev.cooper.oci.OperationException;

/** A source to copy from does not exist, or no file matches its pattern. */
public final class SourceNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  SourceNotFoundException(String message) {
    super(message);
  }

  SourceNotFoundException(String message, Throwable cause) {
    super(message, cause);
  }
}
