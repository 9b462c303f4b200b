package dev.cooper.error;

import dev.cooper.oci.OperationException;

/** A started command has not done in time what was waited for; it still runs. */
public final class NotReadyException extends OperationException {
  private static final long serialVersionUID = 1L;

  /**
   * With the end of what it has written.
   *
   * @param message which command, what was waited for, and how long
   * @param output the end of what it has written so far
   */
  public NotReadyException(String message, String output) {
    super(
        message + ", and still runs" + CommandFailedException.said(output),
        CommandFailedException.tail(output),
        null);
  }
}
