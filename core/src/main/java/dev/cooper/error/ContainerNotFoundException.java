package dev.cooper.error;

import dev.cooper.oci.OperationException;

/** A working container that was asked for is not in the store. */
public final class ContainerNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With what was looked for, and the remedy.
   *
   * @param message what is told
   */
  public ContainerNotFoundException(String message) {
    super(message);
  }
}
