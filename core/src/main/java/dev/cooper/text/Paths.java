package dev.cooper.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Paths inside a container, as text: absolute, with slashes, whatever the host is. */
public final class Paths {
  private static final int MAX_NAME = 255;

  /** The kernel's PATH_MAX counts a NUL too. */
  private static final int MAX_PATH = 4095;

  private Paths() {}

  /** What no file system of Linux can hold is refused before an image promises it. */
  private static void requireNameable(String absolute, List<String> parts) {
    for (String part : parts) {
      int length = part.getBytes(StandardCharsets.UTF_8).length;
      if (length > MAX_NAME) {
        throw new IllegalArgumentException(
            "a name of "
                + length
                + " bytes, and a file's has at most "
                + MAX_NAME
                + ": "
                + part.substring(0, 60)
                + "…");
      }
    }
    int length = absolute.getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_PATH) {
      throw new IllegalArgumentException(
          "a path of "
              + length
              + " bytes inside a container, at most "
              + MAX_PATH
              + " are allowed: "
              + absolute.substring(0, 60)
              + "…");
    }
  }

  /** A path made absolute and cleaned; {@code ..} never leads above the root. */
  public static String absolute(String workdir, String path) {
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
    String absolute = "/" + String.join("/", parts);
    requireNameable(absolute, parts);
    return absolute;
  }
}
