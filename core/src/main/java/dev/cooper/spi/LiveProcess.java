package dev.cooper.spi;

/** A process that runs, to be asked about it. Thread-safe. */
public interface LiveProcess {
  /**
   * Whether it, or a process that it started, listens on a TCP port now.
   *
   * <p>In a network of its own that is what the network namespace says; in the host's, only what
   * its own processes hold open counts.
   *
   * @param port at any address
   * @return false also once it has ended
   */
  boolean listensOn(int port);
}
