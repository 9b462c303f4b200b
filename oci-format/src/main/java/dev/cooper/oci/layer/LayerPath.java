package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Paths inside a root filesystem, as bytes.
 *
 * <p>A normal path has no leading, trailing or doubled slash and no {@code .} or {@code ..}; the
 * root is empty. Nothing here follows a symbolic link: that is the runtime's work. Thread-safe.
 */
public final class LayerPath {
  /**
   * The order of a tree walk: components compared as unsigned bytes, a directory directly before
   * its content ({@code a}, {@code a/b}, {@code a.txt}).
   */
  public static final Comparator<ByteString> ORDER = LayerPath::compare;

  private static final int MAX_COMPONENT = 255;

  /** The kernel's PATH_MAX counts a NUL too. */
  private static final int MAX_PATH = 4095;

  private LayerPath() {}

  /**
   * The normal form of a name from an archive.
   *
   * @param raw as found: {@code ./a//b/}, {@code /a/b}
   * @return the normal path, empty for the root
   * @throws ContentException if a component is {@code ..} or longer than 255 bytes, the path is
   *     longer than 4095 bytes, or a byte is NUL
   */
  public static ByteString normalize(ByteString raw) {
    String text = raw.latin1();
    if (text.indexOf(0) >= 0) {
      throw new ContentException("path " + raw + " in a layer holds a NUL byte");
    }
    ByteString normal = isNormal(text) ? raw : joined(raw, text);
    if (normal.length() > MAX_PATH) {
      throw new ContentException(
          "path of " + normal.length() + " bytes in a layer, at most " + MAX_PATH + " are allowed");
    }
    return normal;
  }

  /**
   * Whether a path is a normal one already.
   *
   * @param path any
   * @return true for components of at most 255 bytes between single slashes, none of them {@code .}
   *     or {@code ..}, and for the empty path
   */
  public static boolean isCanonical(ByteString path) {
    return path.latin1().indexOf(0) < 0 && isNormal(path.latin1());
  }

  private static ByteString joined(ByteString raw, String text) {
    StringBuilder normal = new StringBuilder(text.length());
    for (int start = 0; start < text.length(); ) {
      int end = end(text, start);
      String component = text.substring(start, end);
      checkComponent(raw, component);
      if (!component.isEmpty() && !component.equals(".")) {
        normal.append(normal.length() == 0 ? "" : "/").append(component);
      }
      start = end + 1;
    }
    return new ByteString(normal.toString());
  }

  private static void checkComponent(ByteString raw, String component) {
    if (component.equals("..")) {
      throw new ContentException("path " + raw + " in a layer has a component \"..\"");
    }
    if (component.length() > MAX_COMPONENT) {
      throw new ContentException(
          "path in a layer has a component of "
              + component.length()
              + " bytes, at most "
              + MAX_COMPONENT
              + " are allowed: "
              + raw);
    }
  }

  /** Whether nothing has to be changed or refused: most names of most layers. */
  private static boolean isNormal(String text) {
    int length = text.length();
    for (int start = 0; start < length; ) {
      int end = end(text, start);
      if (end == start
          || end - start > MAX_COMPONENT
          || end == length - 1
          || isDots(text, start, end)) {
        return false;
      }
      start = end + 1;
    }
    return true;
  }

  private static boolean isDots(String text, int start, int end) {
    return text.charAt(start) == '.'
        && (end - start == 1 || (end - start == 2 && text.charAt(start + 1) == '.'));
  }

  private static int end(String text, int start) {
    int slash = text.indexOf('/', start);
    return slash < 0 ? text.length() : slash;
  }

  /**
   * All but the last component.
   *
   * @param path a normal path
   * @return its directory, empty for a path of one component and for the root
   */
  public static ByteString parent(ByteString path) {
    int slash = path.latin1().lastIndexOf('/');
    return slash < 0 ? ByteString.EMPTY : path.substring(0, slash);
  }

  /**
   * The last component.
   *
   * @param path a normal path
   * @return its name, empty for the root
   */
  public static ByteString name(ByteString path) {
    int slash = path.latin1().lastIndexOf('/');
    return slash < 0 ? path : path.substring(slash + 1, path.length());
  }

  /**
   * The components of a path, from the root down.
   *
   * @param path a normal path
   * @return its components, none for the root
   */
  public static List<ByteString> components(ByteString path) {
    List<ByteString> components = new ArrayList<>();
    String text = path.latin1();
    for (int start = 0; start < text.length(); ) {
      int end = end(text, start);
      components.add(path.substring(start, end));
      start = end + 1;
    }
    return components;
  }

  /**
   * A name in a directory.
   *
   * @param directory a normal path, empty for the root
   * @param name what lies in it
   * @return {@code directory/name}, or the one that is there if the other is empty
   */
  public static ByteString join(ByteString directory, ByteString name) {
    if (directory.isEmpty()) {
      return name;
    }
    return name.isEmpty() ? directory : new ByteString(directory.latin1() + "/" + name.latin1());
  }

  static ByteString withoutTrailingSlashes(ByteString path) {
    String text = path.latin1();
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == '/') {
      end--;
    }
    return end == text.length() ? path : path.substring(0, end);
  }

  private static int compare(ByteString left, ByteString right) {
    String a = left.latin1();
    String b = right.latin1();
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        return weight(a.charAt(i)) - weight(b.charAt(i));
      }
    }
    return a.length() - b.length();
  }

  /** A slash ends a component, so it comes before every byte of a longer one. */
  private static int weight(char c) {
    return c == '/' ? 0 : c;
  }
}
