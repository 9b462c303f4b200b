package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes an OCI archive: the small files first, so that a reader sees at once what it has.
 *
 * <p>A {@code manifest.json} names the same blobs for Docker's classic image store, as {@code
 * docker save} writes it since 25. It lists the images whose layers are all there; of an index only
 * one that holds a single image, as that store cannot choose.
 */
final class OciArchiveWriter extends StagedWriter {
  private final Path file;
  private final Instant time;

  OciArchiveWriter(Path file, Instant time) throws IOException {
    super(DurableFiles.directory(file));
    this.file = file;
    this.time = time;
  }

  @Override
  void publish(Index index) throws IOException {
    Path whole = newFile();
    try (ArchiveOutput out = new ArchiveOutput(whole, time)) {
      out.file(LayoutFile.NAME, LayoutFile.bytes());
      out.file(LayoutFile.INDEX, index.toBytes());
      List<SavedImage> images = images(index);
      if (!images.isEmpty()) {
        out.file(SavedImage.FILE, SavedImage.toBytes(images));
      }
      out.directory("blobs");
      String algorithm = "";
      for (Map.Entry<Digest, Path> blob : blobs().entrySet()) {
        Digest digest = blob.getKey();
        if (!digest.algorithm().equals(algorithm)) {
          algorithm = digest.algorithm();
          out.directory("blobs/" + algorithm);
        }
        out.file(BlobReader.path(digest), blob.getValue());
      }
      out.finish();
    }
    DurableFiles.move(whole, file);
  }

  private List<SavedImage> images(Index index) throws IOException {
    Map<Digest, Descriptor> manifests = new LinkedHashMap<>();
    Map<Digest, Set<ImageReference>> names = new HashMap<>();
    for (Descriptor entry : index.manifests()) {
      Descriptor manifest = only(entry, 0);
      if (manifest != null) {
        manifests.putIfAbsent(manifest.digest(), manifest);
        ImageReference name = ImageNames.of(entry);
        Set<ImageReference> all =
            names.computeIfAbsent(manifest.digest(), digest -> new LinkedHashSet<>());
        if (name != null) {
          all.add(name);
        }
      }
    }
    List<SavedImage> images = new ArrayList<>();
    for (Descriptor each : manifests.values()) {
      Manifest manifest = Manifest.parse(read(each), each.mediaType());
      if (isImage(manifest)) {
        images.add(saved(manifest, List.copyOf(names.getOrDefault(each.digest(), Set.of()))));
      }
    }
    return images;
  }

  /** The manifest that an entry leads to, if it is the only one. */
  private @Nullable Descriptor only(Descriptor entry, int depth) throws IOException {
    if (!entry.mediaType().isIndex() || depth > Layouts.MAX_DEPTH) {
      return entry.mediaType().isManifest() && blobs().containsKey(entry.digest()) ? entry : null;
    }
    List<Descriptor> parts = Index.parse(read(entry), entry.mediaType()).manifests();
    return parts.size() == 1 ? only(parts.get(0), depth + 1) : null;
  }

  private byte[] read(Descriptor document) throws IOException {
    ByteString data = document.data();
    return data != null
        ? data.toBytes()
        : Files.readAllBytes(Objects.requireNonNull(blobs().get(document.digest())));
  }

  private boolean isImage(Manifest manifest) {
    return manifest.config().mediaType().isConfig()
        && blobs().containsKey(manifest.config().digest())
        && manifest.layers().stream().allMatch(each -> blobs().containsKey(each.digest()));
  }

  private static SavedImage saved(Manifest manifest, List<ImageReference> names) {
    return SavedImage.of(
        BlobReader.path(manifest.config().digest()),
        names,
        manifest.layers().stream().map(each -> BlobReader.path(each.digest())).toList());
  }
}
