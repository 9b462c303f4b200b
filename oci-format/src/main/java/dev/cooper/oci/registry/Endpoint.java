package dev.cooper.oci.registry;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One place that a repository can be read from, or written to.
 *
 * @param registry host, and port if there is one; {@code docker.io} for Docker Hub
 * @param repository path there, such as {@code library/debian}
 * @param insecure true if plain HTTP, or TLS that nobody can verify, is allowed there
 * @param mirror true if it is another place than the reference names: it is read alone, and the
 *     next one is asked for what it lacks
 */
public record Endpoint(String registry, String repository, boolean insecure, boolean mirror) {
  private static final String DOCKER_HUB = "docker.io";
  private static final String DOCKER_HUB_HOST = "registry-1.docker.io";

  /**
   * The host that requests go to, which for Docker Hub is another than the one in its images'
   * names.
   *
   * @return host, and port if there is one
   */
  public String host() {
    return registry.equals(DOCKER_HUB) ? DOCKER_HUB_HOST : registry;
  }

  /**
   * Whether it is on this machine, by its name or address alone: no name is looked up, as what a
   * name server says could be anything.
   *
   * @return true for {@code localhost}, names below it, 127.0.0.0/8 and ::1
   */
  public boolean isLoopback() {
    return isLoopback(registry);
  }

  /** The same for a host with or without a port. */
  static boolean isLoopback(String hostAndPort) {
    int colon = hostAndPort.indexOf(':', hostAndPort.indexOf(']') + 1);
    String host = colon < 0 ? hostAndPort : hostAndPort.substring(0, colon);
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.equals("localhost")
        || lower.endsWith(".localhost")
        || lower.equals("[::1]")
        || lower.matches("127(\\.[0-9]{1,3}){3}");
  }

  // Written out, as hashCode is: a record's own are linked when they are first called, and that is
  // a good part of what a short process takes.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Endpoint endpoint
        && repository.equals(endpoint.repository)
        && registry.equals(endpoint.registry)
        && insecure == endpoint.insecure
        && mirror == endpoint.mirror;
  }

  @Override
  public int hashCode() {
    return 31 * registry.hashCode() + repository.hashCode();
  }
}
