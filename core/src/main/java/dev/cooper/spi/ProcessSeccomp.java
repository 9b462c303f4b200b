package dev.cooper.spi;

/** Which system calls a process may make. */
public sealed interface ProcessSeccomp {
  /** The runtime's own filter, which depends on the process's capabilities. */
  record Standard() implements ProcessSeccomp {}

  /** Every one. */
  record Unconfined() implements ProcessSeccomp {}

  /**
   * What a profile says.
   *
   * @param name what errors call it
   * @param json the profile, in Docker's format
   */
  record Profile(String name, String json) implements ProcessSeccomp {}
}
