package dev.cooper.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the kernel's small files. */
final class ProcFile {
  private static final int LIMIT = 4096;

  private ProcFile() {}

  /**
   * What a file of /proc/sys says, without its line's end.
   *
   * <p>In one read: such a file is at its end after the first, and Files.readString, which sees a
   * size of 0, reads one byte first.
   */
  static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = new byte[LIMIT];
      int n = in.read(bytes);
      return new String(bytes, 0, Math.max(0, n), StandardCharsets.US_ASCII).strip();
    }
  }
}
