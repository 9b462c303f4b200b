package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.LayerOutput;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.DockerArchive;
import dev.cooper.oci.layout.ImageNames;
import dev.cooper.oci.layout.OciArchive;
import dev.cooper.oci.layout.OciLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes images of the store into archives and layouts, compressing layers on the way. */
final class ImageSaver {
  private static final int BUFFER = 1 << 20;

  private final Store store;
  private final SaveOptions options;
  private final PackedLayers packed;
  private final Map<Descriptor, Descriptor> written = new HashMap<>();

  ImageSaver(Store store, SaveOptions options) {
    this.store = store;
    this.options = options;
    this.packed = new PackedLayers(store);
  }

  void save(List<Image> images, Path path) throws IOException {
    if (Files.exists(path)) {
      throw new OperationException(
          "cannot save to " + path + ": it is there already; remove it, or choose another path");
    }
    try (ContentWriter writer = writer(path)) {
      List<Descriptor> manifests = new ArrayList<>();
      for (Image image : images) {
        manifests.addAll(save(image.stored(), writer));
      }
      writer.commit(Index.of(manifests));
    }
  }

  private ContentWriter writer(Path path) throws IOException {
    return switch (options.format()) {
      case OCI_ARCHIVE -> OciArchive.create(path);
      case OCI_LAYOUT -> OciLayout.create(path);
      case DOCKER_ARCHIVE -> DockerArchive.create(path);
    };
  }

  private List<Descriptor> save(StoredImage image, ContentWriter writer) throws IOException {
    boolean docker =
        options.format() == SaveOptions.Format.DOCKER_ARCHIVE
            || image.manifest().mediaType().equals(MediaType.DOCKER_MANIFEST);
    List<Descriptor> layers = new ArrayList<>();
    for (Descriptor layer : image.manifest().layers()) {
      layers.add(layer(layer, docker, writer));
    }
    Descriptor config = image.manifest().config();
    try (InputStream in = store.open(config)) {
      writer.blob(config, in);
    }
    Manifest manifest = image.manifest().withLayers(layers);
    byte[] bytes = manifest.toBytes();
    Descriptor described =
        Descriptor.of(manifest.mediaType(), bytes).withPlatform(image.config().platform());
    writer.blob(described, bytes);
    List<Descriptor> named = new ArrayList<>();
    for (ImageReference name : image.names()) {
      named.add(ImageNames.named(described, name));
    }
    return named.isEmpty() ? List.of(described) : named;
  }

  private Descriptor layer(Descriptor layer, boolean docker, ContentWriter writer)
      throws IOException {
    Descriptor known = written.get(layer);
    if (known != null) {
      return known;
    }
    Descriptor result = layer;
    if (options.format() == SaveOptions.Format.DOCKER_ARCHIVE
        && !LayerTypes.isUncompressed(layer.mediaType())) {
      result = repacked(layer, Compression.NONE, docker, writer);
    } else if (LayerTypes.isUncompressed(layer.mediaType())
        && options.compression() != Compression.NONE) {
      result = repacked(layer, options.compression(), docker, writer);
    } else {
      try (InputStream in = store.open(layer)) {
        writer.blob(layer, in);
      }
    }
    written.put(layer, result);
    return result;
  }

  /**
   * Packs a layer otherwise, into a staged file first: an archive names a blob by its digest before
   * its bytes. What was compressed before is found again.
   */
  private Descriptor repacked(
      Descriptor layer, Compression compression, boolean docker, ContentWriter writer)
      throws IOException {
    boolean plain = LayerTypes.isUncompressed(layer.mediaType());
    PackedLayers.Packed known =
        plain ? packed.find(layer.digest(), compression, options.parameters()) : null;
    if (known != null) {
      return copied(known, compression, docker, writer);
    }
    try (StagedBlob staged = store.stage()) {
      LayerOutput out = new LayerOutput(staged.output(), compression, options.parameters());
      try (InputStream in = new LayerTrees(store).open(layer)) {
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          out.write(buffer, 0, n);
        }
      }
      out.close();
      if (plain) {
        requireDigest(layer, out.diffId());
      }
      Descriptor result =
          Descriptor.of(LayerTypes.of(compression, docker), out.digest(), out.size());
      writer.verifiedBlob(result, staged.path());
      if (plain) {
        packed.keep(staged.path(), layer.digest(), compression, options.parameters(), out.digest());
      }
      return result;
    }
  }

  private static void requireDigest(Descriptor layer, Digest found) {
    if (!found.equals(layer.digest())) {
      throw new ContentException(
          "layer " + layer.digest() + " of the store is damaged: its bytes have " + found);
    }
  }

  private static Descriptor copied(
      PackedLayers.Packed known, Compression compression, boolean docker, ContentWriter writer)
      throws IOException {
    Descriptor result =
        Descriptor.of(LayerTypes.of(compression, docker), known.digest(), known.size());
    writer.verifiedBlob(result, known.path());
    return result;
  }
}
