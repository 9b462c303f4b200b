package dev.cooper.error;

import dev.cooper.oci.OperationException;

/**
 * A working container was used in a way that its state does not allow: closed, or by two threads at
 * once.
 */
public final class ContainerStateException extends OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With what was looked for, and the remedy.
   *
   * @param message what is told
   */
  public ContainerStateException(String message) {
    super(message);
  }

  /**
   * With the cause.
   *
   * @param message what is told
   * @param cause why
   */
  public ContainerStateException(String message, Throwable cause) {
    super(message, cause);
  }
}
