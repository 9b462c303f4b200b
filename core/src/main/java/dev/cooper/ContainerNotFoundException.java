package dev.cooper;

import dev.cooper.oci.OperationException;

/** A working container that was asked for is not in the store. */
public final class ContainerNotFoundException extends OperationException {
  private static final long serialVersionUID = 1L;

  ContainerNotFoundException(String message) {
    super(message);
  }
}
