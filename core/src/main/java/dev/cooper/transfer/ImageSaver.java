package dev.cooper.transfer;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.DockerArchive;
import dev.cooper.oci.layout.ImageNames;
import dev.cooper.oci.layout.OciArchive;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.progress.Progress;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Writes images of the store into archives and layouts, compressing layers on the way. */
public final class ImageSaver {
  private final Store store;
  private final SaveOptions options;
  private final Consumer<String> notices;
  private final LayerPacker packer;
  private final LayerPacker plain;
  private final Map<Descriptor, Descriptor> written = new HashMap<>();

  public ImageSaver(Store store, SaveOptions options, Consumer<String> notices) {
    this.store = store;
    this.notices = notices;
    this.options = options;
    this.packer = new LayerPacker(store, options.compression(), options.parameters());
    this.plain = new LayerPacker(store, Compression.NONE, options.parameters());
  }

  public void save(List<StoredImage> images, Path path) throws IOException {
    if (Files.exists(path)) {
      throw new OperationException(
          "cannot save to " + path + ": it is there already; remove it, or choose another path");
    }
    try (ContentWriter writer = writer(path)) {
      List<Descriptor> manifests = new ArrayList<>();
      for (StoredImage image : images) {
        manifests.addAll(named(image, add(image, writer)));
      }
      writer.commit(Index.of(manifests));
    }
    if (options.format() == SaveOptions.Format.OCI_ARCHIVE && hasZstd()) {
      notices.accept(
          path
              + " has layers compressed with zstd, which docker load reads since Docker 23.0 only:"
              + " for an older one save with gzip, or with SaveOptions.dockerArchive()");
    }
  }

  private boolean hasZstd() {
    return written.values().stream().anyMatch(each -> each.mediaType().isZstd());
  }

  private ContentWriter writer(Path path) throws IOException {
    return switch (options.format()) {
      case OCI_ARCHIVE -> OciArchive.create(path);
      case OCI_LAYOUT -> OciLayout.create(path);
      case DOCKER_ARCHIVE -> DockerArchive.create(path);
    };
  }

  private static List<Descriptor> named(StoredImage image, Descriptor manifest) {
    List<Descriptor> named = new ArrayList<>();
    for (ImageReference name : image.names()) {
      named.add(ImageNames.named(manifest, name));
    }
    return named.isEmpty() ? List.of(manifest) : named;
  }

  /** Adds an image's blobs; returns its manifest's descriptor, for the index. */
  Descriptor add(StoredImage image, ContentWriter writer) throws IOException {
    boolean docker = options.format() == SaveOptions.Format.DOCKER_ARCHIVE;
    List<Descriptor> layers = new ArrayList<>();
    for (Descriptor layer : image.manifest().layers()) {
      layers.add(layer(layer, docker, writer));
    }
    Descriptor config = image.manifest().config();
    try (InputStream in = store.open(config)) {
      writer.blob(config, in);
    }
    // Docker's becomes OCI's: what reads a layout looks for no other.
    byte[] bytes =
        image.manifest().mediaType().equals(MediaType.DOCKER_MANIFEST)
            ? translated(image.manifest(), layers).toBytes()
            : store.manifest(image, layers);
    Descriptor described =
        Descriptor.of(MediaType.OCI_MANIFEST, bytes).withPlatform(image.config().platform());
    writer.blob(described, bytes);
    return described;
  }

  private static Manifest translated(Manifest manifest, List<Descriptor> layers) {
    return Manifest.of(
        MediaType.OCI_MANIFEST,
        manifest.config().withMediaType(MediaType.OCI_CONFIG),
        layers.stream()
            .map(each -> each.withMediaType(LayerTypes.in(each.mediaType(), false)))
            .toList());
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
      result = plain.pack(layer, docker, writer::verifiedBlob);
    } else if (LayerTypes.isUncompressed(layer.mediaType())
        && options.compression() != Compression.NONE) {
      result = packer.pack(layer, docker, writer::verifiedBlob);
    } else {
      try (Progress.Piece work =
              store.progress().begin(Work.Kind.WRITE, layer.digest().toString(), layer.size());
          InputStream in = work.counted(store.open(layer))) {
        writer.blob(layer, in);
        work.succeed();
      }
    }
    written.put(layer, result);
    return result;
  }
}
