package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Removes blobs and layers that neither an image nor a container nor a pin leads to.
 *
 * <p>What is to go is renamed away under the lock, and deleted after it.
 */
final class Sweep {
  private static final int MAX_DEPTH = 8;

  private final Store store;
  private final Set<Digest> blobs = new HashSet<>();
  private final Set<String> layers = new HashSet<>();
  private final List<Path> trash = new ArrayList<>();

  Sweep(Store store) {
    this.store = store;
  }

  @SuppressWarnings("try") // the lock is held, not used
  void run() throws IOException {
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      underLock();
    }
    emptyTrash();
  }

  /** Renames away what is to go; the caller holds the store's lock for it. */
  void underLock() throws IOException {
    Path root = store.directory();
    blobs.addAll(Blobs.pinned(root.resolve("staging")));
    Index index = Index.parse(Files.readAllBytes(root.resolve("index.json")));
    for (Descriptor each : index.manifests()) {
      mark(each, 0);
    }
    for (Containers.Entry container : store.containers().list()) {
      mark(container.image());
    }
    // A pinned manifest or config may be of an image that is just being added.
    for (Path algorithm : Store.list(root.resolve("blobs"))) {
      for (Path blob : Store.list(algorithm)) {
        Digest digest = new Digest(Store.name(algorithm), Store.name(blob));
        if (!blobs.contains(digest)) {
          trash.add(store.toTrash(blob));
        }
      }
    }
    for (Path layer : Store.list(root.resolve("layers"))) {
      String name = Store.name(layer);
      int dot = name.indexOf('.');
      if (!layers.contains(dot < 0 ? name : name.substring(0, dot))) {
        trash.add(store.toTrash(layer));
      }
    }
  }

  void emptyTrash() throws IOException {
    for (Path each : trash) {
      store.deleteTree(each);
    }
  }

  private void mark(@Nullable Digest manifest) throws IOException {
    if (manifest != null && Files.exists(store.blob(manifest))) {
      byte[] bytes = Files.readAllBytes(store.blob(manifest));
      mark(Descriptor.of(Manifest.parse(bytes).mediaType(), manifest, bytes.length), 0);
    }
  }

  private void mark(Descriptor root, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new ContentException("index " + root.digest() + " lies in too many others");
    }
    boolean seen = !blobs.add(root.digest());
    if (!Files.exists(store.blob(root.digest())) || (seen && depth > 0)) {
      return;
    }
    if (root.mediaType().isIndex()) {
      Index index = Index.parse(Files.readAllBytes(store.blob(root.digest())), root.mediaType());
      for (Descriptor each : index.manifests()) {
        mark(each, depth + 1);
      }
    } else if (root.mediaType().isManifest()) {
      markImage(Manifest.parse(Files.readAllBytes(store.blob(root.digest())), root.mediaType()));
    }
  }

  private void markImage(Manifest manifest) throws IOException {
    blobs.add(manifest.config().digest());
    for (Descriptor layer : manifest.layers()) {
      blobs.add(layer.digest());
    }
    MediaType type = manifest.config().mediaType();
    Path config = store.blob(manifest.config().digest());
    if (type.isConfig() && Files.exists(config)) {
      for (Digest diffId : ImageConfig.parse(Files.readAllBytes(config)).diffIds()) {
        layers.add(diffId.hex());
      }
    }
  }
}
