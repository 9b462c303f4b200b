package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * The bytes of the host's file names: the JVM keeps them, and spells them in a URI whatever its
 * locale, while its strings depend on LANG. Thread-safe.
 */
public final class HostNames {
  private static final String UNESCAPED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";

  private HostNames() {}

  /**
   * A path's own bytes.
   *
   * @param path of the host's default file system; a relative one is made absolute
   * @return an absolute path, without a slash at its end unless it is the root
   */
  public static ByteString bytes(Path path) {
    String raw = path.toAbsolutePath().toUri().getRawPath();
    int end = raw.length() > 1 && raw.endsWith("/") ? raw.length() - 1 : raw.length();
    ByteArrayOutputStream out = new ByteArrayOutputStream(end);
    for (int i = 0; i < end; i++) {
      if (raw.charAt(i) == '%') {
        out.write(Integer.parseInt(raw, i + 1, i + 3, 16));
        i += 2;
      } else {
        out.write(raw.charAt(i));
      }
    }
    return ByteString.of(out.toByteArray());
  }

  /**
   * The bytes of what leads from a directory to a path.
   *
   * @param directory what the path begins with
   * @param path in the directory, or itself
   * @return a relative path, empty for the directory itself
   */
  public static ByteString below(Path directory, Path path) {
    String text = bytes(path).latin1();
    int length = bytes(directory).length();
    return new ByteString(text.length() > length ? text.substring(length + 1) : "");
  }

  /**
   * A path by its bytes.
   *
   * @param directory of the host's default file system
   * @param below a path in it, with slashes; empty for the directory itself
   * @return the path
   */
  public static Path resolve(Path directory, ByteString below) {
    StringBuilder uri = new StringBuilder(directory.toAbsolutePath().toUri().toString());
    if (!below.isEmpty() && uri.charAt(uri.length() - 1) != '/') {
      uri.append('/');
    }
    String text = below.latin1();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (UNESCAPED.indexOf(c) >= 0) {
        uri.append(c);
      } else {
        uri.append('%').append(HexFormat.of().toHexDigits((byte) c));
      }
    }
    return Path.of(URI.create(uri.toString()));
  }
}
