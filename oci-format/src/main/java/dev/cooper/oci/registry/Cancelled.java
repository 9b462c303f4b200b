package dev.cooper.oci.registry;

import java.io.InterruptedIOException;

/** How an interrupt of the caller's thread becomes what streaming code throws. */
final class Cancelled {
  private Cancelled() {}

  /** The exception to throw; the thread stays interrupted, for whoever looks next. */
  static InterruptedIOException by(InterruptedException e, String doing) {
    Thread.currentThread().interrupt();
    InterruptedIOException cancelled = new InterruptedIOException("interrupted: " + doing);
    cancelled.initCause(e);
    return cancelled;
  }
}
