package dev.cooper.tree;

/**
 * A set of paths by hashes of 64 bits, in 8 to 16 bytes for each; that two paths share a hash is
 * left to its user. Not thread-safe.
 */
final class HashedPaths {
  private long[] table = new long[64];
  private int count;

  /** Adds a path's hash. */
  void add(long hash) {
    long key = key(hash);
    int at = slot(table, key);
    if (table[at] == 0) {
      table[at] = key;
      if (2 * ++count > table.length) {
        grow();
      }
    }
  }

  boolean contains(long hash) {
    return table[slot(table, key(hash))] != 0;
  }

  /** Whether it holds one that another set does not. */
  boolean anyBut(HashedPaths other) {
    for (long key : table) {
      if (key != 0 && other.table[slot(other.table, key)] == 0) {
        return true;
      }
    }
    return false;
  }

  /** Never 0, which is an empty slot. */
  private static long key(long hash) {
    return hash == 0 ? 1 : hash;
  }

  private static int slot(long[] table, long key) {
    int at = (int) (key ^ key >>> 32) & (table.length - 1);
    while (table[at] != 0 && table[at] != key) {
      at = at + 1 & (table.length - 1);
    }
    return at;
  }

  private void grow() {
    long[] old = table;
    table = new long[2 * old.length];
    for (long key : old) {
      if (key != 0) {
        table[slot(table, key)] = key;
      }
    }
  }
}
