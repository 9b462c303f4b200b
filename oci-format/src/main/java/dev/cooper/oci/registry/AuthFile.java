package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One file of credentials: containers' {@code auth.json}, Docker's {@code config.json}, or its
 * older {@code .dockercfg}, which is the {@code auths} alone.
 */
final class AuthFile {
  private static final int MAX_BYTES = 4 << 20;
  private static final String DOCKER_HUB = "docker.io";

  /** What Docker calls its Hub in its file and before its helpers. */
  private static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";

  private static final Set<String> DOCKER_HUB_HOSTS =
      Set.of(DOCKER_HUB, "index.docker.io", "registry-1.docker.io");

  private final SettingsObject file;
  private final @Nullable SettingsObject entries;
  private final boolean legacy;

  private AuthFile(SettingsObject file, boolean legacy) {
    this.file = file;
    this.entries = legacy ? file : file.object("auths").orElse(null);
    this.legacy = legacy;
  }

  /**
   * Reads a file.
   *
   * @return empty if it is not there, or has no content, as containers' tools leave it
   */
  static Optional<AuthFile> read(Path path, boolean legacy) throws IOException {
    return SettingsFiles.read(path, MAX_BYTES)
        .filter(bytes -> !new String(bytes, StandardCharsets.ISO_8859_1).isBlank())
        .map(bytes -> parse(path, bytes, legacy));
  }

  /** The same, of a file's bytes. */
  static AuthFile parse(Path path, byte[] bytes, boolean legacy) {
    return new AuthFile(SettingsObject.json(path.toString(), bytes), legacy);
  }

  /**
   * What the file knows of a repository.
   *
   * <p>A helper of the registry's own counts before all, then an entry for the repository or a
   * namespace around it, the longest first, then the helper for all registries, then the registry's
   * entry: the helpers know registries alone.
   */
  Optional<Credentials> find(String registry, String repository, CredentialHelper helper)
      throws IOException {
    Optional<String> own = helperKey(registry);
    if (!legacy && own.isPresent()) {
      SettingsObject helpers = file.object("credHelpers").orElseThrow();
      String name = helpers.text(own.get()).orElseThrow();
      return ask(helper, name, serverOf(own.get(), registry));
    }
    for (String key : namespaces(registry, repository)) {
      Optional<Credentials> found = entry(key);
      if (found.isPresent()) {
        return found;
      }
    }
    String store = legacy ? "" : file.text("credsStore").orElse("");
    if (!store.isEmpty()) {
      boolean hub = registry.equals(DOCKER_HUB);
      Optional<Credentials> found = ask(helper, store, hub ? DOCKER_HUB_KEY : registry);
      if (found.isPresent()) {
        return found;
      }
    }
    return ofRegistry(registry);
  }

  private Optional<Credentials> ask(CredentialHelper helper, String name, String server)
      throws IOException {
    try {
      return helper.get(name, server);
    } catch (ContentException e) {
      throw file.malformed(e.getMessage());
    }
  }

  /** The registry's name among the {@code credHelpers}. */
  private Optional<String> helperKey(String registry) {
    Optional<SettingsObject> helpers = file.object("credHelpers");
    if (legacy || helpers.isEmpty()) {
      return Optional.empty();
    }
    return helpers.get().names().stream()
        .filter(key -> !helpers.get().text(key).orElse("").isEmpty())
        .filter(key -> host(key).equals(registry))
        .findFirst();
  }

  /** Docker Hub has several names, and its helper knows the one that the file says. */
  private static String serverOf(String key, String registry) {
    return registry.equals(DOCKER_HUB) ? key : registry;
  }

  /** {@code host/a/b}, {@code host/a}: a file with Docker's old keys knows none of these. */
  private List<String> namespaces(String registry, String repository) {
    List<String> keys = new ArrayList<>();
    if (!legacy) {
      String path = repository;
      while (!path.isEmpty()) {
        keys.add(registry + "/" + path);
        path = path.substring(0, Math.max(0, path.lastIndexOf('/')));
      }
    }
    return keys;
  }

  /** First the name itself, then whatever means it. */
  private Optional<Credentials> ofRegistry(String registry) {
    Optional<Credentials> exact = entry(registry);
    if (exact.isPresent() || entries == null) {
      return exact;
    }
    for (String key : entries.names()) {
      if (host(key).equals(registry)) {
        Optional<Credentials> found = entry(key);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Credentials> entry(String key) {
    return entries == null ? Optional.empty() : entries.object(key).flatMap(AuthEntry::read);
  }

  /** The registry that a key means: Docker wrote URLs, with paths, for years. */
  private String host(String key) {
    boolean url = key.startsWith("https://") || key.startsWith("http://");
    String host = url ? key.substring(key.indexOf("//") + 2) : key;
    int slash = host.indexOf('/');
    if (slash >= 0 && (url || legacy)) {
      host = host.substring(0, slash);
    }
    return DOCKER_HUB_HOSTS.contains(host) ? DOCKER_HUB : host;
  }
}
