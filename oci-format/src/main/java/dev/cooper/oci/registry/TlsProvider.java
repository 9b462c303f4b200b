package dev.cooper.oci.registry;

import java.io.IOException;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * Says which certificates a registry is trusted by, and which one this client shows.
 *
 * <p>Asked once for each registry by a client.
 */
@FunctionalInterface
public interface TlsProvider {
  /** The Java runtime's default for every registry. */
  TlsProvider NONE = registry -> Optional.empty();

  /**
   * The TLS settings for a registry.
   *
   * @param registry host, and port if there is one; {@code docker.io} for Docker Hub
   * @return them, or empty for the Java runtime's default
   * @throws IOException if they are configured and can't be read
   */
  Optional<SSLContext> context(String registry) throws IOException;
}
