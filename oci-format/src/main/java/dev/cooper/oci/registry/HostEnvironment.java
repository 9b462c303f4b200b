package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What decides where settings lie: variables, the user, and the root of the system's own files.
 *
 * @param variables the process's environment
 * @param home the user's directory
 * @param root {@code /}, below which {@code etc}, {@code run} and {@code var} are
 * @param uid the user's number, or null where there are none
 */
record HostEnvironment(Map<String, String> variables, Path home, Path root, @Nullable Integer uid) {
  HostEnvironment {
    variables = Map.copyOf(variables);
  }

  /** This process's own. */
  static HostEnvironment current() {
    Map<String, String> variables = System.getenv();
    String named = variables.getOrDefault("HOME", "");
    // As Go does: HOME first. The JVM asks passwd, and knows no home of a pod's arbitrary user.
    Path home = path("HOME", named.isEmpty() ? System.getProperty("user.home", "/") : named);
    Path root = Path.of("").toAbsolutePath().getRoot();
    return new HostEnvironment(variables, home, root, currentUid());
  }

  private static @Nullable Integer currentUid() {
    Path self = Path.of("/proc/self");
    if (!Files.isDirectory(self)) {
      return null;
    }
    try {
      return (Integer) Files.getAttribute(self, "unix:uid");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A variable; an empty one counts as none. */
  Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }

  /** A variable that holds a path. */
  Optional<Path> path(String name) {
    return variable(name).map(value -> path(name, value));
  }

  private static Path path(String name, String value) {
    try {
      return Path.of(value).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw new OperationException(
          name
              + " is "
              + Text.quote(value)
              + ", which this JVM can't name in its locale: set LC_ALL=C.UTF-8",
          e);
    }
  }

  /** {@code $XDG_CONFIG_HOME}, usually {@code ~/.config}. */
  Path configHome() {
    return path("XDG_CONFIG_HOME").orElse(home.resolve(".config"));
  }

  /** {@code $XDG_CACHE_HOME}, usually {@code ~/.cache}. */
  Path cacheHome() {
    return path("XDG_CACHE_HOME").orElse(home.resolve(".cache"));
  }

  /** Where the system's containers' settings are: {@code /etc/containers}. */
  Path systemContainers() {
    return root.resolve("etc").resolve("containers");
  }
}
