package dev.cooper.spi;

import org.jspecify.annotations.Nullable;

/** A one-shot switch that ends what watches it. Thread-safe. */
public final class Cancellation {
  private boolean cancelled;
  private @Nullable Runnable watcher;

  /** A switch that is not yet thrown. */
  public Cancellation() {}

  /** Throws the switch; again has no effect. */
  public void cancel() {
    @Nullable Runnable told;
    synchronized (this) {
      cancelled = true;
      told = watcher;
    }
    if (told != null) {
      told.run();
    }
  }

  /**
   * Whether the switch was thrown.
   *
   * @return true from then on
   */
  public synchronized boolean isCancelled() {
    return cancelled;
  }

  /**
   * Sets who is told, at once if it has happened already; null for nobody any more.
   *
   * @param told runs in the thread that cancels
   */
  public void watch(@Nullable Runnable told) {
    boolean now;
    synchronized (this) {
      watcher = told;
      now = cancelled;
    }
    if (now && told != null) {
      told.run();
    }
  }

  /** Whether it was thrown. */
  @Override
  public String toString() {
    return "Cancellation[" + (isCancelled() ? "cancelled" : "open") + "]";
  }
}
