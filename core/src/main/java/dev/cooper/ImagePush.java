package dev.cooper;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.RemoteWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Sends images of the store to one repository: their layers in parallel, then their configs and
 * manifests.
 *
 * <p>A layer that the registry has, here or where another image of the store came from, is neither
 * sent nor packed again.
 */
final class ImagePush {
  private final Store store;
  private final RemoteWriter writer;
  private final ImageReference target;
  private final PushOptions options;
  private final LayerPacker packer;
  private final PushedBlobs pushed;

  ImagePush(
      Store store,
      RemoteWriter writer,
      ImageReference target,
      PushOptions options,
      PushedBlobs pushed) {
    this.pushed = pushed;
    this.store = store;
    this.writer = writer;
    this.target = target;
    this.options = options;
    this.packer = new LayerPacker(store, options.compression(), options.parameters());
  }

  /** That a reference's digest, if it has one, is what would be pushed by it. */
  static void requireDigest(ImageReference target, Digest found) {
    Digest wanted = target.digest();
    if (wanted != null && !wanted.equals(found)) {
      throw new OperationException(
          "cannot push " + target + ": what is pushed has the digest " + found + "; leave it out");
    }
  }

  /** Pushes an image by the target's tag; returns its manifest there. */
  Descriptor image(StoredImage image) throws IOException {
    Manifest manifest = manifest(image);
    return named(manifest.mediaType(), manifest.toBytes());
  }

  /** Pushes images of several platforms by their digests, and an index of them by the tag. */
  Descriptor index(List<StoredImage> images) throws IOException {
    List<Descriptor> manifests = new ArrayList<>();
    for (StoredImage each : images) {
      Manifest manifest = manifest(each);
      byte[] bytes = manifest.toBytes();
      Descriptor described = Descriptor.of(manifest.mediaType(), bytes);
      writer.manifest(described, bytes, null);
      manifests.add(described.withPlatform(each.config().platform()));
    }
    Index index = Index.of(manifests);
    return named(index.mediaType(), index.toBytes());
  }

  private Descriptor named(MediaType type, byte[] bytes) throws IOException {
    Descriptor described = Descriptor.of(type, bytes);
    requireDigest(target, described.digest());
    writer.manifest(described, bytes, target.tag());
    return described;
  }

  /** Sends what an image's manifest names, and gives the manifest as it is there. */
  private Manifest manifest(StoredImage image) throws IOException {
    boolean docker = image.manifest().mediaType().equals(MediaType.DOCKER_MANIFEST);
    List<Descriptor> layers = image.manifest().layers();
    Map<Descriptor, Descriptor> there = new ConcurrentHashMap<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (Descriptor each : layers.stream().distinct().toList()) {
      tasks.add(() -> there.put(each, layer(each, docker)));
    }
    Parallel.run(tasks);
    Descriptor config = image.manifest().config();
    writer.blob(config, () -> store.open(config));
    return image.manifest().withLayers(layers.stream().map(there::get).toList());
  }

  private Descriptor layer(Descriptor layer, boolean docker) throws IOException {
    if (layer.mediaType().isForeign() && !store.has(layer.digest())) {
      return layer; // it stays where its URLs say
    }
    if (options.compression() == Compression.NONE
        || !LayerTypes.isUncompressed(layer.mediaType())) {
      writer.blob(layer, () -> store.open(layer), elsewhere(layer.digest()));
      note(layer);
      return layer;
    }
    Descriptor known = packer.known(layer, docker);
    if (known != null && writer.has(known)) {
      note(known);
      return known;
    }
    return packer.pack(layer, docker, this::send);
  }

  private void send(Descriptor layer, Path file) throws IOException {
    writer.blob(layer, () -> Files.newInputStream(file), elsewhere(layer.digest()));
    note(layer);
  }

  private void note(Descriptor layer) {
    pushed.note(target.registry(), target.repository(), layer.digest());
  }

  /**
   * Repositories of the same registry that it was pushed to, or that an image of the store with
   * this layer is named by.
   */
  private List<String> elsewhere(Digest layer) throws IOException {
    Stream<String> named =
        store.list().stream()
            .filter(
                image ->
                    image.manifest().layers().stream()
                        .anyMatch(each -> each.digest().equals(layer)))
            .flatMap(image -> image.names().stream())
            .filter(name -> name.registry().equals(target.registry()))
            .map(ImageReference::repository);
    return Stream.concat(pushed.repositories(target.registry(), layer).stream(), named)
        .filter(repository -> !repository.equals(target.repository()))
        .distinct()
        .toList();
  }
}
