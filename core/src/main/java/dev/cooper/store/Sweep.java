package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.lang.System.Logger.Level;
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
  private static final System.Logger LOG = System.getLogger(Sweep.class.getName());

  private final Store store;
  private final List<Path> trash = new ArrayList<>();
  private final Set<Path> discarded = new HashSet<>();

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

  /** What images, containers and pins lead to. */
  static final class Marks {
    /** The blobs. */
    final Set<Digest> blobs = new HashSet<>();

    /** The blobs that no more than a pin leads to left out. */
    final Set<Digest> reachable = new HashSet<>();

    /** The layers, by the digits of their diffIDs. */
    final Set<String> layers = new HashSet<>();

    /** Whether a document can't be read that may lead to more. */
    boolean unknown;

    private void add(ImageContents contents) {
      blobs.addAll(contents.blobs());
      reachable.addAll(contents.blobs());
      contents.diffIds().forEach(diffId -> layers.add(diffId.hex()));
      unknown |= contents.isUnknown();
    }

    boolean holdsLayer(String file) {
      int dot = file.indexOf('.');
      return layers.contains(dot < 0 ? file : file.substring(0, dot));
    }
  }

  /** Reads what is needed; the caller holds the store's lock for it. */
  static Marks marks(Store store) throws IOException {
    Path root = store.directory();
    Marks marks = new Marks();
    // A pinned manifest or config may be of an image that is just being added.
    marks.blobs.addAll(Blobs.pinned(root.resolve("staging")));
    for (Descriptor each :
        Index.parse(Files.readAllBytes(root.resolve("index.json"))).manifests()) {
      marks.add(ImageContents.of(store, each));
    }
    for (Containers.Entry container : store.containers().list()) {
      Digest image = container.image();
      marks.unknown |= container.trouble() != null;
      if (image != null && Files.exists(store.blob(image))) {
        marks.add(ImageContents.of(store, image));
      }
    }
    return marks;
  }

  /** A blob's digest, or null for a file that another tool has put there. */
  static @Nullable Digest digest(Path blob) {
    try {
      return new Digest(Directories.name(Directories.parent(blob)), Directories.name(blob));
    } catch (ContentException | IllegalArgumentException e) {
      return null;
    }
  }

  /** Renames away what is to go; the caller holds the store's lock for it. */
  void underLock() throws IOException {
    Marks marks = marks(store);
    if (marks.unknown) {
      LOG.log(
          Level.WARNING,
          "store {0}: a manifest, a config or a container is broken, so nothing is removed: check and"
              + " repair it",
          store.directory());
      return;
    }
    for (Path algorithm : Directories.list(store.directory().resolve("blobs"))) {
      for (Path blob : Directories.list(algorithm)) {
        Digest digest = digest(blob);
        if (digest != null && !marks.blobs.contains(digest)) {
          discard(blob);
        }
      }
    }
    for (Path layer : Directories.list(store.directory().resolve("layers"))) {
      if (!marks.holdsLayer(Directories.name(layer))) {
        discard(layer);
      }
    }
  }

  /** Renames something away; the caller holds the store's lock. */
  void discard(Path path) throws IOException {
    trash.add(store.toTrash(path));
    discarded.add(path);
  }

  /** What was renamed away. */
  Set<Path> discarded() {
    return discarded;
  }

  void emptyTrash() throws IOException {
    for (Path each : trash) {
      store.deleteTree(each);
    }
  }
}
