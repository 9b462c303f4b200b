package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.oci.Digest;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.CompressionParameters;
import dev.cooper.oci.compress.DigestingOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Layers as they were compressed when they were first saved, so that a base is compressed once and
 * not with every image above it: {@code layers/<diffID>.<compression>-<level>.<digest>}.
 *
 * <p>They go when the layer goes, by the beginning of their names. They are not synced: what is
 * read again is checked against the digest in its name first. Thread-safe.
 */
public final class PackedLayers {
  private final Store store;

  public PackedLayers(Store store) {
    this.store = store;
  }

  /** A layer that was packed. */
  public record Packed(Path path, Digest digest, long size) {}

  /** Finds a layer that was packed in the same way; a damaged one is removed. */
  public @Nullable Packed find(
      Digest diffId, Compression compression, CompressionParameters parameters) throws IOException {
    return first(diffId, compression, parameters, PackedLayers::checked);
  }

  /** Finds one without reading it: it may be damaged. */
  public @Nullable Packed look(
      Digest diffId, Compression compression, CompressionParameters parameters) throws IOException {
    return first(
        diffId,
        compression,
        parameters,
        (file, hex) -> new Packed(file, new Digest("sha256", hex), Files.size(file)));
  }

  private interface Check {
    @Nullable Packed check(Path file, String hex) throws IOException;
  }

  private @Nullable Packed first(
      Digest diffId, Compression compression, CompressionParameters parameters, Check check)
      throws IOException {
    String prefix = prefix(diffId, compression, parameters);
    Path directory = store.directory().resolve("layers");
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, prefix + "*")) {
      for (Path file : files) {
        Packed packed = check.check(file, Directories.name(file).substring(prefix.length()));
        if (packed != null) {
          return packed;
        }
      }
    }
    return null;
  }

  private static @Nullable Packed checked(Path file, String hex) throws IOException {
    try (DigestingOutputStream digesting =
        new DigestingOutputStream(OutputStream.nullOutputStream())) {
      Files.copy(file, digesting);
      Digest found = digesting.digest();
      if (found.hex().equals(hex)) {
        return new Packed(file, found, digesting.size());
      }
    } catch (NoSuchFileException e) {
      return null; // its image was removed meanwhile
    }
    Files.deleteIfExists(file);
    return null;
  }

  /** Keeps a file of this store's staging directory, which has its digest. */
  public void keep(
      Path staged,
      Digest diffId,
      Compression compression,
      CompressionParameters parameters,
      Digest digest)
      throws IOException {
    Path layer = store.layer(diffId);
    Path place = layer.resolveSibling(prefix(diffId, compression, parameters) + digest.hex());
    Files.move(staged, place, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The number of threads doesn't change the bytes. */
  private static String prefix(
      Digest diffId, Compression compression, CompressionParameters parameters) {
    return String.format(
        Locale.ROOT,
        "%s.%s-%d.",
        diffId.hex(),
        compression.name().toLowerCase(Locale.ROOT),
        parameters.level());
  }
}
