package dev.cooper.maintenance;

import java.nio.file.Path;

/**
 * Something in a store that is not as it should be.
 *
 * @param kind which kind of thing
 * @param path where it lies, or should lie
 * @param what what was found
 * @param repair what {@link dev.cooper.StoreMaintenance#repair} does about it, or did
 */
public record StoreFinding(Kind kind, Path path, String what, String repair) {
  /** Kinds of findings. */
  public enum Kind {
    /** A blob whose bytes are not what its digest says. */
    BROKEN_BLOB,
    /** An image or container that lacks a blob, or whose manifest or config can't be read. */
    BROKEN_IMAGE,
    /** An unpacked layer that is not whole. */
    BROKEN_TREE,
    /** What is known of a layer, to be read faster, and is damaged. */
    BROKEN_CACHED_LAYER,
    /** A blob or layer that no image, container or running build leads to. */
    UNREACHABLE,
    /** What a JVM was working on that is dead. */
    ORPHANED_STAGING,
    /** A named container that a crash of the machine has damaged. */
    BROKEN_CONTAINER,
    /** A container without a name whose JVM is dead. */
    ORPHANED_CONTAINER,
    /** A lock file of something that is gone. */
    ORPHANED_LOCK,
    /** A file that is none of the store's. */
    STRAY_FILE
  }

  /** As one line. */
  @Override
  public String toString() {
    return kind + " " + path + ": " + what + "; " + repair;
  }
}
