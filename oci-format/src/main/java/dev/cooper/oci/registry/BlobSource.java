package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.InputStream;

/** Content that can be read more than once, so that an upload that failed can be tried again. */
@FunctionalInterface
public interface BlobSource {
  /**
   * Opens it at its beginning.
   *
   * @return a new stream, which the caller closes
   * @throws IOException if it can't be read
   */
  InputStream open() throws IOException;
}
