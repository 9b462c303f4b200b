package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;

/**
 * The fields of a header block, read where they lie: POSIX.1-2017 pax, "ustar Interchange Format",
 * and GNU tar's variant of it.
 */
final class TarHeader {
  static final int BLOCK = TarInput.BLOCK;
  private static final int CHECKSUM = 148;
  private static final int MAGIC = 257;

  private byte[] bytes = new byte[BLOCK];
  private int start;
  private long offset;

  /** Looks at a block; true if it is all zeros, as the end marker's two are. */
  boolean at(byte[] buffer, int index, long archiveOffset) {
    look(buffer, index, archiveOffset);
    if (bytes[start] == 0 && isZero()) {
      return true;
    }
    checkSum();
    return false;
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

  /** Octal digits, or GNU's and star's base-256 where the first byte's high bit is set. */
  private long number(int at, int length, String field) {
    int from = start + at;
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
        throw bad(field, "found " + ByteString.of(bytes, start + at, length) + ", expected octal");
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
