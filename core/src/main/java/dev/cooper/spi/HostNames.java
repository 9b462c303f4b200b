package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;

/**
 * The bytes of the host's file names: the JVM keeps them, and spells them in a URI whatever its
 * locale, while its strings depend on LANG. Thread-safe.
 */
public final class HostNames {
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
}
