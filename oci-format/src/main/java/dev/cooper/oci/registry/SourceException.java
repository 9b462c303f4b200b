package dev.cooper.oci.registry;

import java.io.IOException;

/** What was to be uploaded could not be read, which no other try of the upload would change. */
final class SourceException extends IOException {
  private static final long serialVersionUID = 1L;

  SourceException(String message, Throwable cause) {
    super(message, cause);
  }
}
