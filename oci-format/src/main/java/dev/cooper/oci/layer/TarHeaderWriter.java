package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes header blocks in place, and the PAX records for what does not fit into them. */
final class TarHeaderWriter {
  /**
   * Stands for a PAX header, which is an entry of its own; its name is what python's tar writes.
   */
  static final TarEntry EXTENSION = TarEntry.file(new ByteString("././@PaxHeader"), 0644, 0);

  private static final int NAME = 100;
  private static final int PREFIX = 155;
  private static final long MAX_ID = 07777777;
  private static final long MAX_OCTAL_12 = 077777777777L;
  private static final byte[] MAGIC = "ustar\00000".getBytes(StandardCharsets.ISO_8859_1);

  private final ByteArrayOutputStream records = new ByteArrayOutputStream();

  /** The records that an entry needs, sorted by key, or null for none. */
  byte @Nullable [] extension(TarEntry entry) {
    records.reset();
    xattrs(entry);
    number("gid", entry.gid(), MAX_ID);
    if (!fits(entry.link().latin1(), NAME)) {
      record("linkpath", entry.link().latin1());
    }
    if (entry.mtimeNanos() != 0 || !isOctal(entry.mtimeSeconds())) {
      record("mtime", time(entry.mtimeSeconds(), entry.mtimeNanos()));
    }
    String name = name(entry);
    if (split(name) < 0) {
      record("path", name);
    }
    number("size", entry.size(), MAX_OCTAL_12);
    number("uid", entry.uid(), MAX_ID);
    return records.size() == 0 ? null : records.toByteArray();
  }

  private void xattrs(TarEntry entry) {
    for (Map.Entry<ByteString, ByteString> xattr : entry.xattrs().entrySet()) {
      String name = xattr.getKey().latin1().replace("%", "%25").replace("=", "%3D");
      record("SCHILY.xattr." + name, xattr.getValue().latin1());
    }
  }

  private void number(String key, long value, long max) {
    if (value > max) {
      record(key, Long.toString(value));
    }
  }

  /** The length that leads a record counts its own digits. */
  private void record(String key, String value) {
    int rest = key.length() + value.length() + 3;
    int length = rest + digits(rest);
    length = rest + digits(length);
    String record = length + " " + key + "=" + value + "\n";
    byte[] bytes = record.getBytes(StandardCharsets.ISO_8859_1);
    records.write(bytes, 0, bytes.length);
  }

  private static int digits(int number) {
    return Integer.toString(number).length();
  }

  /** Decimal seconds: a time before 1970 is the negative of what is left to it. */
  private static String time(long seconds, int nanos) {
    if (nanos == 0) {
      return Long.toString(seconds);
    }
    boolean negative = seconds < 0;
    String whole = negative ? "-" + -(seconds + 1) : Long.toString(seconds);
    String fraction = Integer.toString(1_000_000_000 + (negative ? 1_000_000_000 - nanos : nanos));
    int end = fraction.length();
    while (fraction.charAt(end - 1) == '0') {
      end--;
    }
    return whole + "." + fraction.substring(1, end);
  }

  private static boolean isOctal(long seconds) {
    return seconds >= 0 && seconds <= MAX_OCTAL_12;
  }

  private static String name(TarEntry entry) {
    String path = entry.path().latin1();
    if (entry.type() == EntryType.DIRECTORY) {
      return path.isEmpty() ? "./" : path + "/";
    }
    if (path.isEmpty() || path.endsWith("/")) {
      throw new IllegalArgumentException(
          "tar entry \"" + entry.path() + "\": no name for a " + entry.type());
    }
    return path;
  }

  private static boolean fits(String text, int length) {
    if (text.length() > length) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /** How many bytes of a name go into the prefix: 0 for none, -1 if it takes a PAX record. */
  private static int split(String name) {
    if (!fits(name, PREFIX + 1 + NAME)) {
      return -1;
    }
    if (name.length() <= NAME) {
      return 0;
    }
    int slash = name.indexOf('/', name.length() - NAME - 1);
    return slash > 0 && slash <= PREFIX && slash < name.length() - 1 ? slash : -1;
  }

  /** Makes the block of 512 bytes at an index; {@code size} is what follows it. */
  void block(TarEntry entry, char flag, long size, byte[] target, int at) {
    Arrays.fill(target, at, at + TarInput.BLOCK, (byte) 0);
    name(entry, target, at);
    octal(entry.mode(), target, at + 100, 7);
    octal(entry.uid() > MAX_ID ? 0 : entry.uid(), target, at + 108, 7);
    octal(entry.gid() > MAX_ID ? 0 : entry.gid(), target, at + 116, 7);
    octal(size > MAX_OCTAL_12 ? 0 : size, target, at + 124, 11);
    octal(isOctal(entry.mtimeSeconds()) ? entry.mtimeSeconds() : 0, target, at + 136, 11);
    target[at + 156] = (byte) flag;
    text(entry.link().latin1(), 0, NAME, target, at + 157);
    System.arraycopy(MAGIC, 0, target, at + 257, MAGIC.length);
    octal(entry.deviceMajor(), target, at + 329, 7);
    octal(entry.deviceMinor(), target, at + 337, 7);
    checksum(target, at);
  }

  private static void name(TarEntry entry, byte[] target, int at) {
    String name = name(entry);
    int split = Math.max(0, split(name));
    text(name, split == 0 ? 0 : split + 1, NAME, target, at);
    if (split > 0) {
      text(name, 0, split, target, at + 345);
    }
  }

  private static void text(String text, int from, int length, byte[] target, int at) {
    int end = Math.min(text.length(), from + length);
    for (int i = from; i < end; i++) {
      target[at + i - from] = (byte) text.charAt(i);
    }
  }

  private static void octal(long number, byte[] target, int at, int digits) {
    long left = number;
    for (int i = digits - 1; i >= 0; i--) {
      target[at + i] = (byte) ('0' + (left & 7));
      left >>>= 3;
    }
  }

  /** The sum is taken with the field itself as spaces, and written as six digits, NUL, space. */
  private static void checksum(byte[] target, int at) {
    int sum = 8 * ' ';
    for (int i = at; i < at + TarInput.BLOCK; i++) {
      sum += target[i] & 0xff;
    }
    octal(sum, target, at + 148, 6);
    target[at + 155] = ' ';
  }

  static char flag(EntryType type) {
    return switch (type) {
      case FILE -> '0';
      case HARDLINK -> '1';
      case SYMLINK -> '2';
      case CHAR_DEVICE -> '3';
      case BLOCK_DEVICE -> '4';
      case DIRECTORY -> '5';
      case FIFO -> '6';
    };
  }
}
