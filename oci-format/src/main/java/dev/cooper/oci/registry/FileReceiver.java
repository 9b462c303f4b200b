package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Takes a file that {@link RegistryClient#file} reads. */
@FunctionalInterface
public interface FileReceiver {
  /**
   * Takes the file, anew each time that it is begun: a connection may break in its midst.
   *
   * @param content all of it, to be read to its end and not to be closed
   * @param lastModified what the server says of when it changed, by RFC 9110, or empty
   * @throws IOException if it can't be taken, which ends it, or as {@code content} threw
   */
  void receive(InputStream content, Optional<String> lastModified) throws IOException;
}
