package dev.cooper;

import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.CompressionParameters;

/**
 * How an image is pushed; immutable, each method gives another.
 *
 * @param compression of layers that are not compressed yet
 * @param parameters how hard to compress
 */
public record PushOptions(Compression compression, CompressionParameters parameters) {
  /** Layers as gzip. */
  public static final PushOptions DEFAULT =
      new PushOptions(Compression.GZIP, CompressionParameters.DEFAULT);

  /**
   * Another compression.
   *
   * @param other none, gzip or zstd
   * @return these options with it
   */
  public PushOptions compression(Compression other) {
    return new PushOptions(other, parameters);
  }

  /**
   * Another level of compression.
   *
   * @param other the level, and with how many threads
   * @return these options with it
   */
  public PushOptions parameters(CompressionParameters other) {
    return new PushOptions(compression, other);
  }
}
