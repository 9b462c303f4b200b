package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The records of a PAX extended header: {@code length key=value\n}, values as bytes.
 *
 * <p>POSIX.1-2017 pax, "pax Extended Header". Unknown keys are passed over.
 */
final class PaxRecords {
  private static final String XATTR = "SCHILY.xattr.";
  private static final String SPARSE = "GNU.sparse.";
  private static final int MAX_XATTR_NAME = 255;

  /** The kernel's XATTR_LIST_MAX: all names of a file, each with a NUL. */
  private static final int MAX_XATTR_LIST = 1 << 16;

  private static final int MAX_NUMBER = 40;
  private static final int MAX_DEPTH = 20;

  @Nullable ByteString path;
  @Nullable ByteString link;
  long size = -1;
  long uid = -1;
  long gid = -1;
  boolean hasMtime;
  long mtimeSeconds;
  int mtimeNanos;
  final SortedMap<ByteString, ByteString> xattrs = new TreeMap<>();
  final PaxSparse sparse;

  private final ImageLimits limits;
  private final long offset;
  private final boolean global;
  private int xattrNames;

  private PaxRecords(ImageLimits limits, long offset, boolean global) {
    this.limits = limits;
    this.offset = offset;
    this.global = global;
    this.sparse = new PaxSparse(limits, offset);
  }

  /** The records that an entry's own header holds. */
  static PaxRecords of(byte[] body, ImageLimits limits, long offset) {
    return new PaxRecords(limits, offset, false).parse(body);
  }

  /** The records of a global header: only owner and time can sensibly be those of many entries. */
  static PaxRecords global(byte[] body, ImageLimits limits, long offset) {
    return new PaxRecords(limits, offset, true).parse(body);
  }

  private PaxRecords parse(byte[] body) {
    for (int at = 0; at < body.length; ) {
      int space = at;
      while (space < body.length && space - at < MAX_DEPTH && body[space] != ' ') {
        space++;
      }
      long length = natural(ByteString.of(body, at, space - at), "record length");
      if (length <= space - at + 3 || length > body.length - at) {
        throw bad("record length", "found " + length);
      }
      int end = (int) (at + length) - 1;
      int equals = space + 1;
      while (equals < end && body[equals] != '=') {
        equals++;
      }
      if (equals == end || equals == space + 1 || body[end] != '\n') {
        throw bad("record", "found no key=value and line feed in " + length + " bytes");
      }
      String key = ByteString.of(body, space + 1, equals - space - 1).latin1();
      record(key, body, equals + 1, end - equals - 1);
      at = end + 1;
    }
    return this;
  }

  private void record(String key, byte[] body, int at, int length) {
    if (key.startsWith(XATTR)) {
      perEntry(key);
      xattr(xattrName(key), body, at, length);
    } else if (key.startsWith(SPARSE)) {
      perEntry(key);
      sparse.record(key.substring(SPARSE.length()), value(key, body, at, length));
    } else {
      standard(key, body, at, length);
    }
  }

  private void standard(String key, byte[] body, int at, int length) {
    switch (key) {
      case "path" -> path = name(key, body, at, length);
      case "linkpath" -> link = name(key, body, at, length);
      case "size" -> {
        perEntry(key);
        size = optional(key, body, at, length);
      }
      case "uid" -> uid = optional(key, body, at, length);
      case "gid" -> gid = optional(key, body, at, length);
      case "mtime" -> mtime(value(key, body, at, length));
      default -> {
        // atime, ctime, uname, gname, comment and every vendor's own: nothing here is made of them.
      }
    }
  }

  private void perEntry(String key) {
    if (global) {
      throw bad(key, "found in a global header, where it would be every entry's");
    }
  }

  private @Nullable ByteString name(String key, byte[] body, int at, int length) {
    perEntry(key);
    if (length > limits.nameBytes()) {
      throw over("nameBytes", limits.nameBytes(), key, length);
    }
    ByteString name = ByteString.of(body, at, length);
    if (name.latin1().indexOf(0) >= 0) {
      throw bad(key, "found a NUL byte in " + name);
    }
    return name.isEmpty() ? null : name; // an empty value takes an earlier record back
  }

