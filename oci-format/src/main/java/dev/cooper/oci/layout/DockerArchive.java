package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What {@code docker save} writes and {@code docker load} reads: a tar archive with {@code
 * manifest.json}; compressed or not.
 *
 * <p>It has no manifests of its own, so each image gets one made for it (Docker's schema 2), whose
 * layers are what lies in the archive: mostly uncompressed, so a layer's digest is its diffID.
 * Thread-safe. Source: Docker's "Image Specification v1.2".
 */
public final class DockerArchive extends BlobReader {
  private static final Pattern NAMED_BY_DIGEST =
      Pattern.compile("(?:blobs/sha256/)?([0-9a-f]{64})(?:\\.json)?");

  private final TarFile tar;
  private final Index index;

  /** The manifests that were made. */
  private final Map<Digest, byte[]> made = new HashMap<>();

  /** The names of the other blobs. */
  private final Map<Digest, String> names = new HashMap<>();

  private DockerArchive(TarFile tar) throws IOException {
    super(tar.limits());
    this.tar = tar;
    refuseOld(tar);
    List<SavedImage> images = SavedImage.parseAll(tar.document(SavedImage.FILE));
    Map<String, Integer> last = new HashMap<>();
    for (int i = 0; i < images.size(); i++) {
      for (String tag : images.get(i).tags()) {
        last.put(whole(tag), i); // as Docker, which gives the name to each in turn
      }
    }
    List<Descriptor> manifests = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      int number = i;
      Descriptor manifest = manifest(images.get(i));
      List<Descriptor> named =
          images.get(i).tags().stream()
              .filter(tag -> last.getOrDefault(whole(tag), number) == number)
              .map(tag -> named(manifest, tag))
              .distinct()
              .toList();
      manifests.addAll(named.isEmpty() ? List.of(manifest) : named);
    }
    this.index = Index.of(manifests);
  }

  /** A tag that is no name, or one that holds a digest, is for the reader to judge. */
  private static Descriptor named(Descriptor manifest, String tag) {
    ImageReference name = ImageNames.parse(tag);
    return name == null || name.digest() != null
        ? manifest.withAnnotation(ImageNames.REF_NAME, tag)
        : ImageNames.named(manifest, name);
  }

  private static String whole(String tag) {
    ImageReference name = ImageNames.parse(tag);
    return name == null ? tag : name.toString();
  }

  /**
   * Opens an archive for reading.
   *
   * @param file its path
   * @param temporary a directory that a compressed archive is unpacked into until closing
   * @return the archive; its index names each image once for each of its tags. Of images with the
   *     same tag the last one has it; a tag that is no reference is a {@code ref.name} all the same
   * @throws ContentException if it is no such archive, one of before Docker 1.10, or truncated
   * @throws IOException if it can't be read, or not be unpacked
   */
  public static DockerArchive open(Path file, Path temporary) throws IOException {
    return over(TarFile.open(file, temporary, ImageLimits.DEFAULT));
  }

  static DockerArchive over(TarFile tar) throws IOException {
    return Layouts.closingOnFailure(tar, DockerArchive::new);
  }

  static boolean isIn(TarFile tar) {
    return tar.has(SavedImage.FILE);
  }

  /** Whether it is as Docker saved images before 1.10: without a manifest, and without digests. */
  static boolean isOld(TarFile tar) {
    return !isIn(tar) && tar.has("repositories");
  }

  private static void refuseOld(TarFile tar) {
    if (isOld(tar)) {
      throw new ContentException(
          "found repositories but no "
              + SavedImage.FILE
              + ": this is how Docker before 1.10 saved images, without any digest; convert it with"
              + " a Docker that still loads it: docker load, then docker save");
    }
  }

  /**
   * Writes an archive, in place of what has its name.
   *
   * <p>Layers are unpacked, as Docker wants them. Of the index, each manifest becomes an image; its
   * tags are those of its descriptors' annotations {@code io.containerd.image.name} and {@code
   * org.opencontainers.image.ref.name} that name a repository and a tag. Equal images give equal
   * bytes.
   *
   * @param file its path, in a directory that exists
   * @return a writer; it needs as much space again until its commit ends
   * @throws IOException if it can't be written
   */
  public static ContentWriter create(Path file) throws IOException {
    return create(file, Instant.EPOCH);
  }

  /**
   * The same, with another time on its files.
   *
   * @param file its path, in a directory that exists
   * @param time of every file, in seconds
   * @return a writer; it needs as much space again until its commit ends
   * @throws IOException if it can't be written
   */
  public static ContentWriter create(Path file, Instant time) throws IOException {
    return new DockerArchiveWriter(file, time);
  }

  private Descriptor manifest(SavedImage image) throws IOException {
    tar.limits().requireLayers(image.layers().size());
    byte[] bytes = tar.document(image.config());
    Descriptor config = Descriptor.of(MediaType.DOCKER_CONFIG, bytes);
    Matcher named = NAMED_BY_DIGEST.matcher(image.config());
    if (named.matches() && !config.digest().hex().equals(named.group(1))) {
      throw new ContentException(
          "content of " + image.config() + " has the digest " + config.digest());
    }
    names.put(config.digest(), image.config());
    ImageConfig parsed = ImageConfig.parse(bytes);
    List<Digest> diffIds = parsed.diffIds();
    if (diffIds.size() != image.layers().size()) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: found %d layers of %s, expected %d as in its diff_ids",
              SavedImage.FILE,
              image.layers().size(),
              image.config(),
              diffIds.size()));
    }
    List<Descriptor> layers = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      layers.add(layer(image.layers().get(i), diffIds.get(i)));
    }
    byte[] manifest = Manifest.of(MediaType.DOCKER_MANIFEST, config, layers).toBytes();
    Descriptor descriptor = Descriptor.of(MediaType.DOCKER_MANIFEST, manifest);
    made.put(descriptor.digest(), manifest);
    return descriptor.withPlatform(parsed.platform());
  }

  /** A compressed layer, which Docker also loads, has a digest that only reading it tells. */
  private Descriptor layer(String name, Digest diffId) throws IOException {
    Blob blob = tar.require(name);
    byte[] head = blob.content().readNBytes(Compression.MAGIC_LENGTH);
    MediaType mediaType =
        switch (Compression.detect(head, head.length)) {
          case NONE -> MediaType.DOCKER_LAYER;
          case GZIP -> MediaType.DOCKER_LAYER_GZIP;
          case ZSTD -> MediaType.DOCKER_LAYER_ZSTD;
        };
    Digest digest = mediaType.equals(MediaType.DOCKER_LAYER) ? diffId : hash(head, blob.content());
    names.put(digest, name);
    return Descriptor.of(mediaType, digest, blob.size());
  }

  private static Digest hash(byte[] head, InputStream rest) throws IOException {
    MessageDigest hasher = Digest.newSha256();
    hasher.update(head);
    byte[] buffer = new byte[128 * 1024];
    for (int n = rest.read(buffer); n >= 0; n = rest.read(buffer)) {
      hasher.update(buffer, 0, n);
    }
    return Digest.of("sha256", hasher.digest());
  }

  @Override
  String where() {
    return tar.path().toString();
  }

  @Override
  public Index index() {
    return index;
  }

  @Override
  byte[] indexBytes() {
    return index.toBytes();
  }

  @Override
  @Nullable Blob find(Digest digest) throws IOException {
    byte[] manifest = made.get(digest);
    if (manifest != null) {
      return new Blob(new ByteArrayInputStream(manifest), manifest.length);
    }
    String name = names.get(digest);
    return name == null ? null : tar.find(name);
  }

  @Override
  public boolean contains(Digest digest) {
    return made.containsKey(digest) || names.containsKey(digest);
  }

  @Override
  public void close() throws IOException {
    tar.close();
  }
}
