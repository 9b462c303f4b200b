package dev.cooper.maintenance;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What may go when a store is pruned; immutable, each method gives another.
 *
 * <p>Whatever neither an image nor a container nor a running build leads to goes in any case.
 *
 * @param images which images may go, if no container began from them
 * @param trees whether the unpacked forms of layers may go that no container uses; they are
 *     unpacked again when they are needed
 * @param caches whether caches may go that no command has mounted now
 * @param containers whether working containers may go that have a name and are not open
 * @param unusedFor how long something has to be unused to go, or null for any time
 * @param keepBytes down to how many bytes of the disk the store is brought, what was used least
 *     recently first, or null for all that may go
 * @param dryRun whether nothing goes, and the report says what would
 */
public record PruneOptions(
    Images images,
    boolean trees,
    boolean caches,
    boolean containers,
    @Nullable Duration unusedFor,
    @Nullable Long keepBytes,
    boolean dryRun) {
  /** Images without a name, and what nothing leads to. */
  public static final PruneOptions DEFAULT =
      new PruneOptions(Images.UNNAMED, false, false, false, null, null, false);

  /** Which images may go. */
  public enum Images {
    /** None. */
    NONE,
    /** Those without a name. */
    UNNAMED,
    /** All. */
    ALL
  }

  /**
   * Checks the numbers.
   *
   * @param images which images may go, if no container began from them
   * @param trees whether the unpacked forms of layers may go that no container uses; they are
   *     unpacked again when they are needed
   * @param caches whether caches may go that no command has mounted now
   * @param containers whether working containers may go that have a name and are not open
   * @param unusedFor how long something has to be unused to go, or null for any time
   * @param keepBytes down to how many bytes of the disk the store is brought, what was used least
   *     recently first, or null for all that may go
   * @param dryRun whether nothing goes, and the report says what would
   * @throws IllegalArgumentException if a number is negative
   */
  public PruneOptions {
    if (unusedFor != null && unusedFor.isNegative()) {
      throw new IllegalArgumentException(
          "invalid unusedFor " + unusedFor + ": expected a time of 0 or more, such as 30 days");
    }
    if (keepBytes != null && keepBytes < 0) {
      throw new IllegalArgumentException("a store cannot be brought down to " + keepBytes);
    }
  }

  /**
   * Other images.
   *
   * @param which images may go
   * @return these options with it
   */
  public PruneOptions images(Images which) {
    Objects.requireNonNull(which, "which");
    return new PruneOptions(which, trees, caches, containers, unusedFor, keepBytes, dryRun);
  }

  /**
   * The unpacked forms of layers too.
   *
   * @return these options with it
   */
  public PruneOptions andTrees() {
    return new PruneOptions(images, true, caches, containers, unusedFor, keepBytes, dryRun);
  }

  /**
   * Caches too.
   *
   * @return these options with it
   */
  public PruneOptions andCaches() {
    return new PruneOptions(images, trees, true, containers, unusedFor, keepBytes, dryRun);
  }

  /**
   * Named containers too that are not open.
   *
   * @return these options with it
   */
  public PruneOptions andContainers() {
    return new PruneOptions(images, trees, caches, true, unusedFor, keepBytes, dryRun);
  }

  /**
   * Only what was not used for a time.
   *
   * @param time such as 30 days
   * @return these options with it
   */
  public PruneOptions unusedFor(Duration time) {
    Objects.requireNonNull(time, "time");
    return new PruneOptions(images, trees, caches, containers, time, keepBytes, dryRun);
  }

  /**
   * Only until the store takes no more than so much of the disk, what was used least recently
   * first.
   *
   * @param bytes how much it may take
   * @return these options with it
   */
  public PruneOptions keepBytes(long bytes) {
    return new PruneOptions(images, trees, caches, containers, unusedFor, bytes, dryRun);
  }

  /**
   * Only to say what would go.
   *
   * @return these options with it
   */
  public PruneOptions onlyTelling() {
    return new PruneOptions(images, trees, caches, containers, unusedFor, keepBytes, true);
  }
}
