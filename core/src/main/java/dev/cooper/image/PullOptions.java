package dev.cooper.image;

import dev.cooper.oci.Platform;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How an image is pulled; immutable, each method gives another.
 *
 * @param policy when a registry is asked, or null for what the {@link dev.cooper.Cooper} was built
 *     with
 * @param platform which image of an index, or null for this machine's
 * @param unpacked whether its layers are unpacked in the same pass, so that a command can run in it
 *     at once
 */
public record PullOptions(
    @Nullable PullPolicy policy, @Nullable Platform platform, boolean unpacked) {
  /** What the {@link dev.cooper.Cooper} was built with, for this machine, not unpacked. */
  public static final PullOptions DEFAULT = new PullOptions(null, null, false);

  /**
   * Another policy.
   *
   * @param other when a registry is asked
   * @return these options with it
   */
  public PullOptions policy(PullPolicy other) {
    Objects.requireNonNull(other, "other");
    return new PullOptions(other, platform, unpacked);
  }

  /**
   * Another platform than this machine's.
   *
   * <p>An image that is there for another platform alone, without an index, is refused, as by
   * {@code docker pull --platform}. Where no platform was asked for it is taken with a notice, as
   * {@code buildah pull} does with a warning.
   *
   * @param other such as {@code linux/arm64}
   * @return these options with it
   */
  public PullOptions platform(String other) {
    Objects.requireNonNull(other, "other");
    return new PullOptions(policy, Platform.parse(other), unpacked);
  }

  /**
   * Unpacks the layers while they come.
   *
   * @return these options with it
   */
  public PullOptions andUnpack() {
    return new PullOptions(policy, platform, true);
  }
}
