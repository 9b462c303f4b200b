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

  /**
   * The TLS settings for a registry that need not prove who it is, as it is insecure: they show
   * this client's certificate, and trust anybody. Whom {@link #context} trusts counts there too, if
   * it is more than whom the Java runtime and the system trust.
   *
   * @param registry host, and port if there is one
   * @return them; or empty, as by default, for those of {@link #context}
   * @throws IOException if they are configured and can't be read
   */
  default Optional<SSLContext> unverified(String registry) throws IOException {
    return Optional.empty();
  }
}
