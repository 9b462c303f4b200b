package dev.cooper;

import dev.cooper.oci.OperationException;

/**
 * A working container was used in a way that its state does not allow: closed, or by two threads at
 * once.
 */
public final class ContainerStateException extends OperationException {
  private static final long serialVersionUID = 1L;

  ContainerStateException(String message) {
    super(message);
  }

  ContainerStateException(String message, Throwable cause) {
    super(message, cause);
  }
}
