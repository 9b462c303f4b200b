package dev.cooper.oci.compress;

import java.util.Arrays;

/**
 * Literals and matches on their way into one block with a code of its own (RFC 1951, 3.2.7), or a
 * stored one where that is shorter.
 */
final class DeflateTokens {
  private static final int CAPACITY = 32 * 1024;
  private static final int MATCH = 1 << 31;
  private static final int END = 256;
  private static final int MAX_STORED = 0xffff;

  /** The order in which the lengths of the lengths' code are sent. */
  private static final int[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  /** For a match's length less 3: its symbol less 257, its further bits, and how many. */
  private static final byte[] LENGTH_SYMBOL = new byte[256];

  private static final byte[] LENGTH_EXTRA = new byte[256];
  private static final byte[] LENGTH_EXTRA_BITS = new byte[256];

  static {
    int length = 0;
    for (int symbol = 0; symbol < 28; symbol++) {
      int extraBits = symbol < 8 ? 0 : symbol / 4 - 1;
      for (int extra = 0; extra < 1 << extraBits; extra++, length++) {
        LENGTH_SYMBOL[length] = (byte) symbol;
        LENGTH_EXTRA[length] = (byte) extra;
        LENGTH_EXTRA_BITS[length] = (byte) extraBits;
      }
    }
    LENGTH_SYMBOL[255] = 28; // 258 has a symbol of its own
    LENGTH_EXTRA[255] = 0;
    LENGTH_EXTRA_BITS[255] = 0;
  }

  private final int[] tokens = new int[CAPACITY];
  private int count;
  private final HuffmanCode literals = new HuffmanCode(286, 15);
  private final HuffmanCode distances = new HuffmanCode(30, 15);
  private final HuffmanCode meta = new HuffmanCode(19, 7);
  private final long[] matchBits = new long[256];
  private final int[] matchBitCounts = new int[256];
  private final byte[] allLengths = new byte[286 + 30];
  private final int[] runs = new int[286 + 30];
  private int runCount;

  boolean isFull() {
    return count == CAPACITY;
  }

  void literal(byte value) {
    tokens[count++] = value & 0xff;
  }

  /** A match of 3 to 258 bytes, 1 to 32768 bytes before. */
  void match(int length, int distance) {
    tokens[count++] = MATCH | ((length - 3) << 16) | (distance - 1);
  }

  private static int distanceSymbol(int less1) {
    if (less1 < 4) {
      return less1;
    }
    int log = 31 - Integer.numberOfLeadingZeros(less1);
    return 2 * log + ((less1 >>> (log - 1)) & 1);
  }

  /** Writes the block of these bytes, which is not the last one, and starts anew. */
  void flush(BitOutput out, byte[] raw, int start, int end) {
    if (count == 0) {
      return;
    }
    countSymbols();
    literals.build();
    distances.build();
    int symbols = describe();
    long bits = 3 + headerBits() + contentBits();
    if (bits / 8 > end - start) {
      store(out, raw, start, end);
    } else {
      out.reserve((int) (bits / 8) + 1);
      header(out, symbols);
      content(out);
    }
    count = 0;
  }

  private void countSymbols() {
    Arrays.fill(literals.frequencies, 0);
    Arrays.fill(distances.frequencies, 0);
    int[] symbols = literals.frequencies;
    for (int i = 0; i < count; i++) {
      int token = tokens[i];
      if (token >= 0) {
        symbols[token]++;
      } else {
        symbols[257 + LENGTH_SYMBOL[(token >>> 16) & 0xff]]++;
        distances.frequencies[distanceSymbol(token & 0x7fff)]++;
      }
    }
    symbols[END] = 1;
  }

  private long contentBits() {
    long bits = literals.bits() + distances.bits();
    for (int i = 0; i < count; i++) {
      int token = tokens[i];
      if (token < 0) {
        int symbol = distanceSymbol(token & 0x7fff);
        bits += LENGTH_EXTRA_BITS[(token >>> 16) & 0xff] + Math.max(0, symbol / 2 - 1);
      }
    }
    return bits;
  }

  private static int used(byte[] lengths, int least) {
    int used = lengths.length;
    while (used > least && lengths[used - 1] == 0) {
      used--;
    }
    return used;
  }

  /**
   * Describes both codes' lengths as runs, each a symbol with its further bits above it, and makes
   * the code for those.
   *
   * @return how many symbols of the first code are described
   */
  private int describe() {
    int first = used(literals.lengths, 257);
    int second = used(distances.lengths, 1);
    System.arraycopy(literals.lengths, 0, allLengths, 0, first);
    System.arraycopy(distances.lengths, 0, allLengths, first, second);
    Arrays.fill(meta.frequencies, 0);
    runCount = 0;
    int total = first + second;
    for (int at = 0; at < total; ) {
      int end = at + 1;
      while (end < total && allLengths[end] == allLengths[at]) {
        end++;
      }
      run(allLengths[at], end - at);
      at = end;
    }
    meta.build();
    return first;
  }

  private void run(int length, int times) {
    int left = times;
    if (length == 0) {
      for (; left >= 11; left -= Math.min(left, 138)) {
        addRun(18, Math.min(left, 138) - 11);
      }
      if (left >= 3) {
        addRun(17, left - 3);
        left = 0;
      }
    } else {
      addRun(length, 0);
      for (left--; left >= 3; left -= Math.min(left, 6)) {
        addRun(16, Math.min(left, 6) - 3);
      }
    }
    for (; left > 0; left--) {
      addRun(length, 0);
    }
  }

  private void addRun(int symbol, int extra) {
    runs[runCount++] = (extra << 8) | symbol;
    meta.frequencies[symbol]++;
  }

  private static int runBits(int symbol) {
    return switch (symbol) {
      case 16 -> 2;
      case 17 -> 3;
      case 18 -> 7;
      default -> 0;
    };
  }

  private int sentMetaLengths() {
    int sent = ORDER.length;
    while (sent > 4 && meta.lengths[ORDER[sent - 1]] == 0) {
      sent--;
    }
    return sent;
  }

  private long headerBits() {
    long bits = 14 + 3L * sentMetaLengths() + meta.bits();
    for (int i = 0; i < runCount; i++) {
      bits += runBits(runs[i] & 0xff);
    }
    return bits;
  }

  private void header(BitOutput out, int symbols) {
    out.add(0b100, 3); // not the last, with codes of its own
    out.add(symbols - 257, 5);
    out.add(used(distances.lengths, 1) - 1, 5);
    int sent = sentMetaLengths();
    out.add(sent - 4, 4);
    for (int i = 0; i < sent; i++) {
      out.add(meta.lengths[ORDER[i]], 3);
    }
    for (int i = 0; i < runCount; i++) {
      int symbol = runs[i] & 0xff;
      out.add(meta.codes[symbol], meta.lengths[symbol]);
      out.add(runs[i] >>> 8, runBits(symbol));
    }
  }

  private void content(BitOutput out) {
    for (int i = 0; i < 256; i++) {
      int symbol = 257 + LENGTH_SYMBOL[i];
      matchBits[i] = literals.codes[symbol] | ((long) LENGTH_EXTRA[i] << literals.lengths[symbol]);
      matchBitCounts[i] = literals.lengths[symbol] + LENGTH_EXTRA_BITS[i];
    }
    for (int i = 0; i < count; i++) {
      int token = tokens[i];
      if (token >= 0) {
        out.add(literals.codes[token], literals.lengths[token]);
      } else {
        match(out, (token >>> 16) & 0xff, token & 0x7fff);
      }
    }
    out.add(literals.codes[END], literals.lengths[END]);
  }

  private void match(BitOutput out, int length, int less1) {
    int symbol = distanceSymbol(less1);
    int extraBits = Math.max(0, symbol / 2 - 1);
    long extra = less1 & ((1 << extraBits) - 1);
    int codeLength = distances.lengths[symbol];
    long distance = distances.codes[symbol] | (extra << codeLength);
    int lengthBits = matchBitCounts[length];
    out.add(matchBits[length] | (distance << lengthBits), lengthBits + codeLength + extraBits);
  }

  private static void store(BitOutput out, byte[] raw, int start, int end) {
    for (int at = start; at < end; at += MAX_STORED) {
      int length = Math.min(MAX_STORED, end - at);
      out.storedHeader(false, length);
      out.addBytes(raw, at, length);
    }
  }
}
