package dev.cooper.store;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The documents of a store's images, read once: a blob never changes.
 *
 * <p>A manifest may also be another artifact's, such as an SBOM or a signature. Source: OCI
 * image-spec, "Guidelines for Artifact Usage". Thread-safe.
 */
final class ImageDocuments implements StoreIndex.Documents {
  /** What artifacts run on, as indexes say it of attestations. */
  private static final Platform UNKNOWN = new Platform("unknown", "unknown", null, null, List.of());

  private final Blobs blobs;
  private final ConcurrentHashMap<Digest, Content> contents = new ConcurrentHashMap<>();
  private final Set<Digest> artifacts = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<Digest, List<Descriptor>> members = new ConcurrentHashMap<>();

  /** What an image is, whatever it is called. */
  record Content(Manifest manifest, ImageConfig config) {}

  ImageDocuments(Blobs blobs) {
    this.blobs = blobs;
  }

  @Override
  public List<Descriptor> members(Descriptor index) throws IOException {
    List<Descriptor> known = members.get(index.digest());
    if (known == null) {
      known =
          Index.parse(blobs.read(index), index.mediaType()).manifests().stream()
              .filter(each -> each.mediaType().isManifest())
              .map(each -> each.withAnnotations(Map.of()))
              .toList();
      members.put(index.digest(), known);
    }
    return known.stream().filter(each -> blobs.isFile(each.digest())).toList();
  }

  @Override
  public Platform platform(Descriptor manifest) throws IOException {
    return isImage(manifest) ? content(manifest).config.platform() : UNKNOWN;
  }

  /** Whether a manifest is an image's; what was read for that is kept. */
  boolean isImage(Descriptor manifest) throws IOException {
    if (artifacts.contains(manifest.digest())) {
      return false;
    }
    if (!contents.containsKey(manifest.digest())) {
      Manifest read = manifest(manifest);
      if (!isImage(read)) {
        artifacts.add(manifest.digest());
        return false;
      }
      keep(manifest, read);
    }
    return true;
  }

  private static boolean isImage(Manifest manifest) {
    return manifest.config().mediaType().isConfig();
  }

  private Manifest manifest(Descriptor descriptor) throws IOException {
    return Manifest.parse(blobs.read(descriptor), descriptor.mediaType());
  }

  /**
   * Says what a manifest is of instead.
   *
   * @throws OperationException if it is no image's
   */
  void requireImage(Descriptor manifest) throws IOException {
    requireImage(manifest, manifest(manifest));
  }

  private static void requireImage(Descriptor descriptor, Manifest manifest) {
    if (!isImage(manifest)) {
      MediaType type =
          manifest.artifactType() == null ? manifest.config().mediaType() : manifest.artifactType();
      throw new OperationException(
          descriptor.digest() + " is an artifact of type " + type.value() + ", and no image");
    }
  }

  /** An image's manifest and configuration. */
  Content content(Descriptor descriptor) throws IOException {
    Content known = contents.get(descriptor.digest());
    if (known != null) {
      return known;
    }
    Manifest manifest = manifest(descriptor);
    requireImage(descriptor, manifest);
    return keep(descriptor, manifest);
  }

  private Content keep(Descriptor descriptor, Manifest manifest) throws IOException {
    ImageConfig config = ImageConfig.parse(blobs.read(manifest.config()));
    config.requireLayers(manifest);
    Content content = new Content(manifest, config);
    contents.put(descriptor.digest(), content);
    return content;
  }

  /** Forgets images that were removed. */
  void forget(Collection<Digest> manifests) {
    contents.keySet().removeAll(manifests);
    artifacts.removeAll(manifests);
  }
}
