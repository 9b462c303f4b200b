package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Looks at what a path names before it is opened. Opening a named pipe waits until somebody writes
 * to it, which no interrupt ends, and a device may have no end.
 */
public final class RegularFile {
  private static final int KIND = 0170000;
  private static final int PIPE = 0010000;
  private static final int CHARACTERS = 0020000;
  private static final int BLOCKS = 0060000;
  private static final int SOCKET = 0140000;

  private RegularFile() {}

  /**
   * Refuses what is there and is no regular file, symbolic links followed. Where nothing is, or
   * nothing can be looked at, opening says so.
   *
   * @param file to be opened next
   * @param expected what should be in it, such as {@code an archive of images}
   * @throws ContentException if it is a directory, a pipe, a socket or a device
   */
  public static void require(Path file, String expected) {
    String found = other(file);
    if (found != null) {
      throw new ContentException(
          "cannot read "
              + file
              + ": found "
              + found
              + ", expected "
              + expected
              + " in a regular file: copy it into one");
    }
  }

  /**
   * A short file's bytes.
   *
   * @param file a regular one, or a symbolic link to one
   * @param most how many bytes it may hold
   * @return its bytes
   * @throws ContentException if it is longer, or no regular file
   * @throws IOException if it can't be read
   */
  public static byte[] read(Path file, int most) throws IOException {
    String found = other(file);
    if (found != null) {
      throw new ContentException(file + ": found no regular file but " + found);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw new ContentException(file + ": found more than " + most + " bytes");
      }
      return bytes;
    }
  }

  /** What is there instead; null for a regular file, and for what opening will fail at. */
  private static @Nullable String other(Path file) {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      if (found.isRegularFile()) {
        return null;
      }
      return found.isDirectory() ? "a directory" : special(file);
    } catch (IOException e) {
      return null;
    }
  }

  private static String special(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return "something else";
    }
    int mode = (Integer) Files.getAttribute(file, "unix:mode");
    return switch (mode & KIND) {
      case PIPE -> "a named pipe";
      case CHARACTERS, BLOCKS -> "a device";
      case SOCKET -> "a socket";
      default -> "something else";
    };
  }
}
