package dev.cooper.error;

import dev.cooper.oci.OperationException;

/** A source to copy from does not exist, or no file matches its pattern. */
public final class SourceNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With what was looked for, and the remedy.
   *
   * @param message what is told
   */
  public SourceNotFoundException(String message) {
    super(message);
  }

  /**
   * With the cause.
   *
   * @param message what is told
   * @param cause why
   */
  public SourceNotFoundException(String message, Throwable cause) {
    super(message, cause);
  }
}
