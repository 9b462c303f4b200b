package dev.cooper.oci.registry;

import dev.cooper.oci.Descriptor;

/**
 * One blob on its way.
 *
 * @param direction down from the registry, or up to it
 * @param registry host, and port if there is one
 * @param repository path there
 * @param blob what is transferred; its size is the transfer's total, in bytes
 */
public record Transfer(Direction direction, String registry, String repository, Descriptor blob) {
  /** Which way. */
  public enum Direction {
    /** From the registry. */
    DOWNLOAD,
    /** To the registry. */
    UPLOAD
  }

  /** How a transfer ended. */
  public enum Outcome {
    /** All bytes went over. */
    TRANSFERRED,
    /** The registry had it. */
    REUSED,
    /** The registry had it in another repository, and took it from there. */
    MOUNTED,
    /** It failed, or was given up before its end. */
    FAILED
  }
}
