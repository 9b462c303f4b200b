package dev.cooper.host;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layout.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How a file begins, once decompressed: that tells a tar from any other file, as its name does not.
 */
public final class TarHead {
  private TarHead() {}

  private static byte[] read(Path file) throws IOException {
    try (InputStream in = Decompression.open(Files.newInputStream(file))) {
      return in.readNBytes(TarReader.BLOCK);
    }
  }

  /**
   * Whether a file is a tar with something in it, as Docker knows one.
   *
   * @throws dev.cooper.oci.OperationException if it cannot be read
   */
  public static boolean isTar(Path file) {
    try {
      return TarReader.begins(read(file));
    } catch (ContentException e) {
      return false; // it looks compressed and is not: a file like any other
    } catch (IOException e) {
      throw PortableTree.unreadable(file, e);
    }
  }

  /**
   * Refuses a file that is no tar by its name, and not by the first field that is wrong in it; and
   * what can be read only once, as a pipe. Where nothing is, opening says so.
   *
   * @param expected what it should have been
   * @throws ContentException if it is something else
   */
  public static void require(Path file, String expected) {
    RegularFile.require(file, expected);
    if (Files.notExists(file)) {
      return;
    }
    byte[] head;
    try {
      head = read(file);
    } catch (ContentException e) {
      throw new ContentException(file + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw PortableTree.unreadable(file, e);
    }
    if (!TarReader.begins(head) && !isEnd(head)) {
      throw new ContentException(
          "cannot read "
              + file
              + ": found "
              + (head.length == 0 ? "an empty file" : "no tar in it")
              + ", expected "
              + expected);
    }
  }

  /** An archive of nothing has only its end. */
  private static boolean isEnd(byte[] head) {
    boolean zero = head.length == TarReader.BLOCK;
    for (byte each : head) {
      zero &= each == 0;
    }
    return zero;
  }
}
