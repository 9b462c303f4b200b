package dev.cooper.progress;

import dev.cooper.spi.Cancellation;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long a step waits for a listener: until its command's time is up, or it is cancelled.
 *
 * @param most how long; null for as long as the listener likes
 * @param cancellation ends it too; null for none
 * @param began by {@link System#nanoTime}
 */
public record Patience(@Nullable Duration most, @Nullable Cancellation cancellation, long began) {
  /** None. */
  public static final Patience NONE = of(Duration.ZERO, null);

  public static Patience of(@Nullable Duration most, @Nullable Cancellation cancellation) {
    return new Patience(most, cancellation, System.nanoTime());
  }

  /** As much once more, from now on. */
  public Patience again() {
    return of(most, cancellation);
  }

  /** Whether the step was cancelled. */
  public boolean isCancelled() {
    return cancellation != null && cancellation.isCancelled();
  }

  boolean isOver() {
    return (most != null && most.minusNanos(System.nanoTime() - began).isNegative())
        || isCancelled();
  }
}
