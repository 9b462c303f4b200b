package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The fields of a header block, read where they lie: POSIX.1-2017 pax, "ustar Interchange Format",
 * and GNU tar's variant of it.
 */
final class TarHeader {
  static final int BLOCK = TarInput.BLOCK;
  private static final int CHECKSUM = 148;
  private static final int MAGIC = 257;
  private static final VarHandle LONGS = view(long[].class);
  private static final VarHandle INTS = view(int[].class);
  private static final long ZEROS = 0x3030_3030_3030_3030L;

  /** Set in what is left of a byte without that of '0', if it was no octal digit. */
  private static final long NO_OCTAL = 0xf8f8_f8f8_f8f8_f8f8L;

  /** Set in the last byte of a word, if it is neither NUL nor a space. */
  private static final long NO_END = 0xdf;

  private byte[] bytes = new byte[BLOCK];
  private int start;
  private long offset;

  private static VarHandle view(Class<?> words) {
    return MethodHandles.byteArrayViewVarHandle(words, ByteOrder.BIG_ENDIAN);
  }

  /** Looks at a block; true if it is all zeros, as the end marker's two are. */
  boolean at(byte[] buffer, int index, long archiveOffset) {
    look(buffer, index, archiveOffset);
    if (bytes[start] == 0 && isZero()) {
      return true;
    }
    checkSum();
    return false;
  }

  /** Whether a block is a header, which its checksum says: not all writers give a magic. */
  static boolean isOne(byte[] block) {
    TarHeader header = new TarHeader();
    try {
      return block.length == BLOCK && !header.at(block, 0, 0);
    } catch (ContentException e) {
      return false;
    }
  }

  /** Looks at a block that has no checksum, as a sparse map's extension. */
  void look(byte[] buffer, int index, long archiveOffset) {
    bytes = buffer;
    start = index;
    offset = archiveOffset;
  }

  private boolean isZero() {
    for (int i = 0; i < BLOCK; i++) {
      if (bytes[start + i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Old writers summed signed bytes, so either sum is right. */
  private void checkSum() {
    int unsigned = 0;
    int negatives = 0;
    for (int i = 0; i < BLOCK; i++) {
      int b = bytes[start + i];
      unsigned += b & 0xff;
      negatives += b >>> 31;
    }
    for (int i = CHECKSUM; i < CHECKSUM + 8; i++) {
      int b = bytes[start + i];
      unsigned += ' ' - (b & 0xff);
      negatives -= b >>> 31;
    }
    long found = number(CHECKSUM, 8, "checksum");
    if (found != unsigned && found != unsigned - 256 * negatives) {
      throw bad(
          "checksum", "found " + found + ", expected " + unsigned + ": this is no tar header");
    }
  }

  char type() {
    return (char) (bytes[start + 156] & 0xff);
  }

  int mode() {
    return (int) (number(100, 8, "mode") & 07777);
  }

  long uid() {
    return natural(108, 8, "uid");
  }

  long gid() {
    return natural(116, 8, "gid");
  }

  long size() {
    return natural(124, 12, "size");
  }

  long mtime() {
    return number(136, 12, "mtime");
  }

  int deviceMajor() {
    return device(329, "device major");
  }

  int deviceMinor() {
    return device(337, "device minor");
  }

  private int device(int at, String field) {
    long number = isV7() ? 0 : natural(at, 8, field);
    if (number > 07777777) {
      throw bad(field, "found " + number);
    }
    return (int) number;
  }

  ByteString link() {
    return text(157, 100);
  }

  /** The name, with ustar's prefix: GNU's own variant keeps other fields in its place. */
  ByteString name() {
    ByteString name = text(0, 100);
    if (!isUstar() || bytes[start + 345] == 0) {
      return name;
    }
    return new ByteString(text(345, 155).latin1() + "/" + name.latin1());
  }

  private boolean isV7() {
    return bytes[start + MAGIC] != 'u' || bytes[start + MAGIC + 4] != 'r';
  }

  private boolean isUstar() {
    return !isV7() && bytes[start + MAGIC + 5] == 0;
  }

  private ByteString text(int at, int length) {
    int end = 0;
    while (end < length && bytes[start + at + end] != 0) {
      end++;
    }
    return ByteString.of(bytes, start + at, end);
  }

  long natural(int at, int length, String field) {
    long number = number(at, length, field);
    if (number < 0) {
      throw bad(field, "found " + number + ", which is negative");
    }
    return number;
  }

  /**
   * Octal digits, or GNU's and star's base-256 where the first byte's high bit is set.
   *
   * <p>Nearly every field has as many digits as fit before one NUL or space: those are read a word
   * at a time, as each of a layer's many headers has six of them.
   */
  private long number(int at, int length, String field) {
    int from = start + at;
    long word = (long) LONGS.get(bytes, from);
    if (length == 8) {
      long digits = (word ^ ZEROS) >>> 8;
      if (((digits & NO_OCTAL) | (word & NO_END)) == 0) {
        return octal(digits);
      }
    } else if (length == 12) {
      long digits = word ^ ZEROS;
      long rest = Integer.toUnsignedLong((int) INTS.get(bytes, from + 8));
      long last = (rest ^ ZEROS >>> 32) >>> 8;
      if (((digits & NO_OCTAL) | (last & NO_OCTAL) | (rest & NO_END)) == 0) {
        return octal(digits) << 9 | octal(last);
      }
    }
    return spelled(from, length, field);
  }

  /** Eight digits, one a byte, the first one highest: as pairs, then fours, then all. */
  private static long octal(long digits) {
    long pairs = (digits & 0x0007_0007_0007_0007L) | (digits >>> 5 & 0x0038_0038_0038_0038L);
    long fours = (pairs & 0x0000_003f_0000_003fL) | (pairs >>> 10 & 0x0000_0fc0_0000_0fc0L);
    return (fours & 0xfff) | (fours >>> 20 & 0xfff000);
  }

  private long spelled(int first, int length, String field) {
    int from = first;
    int end = from + length;
    if (bytes[from] < 0) {
      return base256(from, end, field);
    }
    while (from < end && (bytes[from] == ' ' || bytes[from] == 0)) {
      from++;
    }
    long number = 0;
    for (; from < end && bytes[from] != ' ' && bytes[from] != 0; from++) {
      int digit = bytes[from] - '0';
      if ((digit & ~7) != 0) {
        throw bad(field, "found " + ByteString.of(bytes, first, length) + ", expected octal");
      }
      number = (number << 3) | digit;
    }
    return number;
  }

  private long base256(int from, int end, String field) {
    boolean negative = (bytes[from] & 0x40) != 0;
    long number = negative ? bytes[from] : bytes[from] & 0x3f;
    for (int i = from + 1; i < end; i++) {
      if (number != number << 8 >> 8) {
        throw bad(field, "found a number of more than 64 bits");
      }
      number = (number << 8) | (bytes[i] & 0xff);
    }
    return number;
  }

  int octet(int at) {
    return bytes[start + at];
  }

  ContentException bad(String field, String found) {
    return new ContentException("tar header at offset " + offset + ": " + field + ": " + found);
  }
}
