package dev.cooper.oci.layout;

import dev.cooper.oci.compress.Compression;
import java.util.Arrays;

/** What a file is by its first bytes. */
final class TarFormat {
  /** How many first bytes tell it. */
  static final int HEAD = 6;

  private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
  private static final byte[] BZIP2 = {'B', 'Z', 'h'};

  private TarFormat() {}

  static boolean isCompressed(byte[] head) {
    return Compression.detect(head, head.length) != Compression.NONE
        || startsWith(head, XZ)
        || startsWith(head, BZIP2);
  }

  private static boolean startsWith(byte[] head, byte[] magic) {
    return head.length >= magic.length
        && Arrays.equals(head, 0, magic.length, magic, 0, magic.length);
  }
}
