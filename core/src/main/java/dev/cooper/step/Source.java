package dev.cooper.step;

import dev.cooper.oci.ByteString;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/** Something that files are copied from, as a value that nobody has read yet. Immutable. */
public sealed interface Source {
  /**
   * A file or directory of the host.
   *
   * @param path as it was given; a relative one is taken from the JVM's directory
   */
  record Host(Path path) implements Source {}

  /**
   * A path in another container or image.
   *
   * @param from what the other is called; empty for a container without a name
   * @param path inside it
   */
  record Root(String from, String path) implements Source {}

  /**
   * Bytes in memory.
   *
   * @param content the bytes
   */
  record Bytes(ByteString content) implements Source {
    /** The length, not the content, which may be secret. */
    @Override
    public String toString() {
      return "Bytes[" + content.length() + "]";
    }
  }

  /**
   * A file on a server.
   *
   * @param url of http or https
   */
  record Url(URI url) implements Source {}

  /**
   * A file or directory of the host.
   *
   * @param path a relative one is taken from the JVM's directory
   * @return the source
   */
  static Source of(Path path) {
    Objects.requireNonNull(path, "path");
    return new Host(path);
  }

  /**
   * A file on a server.
   *
   * @param url of http or https
   * @return the source
   */
  static Source of(URI url) {
    Objects.requireNonNull(url, "url");
    return new Url(url);
  }

  /**
   * Bytes in memory.
   *
   * @param content copied
   * @return the source
   */
  static Bytes of(byte[] content) {
    Objects.requireNonNull(content, "content");
    return new Bytes(ByteString.of(content));
  }

  /**
   * A text in memory.
   *
   * @param text kept in UTF-8
   * @return the source
   */
  static Bytes of(String text) {
    Objects.requireNonNull(text, "text");
    return of(text.getBytes(StandardCharsets.UTF_8));
  }
}
