package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.compress.DigestingOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Writes what {@code docker load} reads, with every layer unpacked and named by its diffID. */
final class DockerArchiveWriter extends StagedWriter {
  private final Path file;
  private final Instant time;

  /** What goes into the archive beside its lists, by name. */
  private final Map<String, Path> files = new TreeMap<>();

  DockerArchiveWriter(Path file, Instant time) throws IOException {
    super(DurableFiles.directory(file));
    this.file = file;
    this.time = time;
  }

  @Override
  void publish(Index index) throws IOException {
    Map<Digest, List<ImageReference>> tags = new LinkedHashMap<>();
    for (Descriptor descriptor : index.manifests()) {
      List<ImageReference> names =
          tags.computeIfAbsent(descriptor.digest(), digest -> new ArrayList<>());
      requireManifest(descriptor);
      ImageReference name = ImageNames.of(descriptor);
      if (name != null && !names.contains(name)) {
        names.add(name);
      }
    }
    List<SavedImage> images = new ArrayList<>();
    for (Map.Entry<Digest, List<ImageReference>> each : tags.entrySet()) {
      images.add(image(each.getKey(), each.getValue()));
    }
    Path whole = newFile();
    try (ArchiveOutput out = new ArchiveOutput(whole, time)) {
      out.file(SavedImage.FILE, SavedImage.toBytes(images));
      out.file("repositories", SavedImage.repositories(images));
      for (Map.Entry<String, Path> each : files.entrySet()) {
        out.file(each.getKey(), each.getValue());
      }
      out.finish();
    }
    DurableFiles.move(whole, file);
  }

  private static void requireManifest(Descriptor descriptor) {
    if (!descriptor.mediaType().isManifest()) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "docker archive: found %s of type %s, expected a manifest: choose one platform",
              descriptor.digest(),
              descriptor.mediaType()));
    }
  }

  private SavedImage image(Digest digest, List<ImageReference> tags) throws IOException {
    Manifest manifest = Manifest.parse(Files.readAllBytes(staged(digest)));
    Path configFile = staged(manifest.config().digest());
    ImageConfig config = ImageConfig.parse(Files.readAllBytes(configFile));
    config.requireLayers(manifest);
    String configName = manifest.config().digest().hex() + ".json";
    files.put(configName, configFile);
    List<String> layers = new ArrayList<>();
    for (int i = 0; i < config.diffIds().size(); i++) {
      Digest diffId = config.diffIds().get(i);
      String name = diffId.hex() + ".tar";
      if (!files.containsKey(name)) {
        files.put(name, unpacked(manifest.layers().get(i), diffId));
      }
      layers.add(name);
    }
    return SavedImage.of(configName, tags, layers);
  }

  private Path staged(Digest digest) {
    Path blob = blobs().get(digest);
    if (blob == null) {
      throw new ContentException("docker archive: blob " + digest + " was not written before");
    }
    return blob;
  }

  private Path unpacked(Descriptor layer, Digest diffId) throws IOException {
    Path packed = staged(layer.digest());
    if (layer.digest().equals(diffId)) {
      return packed;
    }
    Path unpacked = newFile();
    try (InputStream in = Decompression.open(Files.newInputStream(packed));
        FileChannel channel = DurableFiles.create(unpacked);
        DigestingOutputStream out = new DigestingOutputStream(Channels.newOutputStream(channel))) {
      Unpacking.copy(in, out, "layer " + layer.digest(), ImageLimits.DEFAULT, layer.size());
      if (!out.digest().equals(diffId)) {
        throw new ContentException(
            String.format(
                Locale.ROOT,
                "docker archive: layer %s unpacks to %s, expected its diffID %s",
                layer.digest(),
                out.digest(),
                diffId));
      }
    }
    return unpacked;
  }
}
