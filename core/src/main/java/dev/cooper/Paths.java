package dev.cooper;

import java.util.ArrayList;
import java.util.List;

/** Paths inside a container, as text: absolute, with slashes, whatever the host is. */
final class Paths {
  private Paths() {}

  /** A path made absolute and cleaned; {@code ..} never leads above the root. */
  static String absolute(String workdir, String path) {
    if (path.isEmpty() || path.indexOf(0) >= 0) {
      throw new IllegalArgumentException("\"" + path + "\" is no path inside a container");
    }
    List<String> parts = new ArrayList<>();
    for (String part : (path.startsWith("/") ? path : workdir + "/" + path).split("/", -1)) {
      if (part.equals("..")) {
        if (!parts.isEmpty()) {
          parts.remove(parts.size() - 1);
        }
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return "/" + String.join("/", parts);
  }
}