  private ByteString value(String key, byte[] body, int at, int length) {
    if (length > limits.headerBytes()) {
      throw bad(key, "found " + length + " bytes");
    }
    return ByteString.of(body, at, length);
  }

  private long optional(String key, byte[] body, int at, int length) {
    return length == 0 ? -1 : natural(value(key, body, at, Math.min(length, MAX_NUMBER)), key);
  }

  private ByteString xattrName(String key) {
    String name = key.substring(XATTR.length());
    if (name.isEmpty() || name.length() > MAX_XATTR_NAME || name.indexOf(0) >= 0) {
      throw bad("extended attribute", "its name has " + name.length() + " bytes, or a NUL");
    }
    return new ByteString(name.indexOf('%') < 0 ? name : unescape(name));
  }

  /** GNU tar writes {@code =} as %3D in an attribute's name, and so {@code %} as %25. */
  private static String unescape(String name) {
    return name.replace("%3D", "=").replace("%25", "%");
  }

  private void xattr(ByteString name, byte[] body, int at, int length) {
    if (length > limits.xattrBytes()) {
      throw over("xattrBytes", limits.xattrBytes(), "extended attribute " + name, length);
    }
    xattrNames += name.length() + 1;
    if (xattrNames > MAX_XATTR_LIST) {
      throw bad("extended attributes", "found names of more bytes together than a file may have");
    }
    xattrs.put(name, ByteString.of(body, at, length));
  }

  /** Decimal seconds with a fraction; digits beyond nanoseconds are dropped. */
  private void mtime(ByteString value) {
    String text = value.latin1();
    hasMtime = !text.isEmpty();
    if (!hasMtime) {
      return;
    }
    boolean negative = text.startsWith("-");
    int point = text.indexOf('.');
    int end = point < 0 ? text.length() : point;
    long seconds = natural(new ByteString(text.substring(negative ? 1 : 0, end)), "mtime");
    int nanos = point < 0 ? 0 : fraction(text.substring(point + 1));
    boolean borrows = negative && nanos > 0;
    mtimeSeconds = (negative ? -seconds : seconds) - (borrows ? 1 : 0);
    mtimeNanos = borrows ? 1_000_000_000 - nanos : nanos;
  }

  private int fraction(String digits) {
    String nine = (digits + "000000000").substring(0, 9);
    for (int i = 9; i < digits.length(); i++) {
      if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
        throw bad("mtime", "found a fraction that is no number");
      }
    }
    return (int) natural(new ByteString(nine), "mtime");
  }

  private long natural(ByteString value, String field) {
    return natural(value, field, offset);
  }

  static long natural(ByteString value, String field, long offset) {
    String digits = value.latin1();
    long number = 0;
    boolean good = !digits.isEmpty() && digits.length() < MAX_NUMBER;
    for (int i = 0; i < digits.length() && good; i++) {
      int digit = digits.charAt(i) - '0';
      good = digit >= 0 && digit <= 9 && number <= (Long.MAX_VALUE - digit) / 10;
      number = number * 10 + digit;
    }
    if (!good) {
      ByteString shown = new ByteString(digits.substring(0, Math.min(digits.length(), 64)));
      throw bad(offset, field, "found \"" + shown + "\", expected a natural number below 2^63");
    }
    return number;
  }

  private ContentException bad(String field, String found) {
    return bad(offset, field, found);
  }

  private ContentException over(String limit, int most, String field, int length) {
    return ImageLimits.exceeded(
        limit,
        most,
        "the PAX header in the tar at offset "
            + offset
            + " has a "
            + field
            + " of "
            + length
            + " bytes");
  }

  private static ContentException bad(long offset, String field, String found) {
    return new ContentException(
        "PAX header in tar at offset " + offset + ": " + field + ": " + found);
  }
}
