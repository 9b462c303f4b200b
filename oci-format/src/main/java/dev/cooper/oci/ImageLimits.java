package dev.cooper.oci;

/**
 * What an image may cost whoever reads it: a few kilobytes of a stranger's can say that they are
 * terabytes.
 *
 * <p>Checked while content streams by, before anything is written or kept in memory for it,
 * wherever an image or an archive comes from. What a store has already costs nothing again and does
 * not count. An excess is a {@link ContentException} that names the limit.
 *
 * <p>The defaults are meant to let every real image pass. The largest layers that registries take
 * are 10 GB (GitHub's) to 52 GB (Amazon's), the largest images in wide use have 20 to 40 GB and
 * below a million files; Docker makes no image of more than 127 layers, and the kernel mounts no
 * overlay of more than 500; gzip itself packs no better than 1 to 1032, and then only zeros. Names,
 * attributes and documents end where the kernel's and the specifications' own limits are. Entries
 * are kept in memory, some 100 bytes each: with a small heap, less may be wiser. Immutable.
 *
 * @param layers the most layers of an image
 * @param layerEntries the most entries of one layer's archive
 * @param imageEntries the most entries of all layers that are read for one image
 * @param layerBytes the most bytes of the files of one layer, holes of sparse files included, and
 *     of its blob
 * @param imageBytes the same of all layers that are read for one image, and of an archive of images
 * @param ratio how many times its packed bytes a layer's files may have, where they have more than
 *     {@link #RATIO_FROM}
 * @param metadataBytes the most bytes of one layer's names, link targets and extended headers
 * @param documentBytes the most bytes of a manifest, an index or a config; at most {@link
 *     #MAX_DOCUMENT_BYTES}
 * @param headerBytes the most bytes of one entry's extended header
 * @param nameBytes the most bytes of a name or link target, as it is in the archive
 * @param xattrBytes the most bytes of one extended attribute's value
 * @param sparseSegments the most data segments of one sparse file
 * @param trailingBytes the most bytes after an archive's end marker
 */
