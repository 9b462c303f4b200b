package dev.cooper.oci.compress;

import java.util.Arrays;

/**
 * Tells bytes that deflate can't shrink, as those of files that are packed already: it would spend
 * as long on them as on any others.
 *
 * <p>They have nearly 8 bits of entropy a byte, and nothing in them comes twice within a window.
 * The answer depends on the bytes alone. Not thread-safe.
 */
final class Entropy {
  /** An odd step, so that no byte of a record of 2, 4 or 8 escapes. */
  private static final int STEP = 5;

  private static final double PACKED = 7.8;
  private static final int SLOTS = 4096;
  private static final int SAMPLED = 31;
  private static final int SEEDED = 0x9e3779b1;

  private final int[] counts = new int[256];
  private final int[] seen = new int[SLOTS];

  /**
   * Whether some bytes had better be stored as they are.
   *
   * @param bytes holds them, and those before
   * @param window the first one's index that deflate could refer to
   * @param start their first one's index
   * @param length how many, a few thousand or more for a good guess
   */
  boolean isPacked(byte[] bytes, int window, int start, int length) {
    return bits(bytes, start, length) > PACKED && !repeats(bytes, window, start, start + length);
  }

  private double bits(byte[] bytes, int start, int length) {
    Arrays.fill(counts, 0);
    int samples = 0;
    for (int i = start; i < start + length; i += STEP) {
      counts[bytes[i] & 0xff]++;
      samples++;
    }
    double sum = 0;
    for (int count : counts) {
      if (count > 0) {
        sum += count * Math.log(count);
      }
    }
    return samples == 0 ? 0 : (Math.log(samples) - sum / samples) / Math.log(2);
  }

  /** Looks at one in 32 places, chosen by their content: so a repetition chooses the same ones. */
  private boolean repeats(byte[] bytes, int window, int start, int end) {
    Arrays.fill(seen, 0);
    int places = 0;
    int repeated = 0;
    int word = 0;
    for (int i = window; i < end; i++) {
      word = (word << 8) | (bytes[i] & 0xff);
      int hash = word * SEEDED;
      if ((hash >>> 27) == SAMPLED && i >= window + 3) {
        int slot = (hash >>> 10) & (SLOTS - 1);
        if (i >= start) {
          places++;
          repeated += seen[slot] == word ? 1 : 0;
        }
        seen[slot] = word;
      }
    }
    return repeated * 32 > places;
  }
}
