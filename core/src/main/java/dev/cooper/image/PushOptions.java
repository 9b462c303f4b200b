package dev.cooper.image;

import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.CompressionParameters;
import java.util.Objects;

/**
 * How an image is pushed; immutable, each method gives another.
 *
 * @param compression of layers that are not compressed yet
 * @param parameters how hard to compress
 * @param everyBlob whether a registry is asked for each blob even where it has the manifest, and so
 *     should have what that names
 */
public record PushOptions(
    Compression compression, CompressionParameters parameters, boolean everyBlob) {
  /** Layers as gzip. */
  public static final PushOptions DEFAULT =
      new PushOptions(Compression.GZIP, CompressionParameters.DEFAULT, false);

  /**
   * Another compression.
   *
   * @param other none, gzip or zstd
   * @return these options with it
   */
  public PushOptions compression(Compression other) {
    Objects.requireNonNull(other, "other");
    return new PushOptions(other, parameters, everyBlob);
  }

  /**
   * Another level of compression.
   *
   * @param other the level, and with how many threads
   * @return these options with it
   */
  public PushOptions parameters(CompressionParameters other) {
    Objects.requireNonNull(other, "other");
    return new PushOptions(compression, other, everyBlob);
  }

  /**
   * Asks for each blob even where the registry has the manifest: for one that has lost some.
   *
   * @return these options with it
   */
  public PushOptions andEveryBlob() {
    return new PushOptions(compression, parameters, true);
  }
}
