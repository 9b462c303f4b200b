package dev.cooper.image;

import dev.cooper.oci.Platform;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How an image is copied from place to place; immutable, each method gives another.
 *
 * @param all whether an index is copied with all its images, instead of one
 * @param platform which image of an index, or null for this machine's
 */
public record CopyImageOptions(boolean all, @Nullable Platform platform) {
  /** One image, for this machine. */
  public static final CopyImageOptions DEFAULT = new CopyImageOptions(false, null);

  /**
   * The whole index, where there is one.
   *
   * @return these options with it
   */
  public CopyImageOptions everything() {
    return new CopyImageOptions(true, platform);
  }

  /**
   * Another platform than this machine's.
   *
   * @param other such as {@code linux/arm64}
   * @return these options with it
   */
  public CopyImageOptions platform(String other) {
    Objects.requireNonNull(other, "other");
    return new CopyImageOptions(all, Platform.parse(other));
  }
}
