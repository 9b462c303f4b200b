package dev.cooper.oci.layer;

/**
 * How much of an archive a {@link TarReader} takes before it refuses it.
 *
 * <p>What it buffers is bounded by these, whatever the archive says of itself.
 *
 * @param headerBytes the most bytes of one PAX extended header
 * @param nameBytes the most bytes of a name or link target
 * @param xattrBytes the most bytes of one extended attribute's value
 * @param sparseSegments the most data segments of one sparse file
 * @param sparseFileBytes the most bytes that a sparse file may expand to
 * @param trailingBytes the most bytes after the end marker
 */
public record TarLimits(
    int headerBytes,
    int nameBytes,
    int xattrBytes,
    int sparseSegments,
    long sparseFileBytes,
    long trailingBytes) {

  /** What no honest layer reaches: 1 MiB, 4096, 64 KiB, a million, 64 GiB and 64 MiB. */
  public static final TarLimits DEFAULT =
      new TarLimits(1 << 20, 4096, 1 << 16, 1_000_000, 1L << 36, 1L << 26);

  /**
   * Checks that none is negative.
   *
   * @param headerBytes the most bytes of one PAX extended header
   * @param nameBytes the most bytes of a name or link target
   * @param xattrBytes the most bytes of one extended attribute's value
   * @param sparseSegments the most data segments of one sparse file
   * @param sparseFileBytes the most bytes that a sparse file may expand to
   * @param trailingBytes the most bytes after the end marker
   * @throws IllegalArgumentException if one is negative
   */
  public TarLimits {
    if ((headerBytes | nameBytes | xattrBytes | sparseSegments) < 0
        || (sparseFileBytes | trailingBytes) < 0) {
      throw new IllegalArgumentException("negative limit");
    }
  }
}
