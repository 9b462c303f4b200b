package dev.cooper.transfer;

import dev.cooper.image.PushOptions;
import dev.cooper.io.Parallel;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.RemoteWriter;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import dev.cooper.text.Given;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sends images of the store to one repository: their layers in parallel, then their configs and
 * manifests.
 *
 * <p>Nothing is sent where the tag stands for the image already. A layer that the registry has,
 * here or where another image of the store came from, is neither sent nor packed again.
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
    Descriptor there = there(image, target.tag());
    if (there != null) {
      requireDigest(target, there.digest());
      return there;
    }
    return named(image.manifest().mediaType(), manifest(image));
  }

  /**
   * Its manifest, if the registry has it, by the tag if there is one: with all that it names, as no
   * registry takes one without, and none of it is asked for then.
   */
  private @Nullable Descriptor there(StoredImage image, @Nullable String tag) throws IOException {
    if (options.everyBlob()) {
      return null;
    }
    List<Descriptor> layers = new ArrayList<>();
    for (Descriptor each : image.manifest().layers()) {
      Descriptor known = isSentAsIs(each) ? each : packer.known(each, isDocker(image));
      if (known == null) {
        return null; // what the manifest would be shows only when it is packed
      }
      layers.add(known);
    }
    Descriptor described =
        Descriptor.of(image.manifest().mediaType(), store.manifest(image, layers));
    if (!(tag == null ? writer.has(described) : writer.has(described, tag))) {
      return null;
    }
    layers.forEach(this::note);
    return described;
  }

  private static boolean isDocker(StoredImage image) {
    return image.manifest().mediaType().equals(MediaType.DOCKER_MANIFEST);
  }

  private boolean isSentAsIs(Descriptor layer) {
    return options.compression() == Compression.NONE
        || !LayerTypes.isUncompressed(layer.mediaType());
  }

  /** Pushes images, each for another platform, by their digests; returns their manifests there. */
  List<Descriptor> manifests(List<StoredImage> images) throws IOException {
    Platform.requireDistinct(images.stream().map(each -> each.config().platform()).toList());
    List<Descriptor> manifests = new ArrayList<>();
    for (StoredImage each : images) {
      Descriptor described = there(each, null);
      if (described == null) {
        byte[] bytes = manifest(each);
        described = Descriptor.of(each.manifest().mediaType(), bytes);
        writer.manifest(described, bytes, null);
      }
      manifests.add(described.withPlatform(each.config().platform()));
    }
    return manifests;
  }

  /** Pushes an index of what was pushed before, by the tag. */
  Descriptor index(List<Descriptor> manifests, UnaryOperator<Index> edit) throws IOException {
    Index index = Given.made(edit, Index.of(manifests), "edit");
    return named(index.mediaType(), index.toBytes());
  }

  private Descriptor named(MediaType type, byte[] bytes) throws IOException {
    Descriptor described = Descriptor.of(type, bytes);
    requireDigest(target, described.digest());
    writer.manifest(described, bytes, target.tag());
    return described;
  }

  /** Sends what an image's manifest names, and gives the manifest as it is there. */
  private byte[] manifest(StoredImage image) throws IOException {
    boolean docker = isDocker(image);
    List<Descriptor> layers = image.manifest().layers();
    Map<Descriptor, Descriptor> there = new ConcurrentHashMap<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (Descriptor each : layers.stream().distinct().toList()) {
      tasks.add(() -> there.put(each, layer(each, docker)));
    }
    Parallel.run(tasks);
    Descriptor config = image.manifest().config();
    writer.blob(config, () -> store.open(config));
    return store.manifest(image, layers.stream().map(there::get).toList());
  }

  private Descriptor layer(Descriptor layer, boolean docker) throws IOException {
    if (layer.mediaType().isForeign() && !store.has(layer.digest())) {
      return layer; // it stays where its URLs say
    }
    if (isSentAsIs(layer)) {
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
