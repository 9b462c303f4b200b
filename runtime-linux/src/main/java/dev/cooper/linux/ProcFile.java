package dev.cooper.linux;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads small files of the kernel's and of /etc.
 *
 * <p>Not through a channel: the JDK closes one under a thread that is interrupted, and what a file
 * says does not depend on that.
 */
final class ProcFile {
  private static final int LIMIT = 4096;
  private static final int MOST = 1 << 20;

  private ProcFile() {}

  /**
   * What a file of /proc/sys says, without its line's end.
   *
   * <p>In one read: such a file is at its end after the first, and Files.readString, which sees a
   * size of 0, reads one byte first.
   */
  static String read(Path file) throws IOException {
    try (InputStream in = new FileInputStream(file.toFile())) {
      byte[] bytes = new byte[LIMIT];
      int n = in.read(bytes);
      return new String(bytes, 0, Math.max(0, n), StandardCharsets.US_ASCII).strip();
    }
  }

  /** A whole text, as Latin-1. */
  static String text(Path file) throws IOException {
    try (InputStream in = new FileInputStream(file.toFile())) {
      byte[] bytes = in.readNBytes(MOST + 1);
      if (bytes.length > MOST) {
        throw new IOException(file + " has more than " + MOST + " bytes");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }

  static List<String> lines(Path file) throws IOException {
    return text(file).lines().toList();
  }
}
