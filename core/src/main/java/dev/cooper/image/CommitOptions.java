package dev.cooper.image;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a container becomes an image; immutable, each method gives another.
 *
 * @param squash whether all layers, the base's too, become one
 * @param docker whether the manifest and config are Docker's (schema 2) instead of OCI's
 * @param created when the image was made, or null for now
 * @param clamp no file of the new layer is younger than this, or null for no limit
 * @param comment text for the history, or null
 */
public record CommitOptions(
    boolean squash,
    boolean docker,
    @Nullable Instant created,
    @Nullable Instant clamp,
    @Nullable String comment) {
  /** One layer of the changes, in OCI format, made now. */
  public static final CommitOptions DEFAULT = new CommitOptions(false, false, null, null, null);

  /**
   * Makes all layers one.
   *
   * @return these options with it
   */
  public CommitOptions squashed() {
    return new CommitOptions(true, docker, created, clamp, comment);
  }

  /**
   * Writes Docker's manifest and config instead of OCI's.
   *
   * @return these options with it
   */
  public CommitOptions dockerFormat() {
    return new CommitOptions(squash, true, created, clamp, comment);
  }

  /**
   * Sets when the image was made; its files keep their times.
   *
   * @param time in whole seconds
   * @return these options with it
   */
  public CommitOptions created(Instant time) {
    Objects.requireNonNull(time, "time");
    return new CommitOptions(squash, docker, time, clamp, comment);
  }

  /**
   * Makes the image the same whenever it is built: created then, and no new file younger; the
   * meaning of SOURCE_DATE_EPOCH.
   *
   * @param time in whole seconds
   * @return these options with it
   */
  public CommitOptions reproducible(Instant time) {
    Objects.requireNonNull(time, "time");
    return new CommitOptions(squash, docker, time, time, comment);
  }

  /**
   * Adds a comment to the history.
   *
   * @param text any
   * @return these options with it
   */
  public CommitOptions comment(String text) {
    Objects.requireNonNull(text, "text");
    return new CommitOptions(squash, docker, created, clamp, text);
  }
}
