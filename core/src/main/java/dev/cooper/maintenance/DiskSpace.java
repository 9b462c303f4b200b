package dev.cooper.maintenance;

/**
 * What something takes, in bytes.
 *
 * @param bytes how long its files are, as {@code du --apparent-size} counts
 * @param onDisk what they take of the disk, as {@code du} counts: a hole takes nothing, and a file
 *     with several names takes its space once
 */
public record DiskSpace(long bytes, long onDisk) {
  /** Nothing. */
  public static final DiskSpace NONE = new DiskSpace(0, 0);

  /**
   * Adds another.
   *
   * @param other what else there is
   * @return the sum
   */
  public DiskSpace plus(DiskSpace other) {
    return new DiskSpace(bytes + other.bytes, onDisk + other.onDisk);
  }
}
