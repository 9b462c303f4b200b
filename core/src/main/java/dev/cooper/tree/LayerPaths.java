package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;

/**
 * Refuses an archive whose entries lie below one that is no directory, before anything is made of
 * it, and tells which of its directories a layer does not name.
 *
 * <p>So do GNU tar, Docker, containerd and umoci, when they write them: ENOTDIR. A link on the way
 * is another matter, as it may lead to a directory. Known in 8 to 16 bytes for each such entry, by
 * a hash of 64 bits: that two paths share one takes somebody who wants the archive to be refused.
 * Not thread-safe.
 */
public final class LayerPaths {
  private static final long OFFSET = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  /**
   * Each path's key where its hash says, or behind; its lowest bit says that it is no directory.
   */
  private long[] table = new long[1024];

  private int count;
  private long lastParent;
  private final HashedPaths named = new HashedPaths();
  private final HashedPaths unnamed = new HashedPaths();
  private final HashedPaths becameLinks = new HashedPaths();
  private boolean rootApart;

  /**
   * Adds the next entry.
   *
   * @param path its normal path
   * @throws ContentException if what an earlier one has at the path of a directory of it is none
   */
  public void add(TarEntry entry, ByteString path) {
    String text = path.latin1();
    long hash = OFFSET;
    long parent = OFFSET;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      parent = c == '/' ? hash : parent;
      hash = (hash ^ c) * PRIME;
    }
    if (parent != lastParent) {
      requireDirectories(entry, text);
      lastParent = parent;
      if (parent != OFFSET && !named.contains(parent)) {
        unnamed.add(parent);
      }
    }
    if (entry.type() == EntryType.HARDLINK) {
      requireFile(entry);
    }
    if (entry.type() == EntryType.SYMLINK && named.contains(hash)) {
      becameLinks.add(hash);
    }
    if (entry.type() == EntryType.DIRECTORY) {
      named.add(hash);
      rootApart = hash == OFFSET ? !isUsualRoot(entry) : rootApart;
    }
    if (entry.type() != EntryType.DIRECTORY && entry.type() != EntryType.SYMLINK) {
      put(hash);
      lastParent = hash == lastParent ? 0 : lastParent;
    } else {
      table[slot(hash)] &= ~1; // what may have been a file is none any more
    }
  }

  /** Whether a root is as one that no layer names. */
  public static boolean isUsualRoot(TarEntry root) {
    return root.mode() == 0755 && root.uid() == 0 && root.gid() == 0 && root.xattrs().isEmpty();
  }

  /** Whether entries lie in a directory that has none of its own. */
  boolean hasUnnamed() {
    return unnamed.anyBut(named);
  }

  /** Whether the root has an entry, and another mode or owner than the usual, or attributes. */
  boolean isRootApart() {
    return rootApart;
  }

  /** The kernel gives a directory one name only. */
  private void requireFile(TarEntry hardlink) {
    ByteString target = LayerPath.normalize(hardlink.link());
    long hash = hash(target.latin1());
    boolean directory = hash == OFFSET || named.contains(hash) || unnamed.contains(hash);
    if (directory && (table[slot(hash)] & 1) == 0 && !becameLinks.contains(hash)) {
      throw new ContentException(
          "the hardlink "
              + hardlink.path()
              + " names "
              + (target.isEmpty() ? "the root" : target)
              + ", which is a directory in this layer: only files can have several names");
    }
  }

  private static long hash(String text) {
    long hash = OFFSET;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    return hash;
  }

  private void requireDirectories(TarEntry entry, String text) {
    long hash = OFFSET;
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '/' && (table[slot(hash)] & 1) != 0) {
        throw new ContentException(
            "entry "
                + entry.path()
                + " lies below "
                + new ByteString(text.substring(0, i))
                + ", which is no directory in this layer");
      }
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
  }

  /** Where a hash is, or would be. */
  private int slot(long hash) {
    long key = key(hash);
    int at = (int) (key ^ key >>> 32) & (table.length - 1);
    while (table[at] != 0 && (table[at] & ~1) != key) {
      at = at + 1 & (table.length - 1);
    }
    return at;
  }

  /** Never 0, and without the lowest bit. */
  private static long key(long hash) {
    return hash & ~1 | 2;
  }

  private void put(long hash) {
    int at = slot(hash);
    count += table[at] == 0 ? 1 : 0;
    table[at] = key(hash) | 1;
    if (2 * count > table.length) {
      long[] old = table;
      table = new long[2 * old.length];
      for (long known : old) {
        if (known != 0) {
          table[slot(known)] = known;
        }
      }
    }
  }
}
