package dev.cooper.transfer;

import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import java.util.Map;

/** Layer media types, in OCI's words and in Docker's. */
public final class LayerTypes {
  private static final Map<MediaType, MediaType> TO_DOCKER =
      Map.of(
          MediaType.OCI_LAYER, MediaType.DOCKER_LAYER,
          MediaType.OCI_LAYER_GZIP, MediaType.DOCKER_LAYER_GZIP,
          MediaType.OCI_LAYER_ZSTD, MediaType.DOCKER_LAYER_ZSTD,
          MediaType.OCI_FOREIGN_LAYER, MediaType.DOCKER_FOREIGN_LAYER_TAR,
          MediaType.OCI_FOREIGN_LAYER_GZIP, MediaType.DOCKER_FOREIGN_LAYER);
  private static final Map<MediaType, MediaType> TO_OCI =
      Map.of(
          MediaType.DOCKER_LAYER, MediaType.OCI_LAYER,
          MediaType.DOCKER_LAYER_GZIP, MediaType.OCI_LAYER_GZIP,
          MediaType.DOCKER_LAYER_ZSTD, MediaType.OCI_LAYER_ZSTD,
          MediaType.DOCKER_FOREIGN_LAYER_TAR, MediaType.OCI_FOREIGN_LAYER,
          MediaType.DOCKER_FOREIGN_LAYER, MediaType.OCI_FOREIGN_LAYER_GZIP);

  private LayerTypes() {}

  /** The same kind of layer in one format's words. */
  public static MediaType in(MediaType type, boolean docker) {
    return (docker ? TO_DOCKER : TO_OCI).getOrDefault(type, type);
  }

  static boolean isUncompressed(MediaType type) {
    return type.equals(MediaType.OCI_LAYER) || type.equals(MediaType.DOCKER_LAYER);
  }

  static MediaType of(Compression compression, boolean docker) {
    MediaType type =
        switch (compression) {
          case NONE -> MediaType.OCI_LAYER;
          case GZIP -> MediaType.OCI_LAYER_GZIP;
          case ZSTD -> MediaType.OCI_LAYER_ZSTD;
        };
    return in(type, docker);
  }
}
