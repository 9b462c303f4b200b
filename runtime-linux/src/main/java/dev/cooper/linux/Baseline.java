package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.List;

/**
 * What one directory of a tree is compared with while it is read: it says what has changed, and
 * what is gone. This one is for a tree that is compared with nothing. Not thread-safe.
 */
class Baseline {
  static final Baseline NONE = new Baseline();

  /** What becomes of something that was found. */
  enum Choice {
    /** It is read. */
    TAKE,
    /** A directory is read only if something in it is. */
    DESCEND,
    /** It is not read, nor anything in it. */
    SKIP,
    /** It stands for something that is gone: a whiteout. */
    GONE
  }

  /** What becomes of a name in the directory, by what statx said of it. */
  Choice choose(ByteString path, ByteString name, long stat) {
    return Choice.TAKE;
  }

  /** The names that are not in the directory any more, in order, by those that are. */
  List<ByteString> gone(List<ByteString> present) {
    return List.of();
  }

  /** When they went, as far as it is known, in seconds. */
  long goneSeconds() {
    return 0;
  }

  /**
   * Whether a directory in the directory hides another one that was there before.
   *
   * @param opaque whether the overlay calls it so
   */
  boolean hides(ByteString path, ByteString name, boolean opaque) {
    return false;
  }

  /** What a directory in the directory is compared with. */
  Baseline in(ByteString path, ByteString name, long ctimeSeconds) {
    return this;
  }
}
