package dev.cooper.store;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What an index's entry leads to, as far as its documents are there and can be read.
 *
 * <p>Read while the caller holds the store's lock {@link Store#SWEEP}. Not thread-safe.
 */
final class ImageContents {
  private static final int MAX_DEPTH = 8;

  /** A blob that is not there, or no document of its kind. */
  record Trouble(Digest blob, boolean missing, String what) {}

  private final Store store;
  private final Set<Digest> blobs = new HashSet<>();
  private final Set<Digest> diffIds = new HashSet<>();
  private final List<Trouble> troubles = new ArrayList<>();

  private ImageContents(Store store) {
    this.store = store;
  }

  /** What an entry of the index leads to, itself included. */
  static ImageContents of(Store store, Descriptor root) throws IOException {
    ImageContents contents = new ImageContents(store);
    contents.add(root, 0);
    return contents;
  }

  /** What a manifest of whatever kind leads to, itself included. */
  static ImageContents of(Store store, Digest manifest) throws IOException {
    ImageContents contents = new ImageContents(store);
    contents.blobs.add(manifest);
    contents.read(manifest, bytes -> contents.add(Manifest.parse(bytes)));
    return contents;
  }

  Set<Digest> blobs() {
    return blobs;
  }

  /** The layers, as they are called once they are unpacked. */
  Set<Digest> diffIds() {
    return diffIds;
  }

  List<Trouble> troubles() {
    return troubles;
  }

  /** Whether there may be more, in a document that can't be read. */
  boolean isUnknown() {
    return troubles.stream().anyMatch(each -> !each.missing);
  }

  private void add(Descriptor root, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new ContentException("index " + root.digest() + " lies in too many others");
    }
    if (!blobs.add(root.digest())) {
      return;
    }
    if (root.mediaType().isIndex()) {
      // An index may name what its store does not hold: other platforms.
      if (depth > 0 && !isThere(root.digest())) {
        return;
      }
      read(
          root.digest(),
          bytes -> {
            for (Descriptor each : Index.parse(bytes, root.mediaType()).manifests()) {
              add(each, depth + 1);
            }
          });
    } else if (root.mediaType().isManifest() && (depth == 0 || isThere(root.digest()))) {
      read(root.digest(), bytes -> add(Manifest.parse(bytes, root.mediaType())));
    }
  }

  private boolean isThere(Digest blob) {
    return Files.exists(store.blob(blob));
  }

  private void add(Manifest manifest) throws IOException {
    Descriptor config = manifest.config();
    blobs.add(config.digest());
    for (Descriptor layer : manifest.layers()) {
      blobs.add(layer.digest());
      if (!layer.mediaType().isForeign() && !isThere(layer.digest())) {
        troubles.add(new Trouble(layer.digest(), true, "its layer is not in the store"));
      }
    }
    if (config.mediaType().isConfig()) {
      read(config.digest(), bytes -> diffIds.addAll(ImageConfig.parse(bytes).diffIds()));
    }
  }

  /** Reads a document. */
  private interface Reader {
    void read(byte[] bytes) throws IOException;
  }

  private void read(Digest blob, Reader reader) throws IOException {
    try {
      reader.read(Files.readAllBytes(store.blob(blob)));
    } catch (NoSuchFileException e) {
      troubles.add(new Trouble(blob, true, "it is not in the store"));
    } catch (ContentException e) {
      troubles.add(new Trouble(blob, false, e.getMessage()));
    }
  }
}
