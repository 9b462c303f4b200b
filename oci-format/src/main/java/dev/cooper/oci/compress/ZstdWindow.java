package dev.cooper.oci.compress;

/**
 * How much a zstd stream's first frame asks its reader to remember. Source: RFC 8878, "Frame
 * Header".
 */
final class ZstdWindow {
  /** The longest header that has the size, with the magic number before it. */
  static final int HEADER = 18;

  private static final int MAGIC = 0xfd2fb528;
  private static final int LEAST_LOG = 10;

  private ZstdWindow() {}

  /**
   * The window's bytes; the most that is allowed where the head does not say, as with a frame that
   * is skipped.
   *
   * @param most what is allowed; a frame that wants more is refused when it is read
   */
  static long of(byte[] head, int length, long most) {
    if (length < 6 || (int) little(head, 0, 4) != MAGIC) {
      return most;
    }
    int descriptor = head[4] & 0xff;
    boolean single = (descriptor & 0x20) != 0;
    long window = single ? content(head, length, descriptor) : window(head[5] & 0xff);
    return window < 0 ? most : Math.min(window, most);
  }

  private static long window(int descriptor) {
    long base = 1L << (LEAST_LOG + (descriptor >> 3));
    return base + base / 8 * (descriptor & 7);
  }

  /** Of a frame that is a single segment: all of its content. */
  private static long content(byte[] head, int length, int descriptor) {
    int dictionary = (1 << (descriptor & 3)) >> 1;
    int bytes = 1 << (descriptor >> 6);
    int at = 5 + dictionary;
    if (at + bytes > length) {
      return -1;
    }
    return little(head, at, bytes) + (bytes == 2 ? 256 : 0);
  }

  private static long little(byte[] bytes, int at, int count) {
    long value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (bytes[at + i] & 0xff);
    }
    return value;
  }

  /** The power of two that a window fits in, as zstd's limit is one. */
  static int log(long window) {
    return window <= 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(window - 1);
  }
}
