package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import org.jspecify.annotations.Nullable;

/** Checks one image's layers from the base up: digest, compression, diffID, tar, each entry. */
final class LayerValidator {
  /** Attributes that mean something to the overlay file system of the host. */
  private static final String[] PRIVATE_XATTRS = {"trusted.overlay.", "user.overlay."};

  private final ContentReader reader;
  private final Violations violations;
  private final LayerTree tree = new LayerTree();

  /** Whether every layer so far could be looked into; else a missing file may be in another. */
  private boolean whole = true;

  LayerValidator(ContentReader reader, Violations violations) {
    this.reader = reader;
    this.violations = violations;
  }

  /** Passes over a layer that is not here. */
  void skip() {
    whole = false;
  }

  void check(String where, Descriptor layer, @Nullable Digest diffId) throws IOException {
    // The blob's own digest first, as what is wrong with the rest could come from it.
    try (InputStream in = reader.open(layer)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "content as described");
      skip();
      return;
    }
    Digest any = diffId == null ? layer.digest() : diffId;
    try (InputStream in = new BufferedInputStream(reader.open(layer));
        DigestInputStream unpacked =
            new DigestInputStream(decompress(where, layer, in), any.newMessageDigest())) {
      entries(where, unpacked, layer);
      Digest found = Digest.of(any.algorithm(), unpacked.getMessageDigest().digest());
      violations.check(
          diffId == null || found.equals(diffId),
          where,
          "the uncompressed digest " + found,
          "the diffID " + diffId);
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "a layer that can be unpacked");
      skip();
    }
  }

  private InputStream decompress(String where, Descriptor layer, InputStream in)
      throws IOException {
    in.mark(Compression.MAGIC_LENGTH);
    byte[] head = in.readNBytes(Compression.MAGIC_LENGTH);
    in.reset();
    Compression found = Compression.detect(head, head.length);
    Compression expected = compression(layer.mediaType());
    violations.check(
        found == expected, where, "content compressed with " + found, layer.mediaType().value());
    return found.decompress(in);
  }

  private static Compression compression(MediaType type) {
    if (type.isGzip()) {
      return Compression.GZIP;
    }
    return type.isZstd() ? Compression.ZSTD : Compression.NONE;
  }

  /** Reads the tar to its end, and what follows; a broken tar still has a diffID. */
  private void entries(String where, InputStream unpacked, Descriptor layer) throws IOException {
    TarReader tar = TarReader.over(unpacked, LayerBudget.of(ImageLimits.DEFAULT, layer.size()));
    try {
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        entry(where + ": " + entry.path(), entry);
      }
      tree.endLayer();
      tar.drain();
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "a valid tar");
      skip();
      tree.endLayer();
      unpacked.transferTo(OutputStream.nullOutputStream());
    }
  }

  private void entry(String where, TarEntry entry) {
    try {
      ByteString path = LayerPath.normalize(entry.path());
      parent(where, path);
      if (entry.type() == EntryType.HARDLINK) {
        target(where, entry.link());
      }
      violations.check(tree.add(path, entry), where, "it again", "each name once");
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "a name inside the root");
    }
    absolute(where, entry.path());
    boolean marker = entry.isWhiteout() || entry.isOpaqueMarker();
    boolean plain = entry.type() == EntryType.FILE && entry.size() == 0;
    violations.check(!marker || plain, where, "a whiteout with content", "an empty file");
    violations.check(
        entry.type() != EntryType.SYMLINK || !entry.link().isEmpty(), where, "no target", "one");
    for (ByteString name : entry.xattrs().keySet()) {
      for (String prefix : PRIVATE_XATTRS) {
        violations.check(
            !name.latin1().startsWith(prefix), where, "the attribute " + name, "none of a host's");
      }
    }
  }

  private void absolute(String where, ByteString path) {
    violations.check(!path.latin1().startsWith("/"), where, "an absolute path", "a relative one");
  }

  private void parent(String where, ByteString path) {
    EntryType parent = path.isEmpty() ? null : tree.at(LayerPath.parent(path));
    violations.check(
        parent == null || parent == EntryType.DIRECTORY,
        where,
        "a parent that is a " + parent,
        "a directory");
  }

  private void target(String where, ByteString link) {
    absolute(where + ": link", link);
    EntryType target = tree.at(LayerPath.normalize(link));
    violations.check(
        target != null || !whole,
        where,
        "a hard link to " + link,
        "one to what is there before it");
    violations.check(
        target != EntryType.DIRECTORY, where, "a hard link to a directory", "one to a file");
  }
}
