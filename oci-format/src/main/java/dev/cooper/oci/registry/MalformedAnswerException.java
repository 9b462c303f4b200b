package dev.cooper.oci.registry;

import java.net.ProtocolException;

/** A server's answer that another try would not change: a Content-Length that is no number. */
final class MalformedAnswerException extends ProtocolException {
  private static final long serialVersionUID = 1L;

  /** As the Java runtime's client found it. */
  MalformedAnswerException(Throwable cause) {
    super(
        "its headers hold a number that is malformed or too large, such as a Content-Length beyond"
            + " 63 bits ("
            + cause.getMessage()
            + ")");
    initCause(cause);
  }
}
