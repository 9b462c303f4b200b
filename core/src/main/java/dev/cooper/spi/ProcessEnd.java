package dev.cooper.spi;

/**
 * How a process ended.
 *
 * @param status its exit status, or 128 and the number of the signal that ended it
 * @param cause who ended it
 */
public record ProcessEnd(int status, Cause cause) {
  /** Who ended a process. */
  public enum Cause {
    /** It exited. */
    EXIT,
    /** A signal, not of ours. */
    SIGNAL,
    /** Its time was up. */
    TIMEOUT,
    /** It was cancelled. */
    CANCELLED,
    /** The thread that ran it was interrupted. */
    INTERRUPTED,
    /** It failed after the kernel had killed it, or a process of it, for want of memory. */
    OUT_OF_MEMORY,
    /** It exited, but its time was up before all its output was taken; the rest is dropped. */
    OUTPUT_NOT_TAKEN
  }
}
