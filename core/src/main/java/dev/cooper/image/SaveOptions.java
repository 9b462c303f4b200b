package dev.cooper.image;

import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.CompressionParameters;
import java.util.Objects;

/**
 * How images are written to a file or directory; immutable, each method gives another.
 *
 * @param format which kind of file or directory
 * @param compression of layers that are not compressed yet
 * @param parameters how hard to compress
 */
public record SaveOptions(
    Format format, Compression compression, CompressionParameters parameters) {
  /** Which kind of file or directory. */
  public enum Format {
    /**
     * A tar of an OCI image layout, which {@code docker load} reads too: with the classic image
     * store since Docker 1.10, layers as zstd since 23.0.
     */
    OCI_ARCHIVE,
    /** A directory that is an OCI image layout. */
    OCI_LAYOUT,
    /** What {@code docker load} reads; its layers are never compressed. */
    DOCKER_ARCHIVE
  }

  /**
   * A tar of an OCI image layout, its layers as gzip.
   *
   * @return the options
   */
  public static SaveOptions ociArchive() {
    return new SaveOptions(Format.OCI_ARCHIVE, Compression.GZIP, CompressionParameters.DEFAULT);
  }

  /**
   * A directory that is an OCI image layout, its layers as gzip.
   *
   * @return the options
   */
  public static SaveOptions ociLayout() {
    return new SaveOptions(Format.OCI_LAYOUT, Compression.GZIP, CompressionParameters.DEFAULT);
  }

  /**
   * What {@code docker load} reads.
   *
   * @return the options
   */
  public static SaveOptions dockerArchive() {
    return new SaveOptions(Format.DOCKER_ARCHIVE, Compression.NONE, CompressionParameters.DEFAULT);
  }

  /**
   * Another compression.
   *
   * @param other none, gzip or zstd
   * @return these options with it
   * @throws IllegalArgumentException for a Docker archive, whose layers are plain
   */
  public SaveOptions compression(Compression other) {
    Objects.requireNonNull(other, "other");
    if (format == Format.DOCKER_ARCHIVE && other != Compression.NONE) {
      throw new IllegalArgumentException(
          "a Docker archive holds plain layers, not "
              + other
              + ": save an OCI archive, which docker load reads too");
    }
    return new SaveOptions(format, other, parameters);
  }

  /**
   * Another level of compression.
   *
   * @param other the level, and with how many threads
   * @return these options with it
   */
  public SaveOptions parameters(CompressionParameters other) {
    Objects.requireNonNull(other, "other");
    return new SaveOptions(format, compression, other);
  }
}
