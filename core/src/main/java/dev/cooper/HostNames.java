package dev.cooper;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;

/**
 * The bytes of the host's file names, which a string would show in the JVM's locale and so corrupt.
 */
final class HostNames {
  private HostNames() {}

  /** A relative path's own bytes, as its URI spells them. */
  static ByteString bytes(Path name) {
    String raw = Path.of("/").resolve(name).toUri().getRawPath();
    ByteArrayOutputStream out = new ByteArrayOutputStream(raw.length());
    for (int i = 1; i < raw.length(); i++) {
      if (raw.charAt(i) == '%') {
        out.write(Integer.parseInt(raw, i + 1, i + 3, 16));
        i += 2;
      } else {
        out.write(raw.charAt(i));
      }
    }
    String found = ByteString.of(out.toByteArray()).latin1();
    return new ByteString(found.endsWith("/") ? found.substring(0, found.length() - 1) : found);
  }
}
