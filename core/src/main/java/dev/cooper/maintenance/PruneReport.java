package dev.cooper.maintenance;

import java.util.List;

/**
 * What went when a store was pruned, or would have gone.
 *
 * @param removed the images, trees, caches and containers
 * @param bytesFreed how many bytes of the disk that were, with all that nothing led to
 */
public record PruneReport(List<Pruned> removed, long bytesFreed) {
  /**
   * Copies the list.
   *
   * @param removed the images, trees, caches and containers
   * @param bytesFreed how many bytes of the disk that were, with all that nothing led to
   */
  public PruneReport {
    removed = List.copyOf(removed);
  }

  /** Kinds of what can go. */
  public enum Kind {
    /** An image with all its names. */
    IMAGE,
    /** A layer's unpacked form. */
    TREE,
    /** A cache that commands mount. */
    CACHE,
    /** A working container. */
    CONTAINER
  }

  /**
   * Something that went.
   *
   * @param kind what it was
   * @param name its names, or its id
   */
  public record Pruned(Kind kind, String name) {}
}
