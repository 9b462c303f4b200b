package dev.cooper.oci.compress;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Deflates (RFC 1951) about as small as zlib's middle levels, in less time.
 *
 * <p>Earlier places are found by two hashes: of eight bytes, for long matches, with the last two
 * places of each; and of four, for the others. A match waits for one at the next byte that is
 * longer. The bytes depend on the input alone. Not thread-safe.
 */
final class DeflateEncoder implements RunPacker {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int WINDOW = 32 * 1024;
  private static final int MAX_MATCH = 258;
  private static final int MIN_MATCH = 4;
  private static final int SHORT_BITS = 15;
  private static final int LONG_BITS = 16;
  private static final long LONG_PRIME = 0xcf1bbcdcb7a56463L;
  private static final int SHORT_PRIME = 0x9e3779b1;

  /** What a match search reads past its place. */
  private static final int MARGIN = 16;

  /** A match this long is taken as it is. */
  private static final int GOOD = 48;

  /** Where nothing was found for this many bytes (as a power of 2), places are passed over. */
  private static final int PATIENCE = 7;

  private final int[] shorts = new int[1 << SHORT_BITS];
  private final int[] longs = new int[2 << LONG_BITS];
  private final DeflateTokens tokens = new DeflateTokens();
  private byte[] input = new byte[0];
  private int floor;
  private int end;
  private int matchLength;
  private int matchPlace;

  @Override
  public void begin(byte[] bytes, int windowStart) {
    input = bytes;
    floor = windowStart;
    Arrays.fill(shorts, -1);
    Arrays.fill(longs, -1);
  }

  @Override
  public void pass(int from, int to) {
    for (int i = from; i < to - Long.BYTES; i++) {
      note(i, (long) LONGS.get(input, i));
    }
  }

  private static int longSlot(long bytes) {
    return ((int) ((bytes * LONG_PRIME) >>> (64 - LONG_BITS))) << 1;
  }

  private static int shortSlot(int bytes) {
    return (bytes * SHORT_PRIME) >>> (32 - SHORT_BITS);
  }

  private void note(int at, long bytes) {
    int slot = longSlot(bytes);
    longs[slot + 1] = longs[slot];
    longs[slot] = at;
    shorts[shortSlot((int) bytes)] = at;
  }

  /** Ends with an empty stored block, which gets it to a byte's boundary. */
  @Override
  public void encode(int start, int runEnd, BitOutput out) {
    end = runEnd;
    int last = runEnd - MARGIN;
    int at = start;
    int sent = start;
    int blockStart = start;
    while (at < last) {
      if (!find(at)) {
        at += 1 + ((at - sent) >>> PATIENCE);
        continue;
      }
      int length = matchLength;
      int place = matchPlace;
      while (length < GOOD && at + 1 < last && find(at + 1) && matchLength > length) {
        at++;
        length = matchLength;
        place = matchPlace;
      }
      blockStart = literals(sent, at, blockStart, out);
      blockStart = flushIfFull(at, blockStart, out);
      tokens.match(length, at - place);
      noteWithin(at + 2, Math.min(at + length, last));
      at += length;
      sent = at;
    }
    blockStart = literals(sent, runEnd, blockStart, out);
    tokens.flush(out, input, blockStart, runEnd);
    out.storedHeader(false, 0);
  }

  @Override
  public void release() {}

  private void noteWithin(int from, int to) {
    for (int i = from; i < to; i += 2) {
      note(i, (long) LONGS.get(input, i));
    }
  }

  private int literals(int from, int to, int blockStart, BitOutput out) {
    int start = blockStart;
    for (int i = from; i < to; i++) {
      start = flushIfFull(i, start, out);
      tokens.literal(input[i]);
    }
    return start;
  }

  private int flushIfFull(int at, int blockStart, BitOutput out) {
    if (!tokens.isFull()) {
      return blockStart;
    }
    tokens.flush(out, input, blockStart, at);
    return at;
  }

  /** Looks for the longest match among the places noted, and notes this one. */
  private boolean find(int at) {
    long bytes = (long) LONGS.get(input, at);
    int longSlot = longSlot(bytes);
    int shortSlot = shortSlot((int) bytes);
    int first = longs[longSlot];
    int second = longs[longSlot + 1];
    int third = shorts[shortSlot];
    longs[longSlot + 1] = first;
    longs[longSlot] = at;
    shorts[shortSlot] = at;
    matchLength = MIN_MATCH - 1;
    int lowest = Math.max(floor, at - WINDOW);
    if (first >= lowest) {
      consider(first, at, (int) bytes);
    }
    if (second >= lowest) {
      consider(second, at, (int) bytes);
    }
    if (matchLength < MIN_MATCH && third >= lowest) {
      consider(third, at, (int) bytes);
    }
    return matchLength >= MIN_MATCH;
  }

  private void consider(int place, int at, int bytes) {
    if ((int) INTS.get(input, place) == bytes && place < at) {
      int length = length(place, at);
      if (length > matchLength) {
        matchLength = length;
        matchPlace = place;
      }
    }
  }

  private int length(int place, int at) {
    int most = Math.min(MAX_MATCH, end - at);
    int length = 4;
    while (length <= most - Long.BYTES) {
      long differing =
          (long) LONGS.get(input, place + length) ^ (long) LONGS.get(input, at + length);
      if (differing != 0) {
        return length + (Long.numberOfTrailingZeros(differing) >>> 3);
      }
      length += Long.BYTES;
    }
    while (length < most && input[place + length] == input[at + length]) {
      length++;
    }
    return length;
  }
}
