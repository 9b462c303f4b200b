package dev.cooper.oci;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How to see whether a container is well.
 *
 * <p>Source: Docker's "Image Specification v1.3: Healthcheck"; OCI has none. Immutable.
 *
 * @param test {@code NONE}, {@code CMD} and words, or {@code CMD-SHELL} and one line; empty to
 *     inherit
 * @param interval between two checks; zero to inherit
 * @param timeout after which a check has failed; zero to inherit
 * @param startPeriod during which a failed check does not count; zero to inherit
 * @param startInterval between two checks in the start period; zero to inherit
 * @param retries how many failures in a row make a container unwell; zero to inherit
 * @param extra fields that this library does not know, as plain Java values
 */
public record Healthcheck(
    List<String> test,
    Duration interval,
    Duration timeout,
    Duration startPeriod,
    Duration startInterval,
    long retries,
    Map<String, @Nullable Object> extra) {
  /** JSON has durations as a count of nanoseconds in 64 bits. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private static final Set<String> KEYS =
      Set.of("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries");

  /**
   * Copies the collections.
   *
   * @param test {@code NONE}, {@code CMD} and words, or {@code CMD-SHELL} and one line
   * @param interval between two checks; zero to inherit
   * @param timeout after which a check has failed; zero to inherit
   * @param startPeriod during which a failed check does not count; zero to inherit
   * @param startInterval between two checks in the start period; zero to inherit
   * @param retries how many failures in a row make a container unwell; zero to inherit
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value, or a
   *     duration is over 292 years
   */
  public Healthcheck {
    test = List.copyOf(test);
    extra = Json.freezeExtra(extra, KEYS);
    for (Duration each : List.of(interval, timeout, startPeriod, startInterval)) {
      if (each.abs().compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException("healthcheck: " + each + " is over 292 years");
      }
    }
  }

  /**
   * A check whose other settings are inherited.
   *
   * @param test {@code NONE}, {@code CMD} and words, or {@code CMD-SHELL} and one line
   * @return the check
   */
  public static Healthcheck of(List<String> test) {
    return new Healthcheck(
        test, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, 0, Map.of());
  }

  static Healthcheck from(JsonObject json) {
    return new Healthcheck(
        json.strings("Test"),
        Duration.ofNanos(json.integerOr("Interval", 0)),
        Duration.ofNanos(json.integerOr("Timeout", 0)),
        Duration.ofNanos(json.integerOr("StartPeriod", 0)),
        Duration.ofNanos(json.integerOr("StartInterval", 0)),
        json.integerOr("Retries", 0),
        json.rest());
  }

  Map<String, @Nullable Object> toTree() {
    return new JsonFields()
        .add("Test", test)
        .add("Interval", interval.toNanos())
        .add("Timeout", timeout.toNanos())
        .add("StartPeriod", startPeriod.toNanos())
        .add("StartInterval", startInterval.toNanos())
        .add("Retries", retries)
        .with(extra);
  }
}
