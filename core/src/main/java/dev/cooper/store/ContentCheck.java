package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.oci.Digest;
import dev.cooper.tree.HeapBudget;
import dev.cooper.tree.LayerIndex;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a store's blobs, packed layers and layer indexes, without a lock: none of them is ever
 * written again, but each may go. Not thread-safe.
 */
final class ContentCheck {
  private final Store store;
  private final Map<Path, String> blobs = new HashMap<>();
  private final Map<Path, String> layers = new HashMap<>();
  private final Map<Path, Object> read = new HashMap<>();
  private long bytesRead;

  ContentCheck(Store store) {
    this.store = store;
  }

  /** The broken blobs, and what is wrong with each. */
  Map<Path, String> blobs() {
    return blobs;
  }

  /** The broken packed layers and indexes, and what is wrong with each. */
  Map<Path, String> layers() {
    return layers;
  }

  long bytesRead() {
    return bytesRead;
  }

  void run() throws IOException {
    for (Path algorithm : Directories.list(store.directory().resolve("blobs"))) {
      for (Path blob : Directories.list(algorithm)) {
        Digest digest = Sweep.digest(blob);
        if (digest != null) {
          check(blob, blobs, () -> trouble(blob, digest));
        }
      }
    }
    for (Path layer : Directories.list(store.directory().resolve("layers"))) {
      String packed = StoreCheck.packedDigest(Directories.name(layer));
      if (packed != null) {
        check(layer, layers, () -> trouble(layer, new Digest("sha256", packed)));
      } else if (Directories.name(layer).endsWith(".idx")) {
        check(layer, layers, () -> indexTrouble(layer));
      }
    }
  }

  /** Says what is wrong with a file, or null. */
  private interface Check {
    @Nullable String trouble() throws IOException;
  }

  private void check(Path file, Map<Path, String> into, Check check) throws IOException {
    try {
      Object key = key(file);
      String trouble = check.trouble();
      if (trouble != null) {
        into.put(file, trouble);
        read.put(file, key);
      }
    } catch (NoSuchFileException e) {
      into.remove(file); // its image was removed meanwhile
    }
  }

  private @Nullable String trouble(Path file, Digest expected) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return "found no regular file";
    }
    MessageDigest hasher = expected.newMessageDigest();
    byte[] buffer = new byte[128 * 1024];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        hasher.update(buffer, 0, n);
        bytesRead += n;
      }
    }
    Digest found = Digest.of(expected.algorithm(), hasher.digest());
    return found.equals(expected)
        ? null
        : "its " + Files.size(file) + " bytes have the digest " + found;
  }

  private @Nullable String indexTrouble(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytesRead += bytes.length;
    return LayerIndex.parse(bytes, new HeapBudget()) == null
        ? "the index of the layer's files is damaged"
        : null;
  }

  private static Object key(Path file) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    return List.of(String.valueOf(attributes.fileKey()), attributes.size());
  }

  /** Forgets what has gone or was replaced since; the caller holds the store's lock. */
  void retainUnchanged() throws IOException {
    for (Path each : read.keySet()) {
      if (!Objects.equals(read.get(each), keyIfThere(each))) {
        blobs.remove(each);
        layers.remove(each);
      }
    }
  }

  private static @Nullable Object keyIfThere(Path file) throws IOException {
    try {
      return key(file);
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
