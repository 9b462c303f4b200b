package dev.cooper.error;

import dev.cooper.oci.OperationException;

/** A command ended with an exit status that was not accepted, or was killed. */
public final class CommandFailedException extends OperationException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 2000;

  /** The exit status. */
  private final int status;

  /** The end of what it wrote. */
  private final String output;

  /**
   * Says how a command ended, with the end of what it wrote.
   *
   * @param command as it is shown
   * @param container its name or id
   * @param ending what happened to the command, such as {@code ended with exit status 1}
   * @param status the exit status
   * @param output the end of what the command wrote to both its outputs
   */
  public CommandFailedException(
      String command, String container, String ending, int status, String output) {
    super(
        "\"" + command + "\" in container " + container + " " + ending + said(output),
        tail(output),
        null);
    this.status = status;
    this.output = output;
  }

  static String said(String output) {
    return output.isBlank() ? "; it wrote nothing" : "; it wrote last:";
  }

  static String tail(String output) {
    String tail = output.strip();
    return tail.length() > SHOWN ? "…" + tail.substring(tail.length() - SHOWN) : tail;
  }

  /**
   * The exit status; 128 and the signal's number if a signal ended it.
   *
   * @return 0 to 255
   */
  public int status() {
    return status;
  }

  /**
   * The end of what it wrote to both its outputs.
   *
   * @return at most some 64 KiB
   */
  public String output() {
    return output;
  }
}
