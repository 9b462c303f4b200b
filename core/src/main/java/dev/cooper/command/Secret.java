package dev.cooper.command;

import dev.cooper.io.Io;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.RegularFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Something that a command may read and an image never holds: no layer, history, log or message
 * shows its content.
 *
 * <p>It appears as a file in memory, at {@code /run/secrets/ID} unless a mount says otherwise, and
 * holds 1 MiB at most. Thread-safe.
 */
public final class Secret {
  /** A secret is kept in memory; BuildKit takes half of that. */
  private static final int MOST = 1 << 20;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

  private final String id;
  private final byte[] content;

  private Secret(String id, byte[] content) {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "\"" + id + "\" is no id of a secret: letters, digits, _ . and -, 128 at most");
    }
    if (content.length > MOST) {
      throw new IllegalArgumentException(
          "the secret "
              + id
              + " has "
              + content.length
              + " bytes, expected at most "
              + MOST
              + ": give larger files with Mount.bind");
    }
    this.id = id;
    this.content = content.clone();
  }

  /**
   * A secret text.
   *
   * @param id names it, and its file
   * @param content what it holds, in UTF-8
   * @return the secret
   * @throws IllegalArgumentException if the id is none, or the content is over 1 MiB
   */
  public static Secret of(String id, String content) {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(content, "content");
    return new Secret(id, content.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Secret bytes.
   *
   * @param id names it, and its file
   * @param content what it holds; copied
   * @return the secret
   * @throws IllegalArgumentException if the id is none, or the content is over 1 MiB
   */
  public static Secret of(String id, byte[] content) {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(content, "content");
    return new Secret(id, content);
  }

  /**
   * A file's content, read now.
   *
   * @param id names it, and its file inside
   * @param file a regular file of the host, of 1 MiB at most
   * @return the secret
   * @throws IllegalArgumentException if the id is none
   * @throws OperationException if it cannot be read, is longer, or is a pipe or device
   */
  public static Secret of(String id, Path file) {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(file, "file");
    try {
      return new Secret(id, RegularFile.read(file, MOST));
    } catch (ContentException e) {
      throw new OperationException(
          "cannot read the secret "
              + id
              + " from "
              + e.getMessage()
              + ": give what else it comes from with of(id, bytes), and larger files with Mount.bind",
          e);
    } catch (IOException e) {
      throw new OperationException(
          "cannot read the secret " + id + " from " + file + ": " + Io.reason(e), e);
    }
  }

  /**
   * What names it.
   *
   * @return the id
   */
  public String id() {
    return id;
  }

  /**
   * What it holds.
   *
   * @return a copy
   */
  public byte[] content() {
    return content;
  }

  /** The id, never the content. */
  @Override
  public String toString() {
    return "Secret[" + id + "]";
  }
}
