package dev.cooper.transfer;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.oci.ImageReference;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A place that images are copied from and to, in skopeo's words. Source: containers-transports(5).
 */
public sealed interface ImagePlace {
  /** A registry. */
  record Registry(ImageReference reference) implements ImagePlace {}

  /** A file or directory; the name is of one image in it, or null. */
  record File(Kind kind, Path path, @Nullable String name) implements ImagePlace {
    void requireThere() {
      if (Files.notExists(path)) {
        throw new SourceNotFoundException(
            "no image lies at " + path + ": there is no such file or directory");
      }
    }
  }

  /** Of a registry; without the slashes it is an image called docker. */
  String REGISTRY = "docker://";

  /** A Docker daemon. */
  record Daemon(String reference) implements ImagePlace {}

  /** The store. */
  record Stored(String name) implements ImagePlace {}

  /** What kind of file or directory. */
  enum Kind {
    LAYOUT,
    OCI_ARCHIVE,
    DOCKER_ARCHIVE
  }

  /** What a text names; without a known prefix, an image of the store. */
  static ImagePlace parse(String text) {
    if (text.startsWith(REGISTRY)) {
      return new Registry(ImageReference.parse(text.substring(REGISTRY.length())));
    }
    int colon = text.indexOf(':');
    String rest = text.substring(colon + 1);
    return switch (colon < 0 ? "" : text.substring(0, colon)) {
      case "oci" -> file(Kind.LAYOUT, rest);
      case "oci-archive" -> file(Kind.OCI_ARCHIVE, rest);
      case "docker-archive" -> file(Kind.DOCKER_ARCHIVE, rest);
      case "docker-daemon" -> new Daemon(rest);
      default -> new Stored(text);
    };
  }

  /** The longest path that is there, else up to the first colon. */
  private static File file(Kind kind, String text) {
    if (Files.exists(Path.of(text)) || text.indexOf(':') < 0) {
      return new File(kind, Path.of(text), null);
    }
    for (int colon = text.lastIndexOf(':'); colon > 0; colon = text.lastIndexOf(':', colon - 1)) {
      if (Files.exists(Path.of(text.substring(0, colon)))) {
        return named(kind, text, colon);
      }
    }
    return named(kind, text, text.indexOf(':'));
  }

  private static File named(Kind kind, String text, int colon) {
    return new File(kind, Path.of(text.substring(0, colon)), text.substring(colon + 1));
  }
}