public record ImageLimits(
    int layers,
    long layerEntries,
    long imageEntries,
    long layerBytes,
    long imageBytes,
    int ratio,
    long metadataBytes,
    int documentBytes,
    int headerBytes,
    int nameBytes,
    int xattrBytes,
    int sparseSegments,
    long trailingBytes) {
  /** So many bytes unpacked, any ratio will do: a layer may be small, and hold zeros alone. */
  public static final long RATIO_FROM = 1L << 30;

  /**
   * No document is read that is longer, whatever the limits say: 64 MiB.
   *
   * <p>OCI's distribution-spec, "Pushing Manifests", asks registries to accept 4 MiB.
   */
  public static final int MAX_DOCUMENT_BYTES = 64 << 20;

  /**
   * 500 layers; 4 million entries and 64 GiB a layer, 8 million and 256 GiB an image; 1 to 500; 512
   * MiB of names and headers; 4 MiB a document, 1 MiB a header, 4 KiB a name, 64 KiB an attribute;
   * a million segments; 64 MiB after the end.
   */
  public static final ImageLimits DEFAULT =
      new ImageLimits(
          500, 4_000_000, 8_000_000, 1L << 36, 1L << 38, 500, 1L << 29, 4 << 20, 1 << 20, 4096,
          1 << 16, 1_000_000, 1L << 26);

  /**
   * Checks that each can be kept.
   *
   * @param layers the most layers of an image
   * @param layerEntries the most entries of one layer's archive
   * @param imageEntries the most entries of all layers that are read for one image
   * @param layerBytes the most bytes of the files of one layer, holes of sparse files included, and
   *     of its blob
   * @param imageBytes the same of all layers that are read for one image, and of an archive of
   *     images
   * @param ratio how many times its packed bytes a layer's files may have, where they have more
   *     than {@link #RATIO_FROM}
   * @param metadataBytes the most bytes of one layer's names, link targets and extended headers
   * @param documentBytes the most bytes of a manifest, an index or a config; at most {@link
   *     #MAX_DOCUMENT_BYTES}
   * @param headerBytes the most bytes of one entry's extended header
   * @param nameBytes the most bytes of a name or link target, as it is in the archive
   * @param xattrBytes the most bytes of one extended attribute's value
   * @param sparseSegments the most data segments of one sparse file
   * @param trailingBytes the most bytes after an archive's end marker
   * @throws IllegalArgumentException if one is negative, the ratio is 0, or a document's is over
   *     {@link #MAX_DOCUMENT_BYTES}
   */
  public ImageLimits {
    boolean negative =
        (layers | documentBytes | headerBytes | nameBytes | xattrBytes | sparseSegments) < 0
            || (layerEntries | imageEntries | layerBytes | imageBytes) < 0
            || (metadataBytes | trailingBytes) < 0;
    if (negative || ratio < 1 || documentBytes > MAX_DOCUMENT_BYTES) {
      throw new IllegalArgumentException(
          "a limit is negative, the ratio is below 1, or documentBytes is over "
              + MAX_DOCUMENT_BYTES
              + ": ratio "
              + ratio
              + ", documentBytes "
              + documentBytes);
    }
  }

  /**
   * The error of a limit that is exceeded.
   *
   * @param limit its name, such as {@code layerEntries}
   * @param value what it is
   * @param found what was found, a clause such as {@code the layer has 7 entries}
   * @return to be thrown
   */
  public static ContentException exceeded(String limit, long value, String found) {
    return new ContentException(
        found
            + ", over the limit "
            + limit
            + " of "
            + value
            + ": if this is to be trusted, raise it, with ImageLimits.with"
            + Character.toUpperCase(limit.charAt(0))
            + limit.substring(1)
            + " and Cooper.builder().limits");
  }

  /**
   * Refuses a document that is too long.
   *
   * @param what which it is
   * @param size its bytes, as said or found
   * @throws ContentException if they are over {@link #documentBytes}
   */
  public void requireDocument(String what, long size) {
    if (size > documentBytes) {
      throw exceeded("documentBytes", documentBytes, what + " has " + size + " bytes or more");
    }
  }

  /**
   * Refuses a blob that is too long.
   *
   * @param blob its descriptor
   * @throws ContentException if it has over {@link #layerBytes}
   */
  public void requireBlob(Descriptor blob) {
    if (blob.size() > layerBytes) {
      throw exceeded(
          "layerBytes", layerBytes, "blob " + blob.digest() + " has " + blob.size() + " bytes");
    }
  }

  /**
   * Refuses an image of too many layers.
   *
   * @param count how many it has
   * @throws ContentException if they are over {@link #layers}
   */
  public void requireLayers(int count) {
    if (count > layers) {
      throw exceeded("layers", layers, "the image has " + count + " layers");
    }
  }

  /**
   * A copy with another layers.
   *
   * @param value the most layers of an image
   * @return the copy
   */
  public ImageLimits withLayers(int value) {
    return new ImageLimits(
        value,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another layerEntries.
   *
   * @param value the most entries of one layer's archive
   * @return the copy
   */
  public ImageLimits withLayerEntries(long value) {
    return new ImageLimits(
        layers,
        value,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another imageEntries.
   *
   * @param value the most entries of all layers that are read for one image
   * @return the copy
   */
  public ImageLimits withImageEntries(long value) {
    return new ImageLimits(
        layers,
        layerEntries,
        value,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another layerBytes.
   *
   * @param value the most bytes of the files of one layer, holes of sparse files included, and of
   *     its blob
   * @return the copy
   */
  public ImageLimits withLayerBytes(long value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        value,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another imageBytes.
   *
   * @param value the same of all layers that are read for one image, and of an archive of images
   * @return the copy
   */
  public ImageLimits withImageBytes(long value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        value,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another ratio.
   *
   * @param value how many times its packed bytes a layer's files may have, where they have more
   *     than {@link #RATIO_FROM}
   * @return the copy
   */
  public ImageLimits withRatio(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        value,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another metadataBytes.
   *
   * @param value the most bytes of one layer's names, link targets and extended headers
   * @return the copy
   */
  public ImageLimits withMetadataBytes(long value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        value,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another documentBytes.
   *
   * @param value the most bytes of a manifest, an index or a config; at most {@link
   *     #MAX_DOCUMENT_BYTES}
   * @return the copy
   */
  public ImageLimits withDocumentBytes(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        value,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another headerBytes.
   *
   * @param value the most bytes of one entry's extended header
   * @return the copy
   */
  public ImageLimits withHeaderBytes(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        value,
        nameBytes,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another nameBytes.
   *
   * @param value the most bytes of a name or link target, as it is in the archive
   * @return the copy
   */
  public ImageLimits withNameBytes(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        value,
        xattrBytes,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another xattrBytes.
   *
   * @param value the most bytes of one extended attribute's value
   * @return the copy
   */
  public ImageLimits withXattrBytes(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        value,
        sparseSegments,
        trailingBytes);
  }

  /**
   * A copy with another sparseSegments.
   *
   * @param value the most data segments of one sparse file
   * @return the copy
   */
  public ImageLimits withSparseSegments(int value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        value,
        trailingBytes);
  }

  /**
   * A copy with another trailingBytes.
   *
   * @param value the most bytes after an archive's end marker
   * @return the copy
   */
  public ImageLimits withTrailingBytes(long value) {
    return new ImageLimits(
        layers,
        layerEntries,
        imageEntries,
        layerBytes,
        imageBytes,
        ratio,
        metadataBytes,
        documentBytes,
        headerBytes,
        nameBytes,
        xattrBytes,
        sparseSegments,
        value);
  }
}
