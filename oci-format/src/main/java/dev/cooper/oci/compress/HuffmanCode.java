package dev.cooper.oci.compress;

import java.util.Arrays;

/** A prefix code of limited length for symbols of known frequency (RFC 1951, 3.2.2). */
final class HuffmanCode {
  private static final int SYMBOL_BITS = 9;

  private final int maxLength;
  final int[] frequencies;
  final byte[] lengths;

  /** The codes, their first bit in the lowest place, as they are sent. */
  final int[] codes;

  private final long[] sorted;
  private final int[] weights;
  private final int[] counts;

  HuffmanCode(int symbols, int maxLength) {
    this.maxLength = maxLength;
    frequencies = new int[symbols];
    lengths = new byte[symbols];
    codes = new int[symbols];
    sorted = new long[symbols];
    weights = new int[symbols];
    counts = new int[64];
  }

  /** Makes the code for {@link #frequencies}; at least two symbols get one, as decoders want. */
  void build() {
    for (int symbol = 0; used() < 2; symbol++) {
      frequencies[symbol] = Math.max(1, frequencies[symbol]);
    }
    int used = sort();
    Arrays.fill(counts, 0);
    depths(used);
    for (int i = 0; i < used; i++) {
      counts[Math.min(weights[i], maxLength)]++;
    }
    limit();
    assign(used);
    number();
  }

  private int used() {
    int used = 0;
    for (int frequency : frequencies) {
      used += frequency > 0 ? 1 : 0;
    }
    return used;
  }

  private int sort() {
    int used = 0;
    for (int symbol = 0; symbol < frequencies.length; symbol++) {
      if (frequencies[symbol] > 0) {
        sorted[used++] = ((long) frequencies[symbol] << SYMBOL_BITS) | symbol;
      }
    }
    Arrays.sort(sorted, 0, used);
    return used;
  }

  /**
   * The depths of an optimal tree's leaves, in place: Moffat and Katajainen, "In-Place Calculation
   * of Minimum-Redundancy Codes". Afterwards the rarest symbol, the first, is the deepest.
   */
  private void depths(int used) {
    for (int i = 0; i < used; i++) {
      weights[i] = (int) (sorted[i] >>> SYMBOL_BITS);
    }
    pairUp(used);
    weights[used - 2] = 0;
    for (int node = used - 3; node >= 0; node--) {
      weights[node] = weights[weights[node]] + 1;
    }
    leafDepths(used);
  }

  /** Joins the two lightest, again and again; a joined node's slot then names its parent. */
  private void pairUp(int used) {
    int leaf = 0;
    int root = 0;
    for (int next = 0; next < used - 1; next++) {
      int weight = 0;
      for (int side = 0; side < 2; side++) {
        boolean takesLeaf = root >= next || (leaf < used && weights[leaf] < weights[root]);
        if (takesLeaf) {
          weight += weights[leaf++];
        } else {
          weight += weights[root];
          weights[root++] = next;
        }
      }
      weights[next] = weight;
    }
  }

  private void leafDepths(int used) {
    int available = 1;
    int depth = 0;
    int root = used - 2;
    int next = used - 1;
    while (available > 0) {
      int inner = 0;
      while (root >= 0 && weights[root] == depth) {
        inner++;
        root--;
      }
      for (; available > inner; available--) {
        weights[next--] = depth;
      }
      available = 2 * inner;
      depth++;
    }
  }

  /** Lengthens shorter codes until those that were cut to the limit have room (Kraft). */
  private void limit() {
    int total = 0;
    for (int length = 1; length <= maxLength; length++) {
      total += counts[length] << (maxLength - length);
    }
    for (; total > (1 << maxLength); total--) {
      int length = maxLength - 1;
      while (counts[length] == 0) {
        length--;
      }
      counts[maxLength]--;
      counts[length]--;
      counts[length + 1] += 2;
    }
  }

  private void assign(int used) {
    Arrays.fill(lengths, (byte) 0);
    int next = 0;
    for (int length = maxLength; length > 0; length--) {
      for (int i = 0; i < counts[length]; i++) {
        lengths[(int) sorted[next++] & ((1 << SYMBOL_BITS) - 1)] = (byte) length;
      }
    }
    if (next != used) {
      throw new IllegalStateException("a code for " + next + " of " + used + " symbols");
    }
  }

  private void number() {
    int[] next = new int[maxLength + 2];
    for (int length = 1; length <= maxLength; length++) {
      next[length + 1] = (next[length] + counts[length]) << 1;
    }
    for (int symbol = 0; symbol < lengths.length; symbol++) {
      int length = lengths[symbol];
      if (length > 0) {
        codes[symbol] = Integer.reverse(next[length]++) >>> (32 - length);
      }
    }
  }

  /** How many bits the symbols take, without what may follow them. */
  long bits() {
    long bits = 0;
    for (int symbol = 0; symbol < lengths.length; symbol++) {
      bits += (long) frequencies[symbol] * lengths[symbol];
    }
    return bits;
  }
}
