package dev.cooper.oci;

import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What kind of content a descriptor points to.
 *
 * <p>Any type that RFC 6838 allows; those of the OCI image-spec ("OCI Image Media Types") and of
 * Docker's image manifest version 2, schema 2 have constants.
 *
 * @param value such as {@code application/vnd.oci.image.index.v1+json}, without parameters
 */
public record MediaType(String value) {
  private static final Pattern FORM =
      Pattern.compile(
          "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}");

  private static final String OCI = "application/vnd.oci.image.";
  private static final String DOCKER = "application/vnd.docker.";

  /** An index of manifests. */
  public static final MediaType OCI_INDEX = new MediaType(OCI + "index.v1+json");

  /** An image's or an artifact's manifest. */
  public static final MediaType OCI_MANIFEST = new MediaType(OCI + "manifest.v1+json");

  /** An image's configuration. */
  public static final MediaType OCI_CONFIG = new MediaType(OCI + "config.v1+json");

  /** A layer that is not compressed. */
  public static final MediaType OCI_LAYER = new MediaType(OCI + "layer.v1.tar");

  /** A layer, compressed with gzip. */
  public static final MediaType OCI_LAYER_GZIP = new MediaType(OCI + "layer.v1.tar+gzip");

  /** A layer, compressed with Zstandard. */
  public static final MediaType OCI_LAYER_ZSTD = new MediaType(OCI + "layer.v1.tar+zstd");

  /** A layer that may not be passed on, not compressed. */
  public static final MediaType OCI_FOREIGN_LAYER =
      new MediaType(OCI + "layer.nondistributable.v1.tar");

  /** A layer that may not be passed on, compressed with gzip. */
  public static final MediaType OCI_FOREIGN_LAYER_GZIP =
      new MediaType(OCI + "layer.nondistributable.v1.tar+gzip");

  /** A layer that may not be passed on, compressed with Zstandard. */
  public static final MediaType OCI_FOREIGN_LAYER_ZSTD =
      new MediaType(OCI + "layer.nondistributable.v1.tar+zstd");

  /** The empty JSON object that stands for a config or a layer where there is none. */
  public static final MediaType OCI_EMPTY = new MediaType("application/vnd.oci.empty.v1+json");

  /** Docker's manifest, schema 2. */
  public static final MediaType DOCKER_MANIFEST =
      new MediaType(DOCKER + "distribution.manifest.v2+json");

  /** Docker's list of manifests. */
  public static final MediaType DOCKER_MANIFEST_LIST =
      new MediaType(DOCKER + "distribution.manifest.list.v2+json");

  /** Docker's image configuration. */
  public static final MediaType DOCKER_CONFIG = new MediaType(DOCKER + "container.image.v1+json");

  /** Docker's layer, not compressed. */
  public static final MediaType DOCKER_LAYER = new MediaType(DOCKER + "image.rootfs.diff.tar");

  /** Docker's layer, compressed with gzip. */
  public static final MediaType DOCKER_LAYER_GZIP =
      new MediaType(DOCKER + "image.rootfs.diff.tar.gzip");

  /** Docker's layer, compressed with Zstandard. */
  public static final MediaType DOCKER_LAYER_ZSTD =
      new MediaType(DOCKER + "image.rootfs.diff.tar.zstd");

  /** Docker's layer that is fetched from a URL of its own, compressed with gzip. */
  public static final MediaType DOCKER_FOREIGN_LAYER =
      new MediaType(DOCKER + "image.rootfs.foreign.diff.tar.gzip");

  /** Docker's layer that is fetched from a URL of its own, not compressed. */
  public static final MediaType DOCKER_FOREIGN_LAYER_TAR =
      new MediaType(DOCKER + "image.rootfs.foreign.diff.tar");

  private static final Set<MediaType> FOREIGN =
      Set.of(
          OCI_FOREIGN_LAYER,
          OCI_FOREIGN_LAYER_GZIP,
          OCI_FOREIGN_LAYER_ZSTD,
          DOCKER_FOREIGN_LAYER,
          DOCKER_FOREIGN_LAYER_TAR);

  private static final Set<MediaType> LOCAL =
      Set.of(
          OCI_LAYER,
          OCI_LAYER_GZIP,
          OCI_LAYER_ZSTD,
          DOCKER_LAYER,
          DOCKER_LAYER_GZIP,
          DOCKER_LAYER_ZSTD);

  private static final Set<MediaType> GZIP =
      Set.of(OCI_LAYER_GZIP, OCI_FOREIGN_LAYER_GZIP, DOCKER_LAYER_GZIP, DOCKER_FOREIGN_LAYER);

  private static final Set<MediaType> ZSTD =
      Set.of(OCI_LAYER_ZSTD, OCI_FOREIGN_LAYER_ZSTD, DOCKER_LAYER_ZSTD);

  /**
   * Checks the form.
   *
   * @param value such as {@code application/vnd.oci.image.index.v1+json}, without parameters
   * @throws ContentException if it is no media type by RFC 6838
   */
  public MediaType {
    if (!FORM.matcher(value).matches()) {
      throw new ContentException(
          "media type " + Text.quote(value) + ": expected type/subtype as in RFC 6838");
    }
  }

  /**
   * Reads an HTTP {@code Content-Type}, whose parameters are dropped.
   *
   * @param header the header's value
   * @return the type alone, in lower case
   * @throws ContentException if it is no media type
   */
  public static MediaType ofHeader(String header) {
    int semicolon = header.indexOf(';');
    String type = semicolon < 0 ? header : header.substring(0, semicolon);
    return new MediaType(type.strip().toLowerCase(java.util.Locale.ROOT));
  }

  /**
   * Whether this is an OCI index or a Docker manifest list.
   *
   * @return true for both
   */
  public boolean isIndex() {
    return equals(OCI_INDEX) || equals(DOCKER_MANIFEST_LIST);
  }

  /**
   * Whether this is an OCI or a Docker manifest.
   *
   * @return true for both
   */
  public boolean isManifest() {
    return equals(OCI_MANIFEST) || equals(DOCKER_MANIFEST);
  }

  /**
   * Whether this is an OCI or a Docker image configuration.
   *
   * @return true for both
   */
  public boolean isConfig() {
    return equals(OCI_CONFIG) || equals(DOCKER_CONFIG);
  }

  /**
   * Whether this is a file system layer of any kind.
   *
   * @return true for each, foreign ones included
   */
  public boolean isLayer() {
    return LOCAL.contains(this) || FOREIGN.contains(this);
  }

  /**
   * Whether this is a layer that may not be passed on.
   *
   * @return true for OCI's non-distributable and Docker's foreign ones
   */
  public boolean isForeign() {
    return FOREIGN.contains(this);
  }

  /**
   * Whether this is a layer compressed with gzip.
   *
   * @return true for each of them
   */
  public boolean isGzip() {
    return GZIP.contains(this);
  }

  /**
   * Whether this is a layer compressed with Zstandard.
   *
   * @return true for each of them
   */
  public boolean isZstd() {
    return ZSTD.contains(this);
  }

  /** The type's text. */
  @Override
  public String toString() {
    return value;
  }

  // Written out, as hashCode is: a record's own are linked when they are first called, and that is
  // a good part of what a short process takes.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MediaType type && value.equals(type.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }
}
