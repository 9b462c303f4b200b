package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Names without a registry, and how they are completed. */
final class ShortNames {
  private static final List<String> DOCKER_HUB = List.of("docker.io/", "index.docker.io/");

  private ShortNames() {}

  /** Whether a valid reference says no registry. */
  static boolean isShort(String text) {
    return ImageReference.parse(text).registry().equals("docker.io")
        && DOCKER_HUB.stream().noneMatch(text::startsWith);
  }

  /** Where the tag or digest begins; the whole length if there is neither. */
  private static int endOfName(String text) {
    int at = text.indexOf('@');
    int end = at < 0 ? text.length() : at;
    int colon = text.indexOf(':', text.lastIndexOf('/', end) + 1);
    return colon >= 0 && colon < end ? colon : end;
  }

  /** Checks the registries that are searched. */
  static List<String> search(List<String> registries) {
    registries.forEach(each -> RegistryRule.location(each, "search registry"));
    return List.copyOf(registries);
  }

  /**
   * Checks an alias.
   *
   * @return what the name stands for
   */
  static String requireAlias(String name, String value) {
    if (!isShort(name) || endOfName(name) < name.length()) {
      throw new ContentException(
          "alias " + Text.quote(name) + ": expected a name without registry, tag and digest");
    }
    boolean whole = value.isEmpty() || (!isShort(value) && endOfName(value) == value.length());
    if (!whole) {
      throw new ContentException(
          "alias "
              + name
              + ": found "
              + Text.quote(value)
              + ", expected a registry and a repository without tag and digest");
    }
    return value;
  }

  /** What a text may mean, the likeliest first. */
  static List<ImageReference> candidates(
      String text, Map<String, String> aliases, List<String> search, ShortNameMode mode) {
    if (!isShort(text)) {
      return List.of(ImageReference.parse(text));
    }
    int end = endOfName(text);
    String name = text.substring(0, end);
    String alias = aliases.get(name);
    if (alias != null) {
      return List.of(ImageReference.parse(alias + text.substring(end)));
    }
    if (search.isEmpty()) {
      return List.of(ImageReference.parse(text));
    }
    if (search.size() > 1 && mode == ShortNameMode.ENFORCING) {
      throw new OperationException(
          "image "
              + Text.quote(text)
              + " could be of "
              + String.join(" or ", search)
              + ", and short-name-mode is enforcing: name the registry, or add an alias");
    }
    List<ImageReference> candidates = new ArrayList<>();
    search.forEach(registry -> candidates.add(in(registry, text)));
    return candidates;
  }

  private static ImageReference in(String place, String text) {
    String registry = place.endsWith("/") ? place.substring(0, place.length() - 1) : place;
    int slash = registry.indexOf('/');
    if (registry.equals("docker.io") || registry.equals("index.docker.io")) {
      return ImageReference.parse(registry + "/" + text);
    }
    // Not parsed with its registry: a host without a dot would be taken for a namespace.
    String host = slash < 0 ? registry : registry.substring(0, slash);
    String namespace = slash < 0 ? "" : registry.substring(slash);
    ImageReference there = ImageReference.parse("localhost" + namespace + "/" + text);
    return new ImageReference(host, there.repository(), there.tag(), there.digest());
  }
}
