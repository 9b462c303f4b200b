package dev.cooper.oci.registry;

import java.io.IOException;
import java.util.Optional;

/**
 * Where credentials come from.
 *
 * <p>Asked again for each registry and repository, by several threads at a time.
 */
@FunctionalInterface
public interface CredentialsProvider {
  /** Has none, for every registry. */
  CredentialsProvider NONE =
      new CredentialsProvider() {
        @Override
        public Optional<Credentials> find(String registry, String repository) {
          return Optional.empty();
        }

        @Override
        public String describe() {
          return "no credentials configured";
        }
      };

  /**
   * The credentials for a repository.
   *
   * @param registry host, and port if there is one; {@code docker.io} for Docker Hub
   * @param repository path in the registry, such as {@code library/debian}; empty for the registry
   *     as a whole
   * @return them, or empty to ask as anybody
   * @throws IOException if they are configured and can't be read
   */
  Optional<Credentials> find(String registry, String repository) throws IOException;

  /**
   * Where it looks, for messages.
   *
   * @return a few words without any secret
   */
  default String describe() {
    return "the credentials provider given";
  }
}
