package dev.cooper.oci.registry;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Resolves what a Location or a Link says against the URL that said it. Source: RFC 3986, section
 * 5.2; the Java runtime's own rules are those of RFC 2396, by which {@code ?n=1} loses the last
 * part of the path.
 */
final class RelativeUrl {
  private RelativeUrl() {}

  /**
   * The URL meant.
   *
   * @param base a whole URL
   * @param reference a whole one too, or a part of one
   * @throws URISyntaxException if it is no reference
   */
  static URI resolve(URI base, String reference) throws URISyntaxException {
    URI to = new URI(reference);
    if (to.isAbsolute() || to.getRawAuthority() != null) {
      return base.resolve(to);
    }
    String path = to.getRawPath();
    String query = to.getRawQuery();
    if (path.isEmpty()) {
      path = base.getRawPath();
      query = query == null ? base.getRawQuery() : query;
    } else if (!path.startsWith("/")) {
      path = merged(base.getRawPath(), path);
    }
    return new URI(
        base.getScheme()
            + "://"
            + base.getRawAuthority()
            + withoutDots(path)
            + (query == null ? "" : "?" + query)
            + (to.getRawFragment() == null ? "" : "#" + to.getRawFragment()));
  }

  private static String merged(String base, String path) {
    return base.isEmpty() ? "/" + path : base.substring(0, base.lastIndexOf('/') + 1) + path;
  }

  /** Section 5.2.4: no part leads above the root. */
  private static String withoutDots(String path) {
    StringBuilder out = new StringBuilder();
    String[] parts = path.split("/", -1);
    for (int i = 1; i < parts.length; i++) {
      boolean up = parts[i].equals("..");
      if (up) {
        out.setLength(Math.max(0, out.lastIndexOf("/")));
      }
      if (!up && !parts[i].equals(".")) {
        out.append('/').append(parts[i]);
      } else if (i == parts.length - 1) {
        out.append('/');
      }
    }
    return out.toString();
  }
}
