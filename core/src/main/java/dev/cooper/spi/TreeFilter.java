package dev.cooper.spi;

import dev.cooper.oci.ByteString;

/** Chooses what is read of a tree. */
public interface TreeFilter {
  /** What becomes of an entry. */
  enum Choice {
    /** It is read, and what it holds is asked about. */
    TAKE,
    /** A directory is read only if something in it is. */
    DESCEND,
    /** It is not read, nor anything in it. */
    SKIP
  }

  /** Takes everything. */
  TreeFilter ALL = (path, directory) -> Choice.TAKE;

  /**
   * Chooses for one entry.
   *
   * @param path relative to the tree's root, without leading slash; never empty
   * @param directory whether it is one
   * @return what becomes of it
   */
  Choice choose(ByteString path, boolean directory);
}
