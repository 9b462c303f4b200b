package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Opens whatever holds images, and copies images from one place to another. */
public final class Layouts {
  /** How deep indexes may lie in each other. */
  static final int MAX_DEPTH = 8;

  private Layouts() {}

  /** Makes a reader of an open archive. */
  interface Opener<R> {
    R open(TarFile tar) throws IOException;
  }

  /**
   * Opens a layout, an OCI archive or a Docker archive, by what it contains.
   *
   * @param path a directory or a file; a compressed archive is unpacked beside it until closing
   * @return a reader
   * @throws ContentException if it is none of them
   * @throws IOException if it can't be read
   */
  public static ContentReader open(Path path) throws IOException {
    return open(path, DurableFiles.directory(path));
  }

  /**
   * Opens a layout, an OCI archive or a Docker archive, by what it contains, within the default
   * limits.
   *
   * @param path a directory or a file
   * @param temporary a directory that a compressed archive is unpacked into until closing
   * @return a reader
   * @throws ContentException if it is none of them, or over a limit
   * @throws IOException if it can't be read
   */
  public static ContentReader open(Path path, Path temporary) throws IOException {
    return open(path, temporary, ImageLimits.DEFAULT);
  }

  /**
   * Opens a layout, an OCI archive or a Docker archive, by what it contains.
   *
   * <p>An archive that is both, as newer Dockers write it, is read as OCI's.
   *
   * @param path a directory or a file
   * @param temporary a directory that a compressed archive is unpacked into until closing
   * @param limits what is refused: documents and blobs that are too long, too many layers, and a
   *     compressed archive that unpacks to too much
   * @return a reader
   * @throws ContentException if it is none of them, or over a limit
   * @throws IOException if it can't be read
   */
  public static ContentReader open(Path path, Path temporary, ImageLimits limits)
      throws IOException {
    if (Files.isDirectory(path)) {
      return OciLayout.open(path, limits);
    }
    TarFile tar = TarFile.open(path, temporary, limits);
    if (OciArchive.isIn(tar)) {
      return OciArchive.over(tar);
    }
    if (DockerArchive.isIn(tar) || DockerArchive.isOld(tar)) {
      return DockerArchive.over(tar);
    }
    tar.close();
    throw new ContentException(
        path + ": found neither oci-layout and index.json nor manifest.json in the archive");
  }

  static <R> R closingOnFailure(TarFile tar, Opener<R> opener) throws IOException {
    try {
      return opener.open(tar);
    } catch (ContentException e) {
      tar.close();
      throw new ContentException(tar.path() + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException | Error e) {
      tar.close();
      throw e;
    }
  }

  /**
   * Copies all that an index leads to, and commits it.
   *
   * <p>A foreign layer that the source does not have is left out, as it may not be passed on.
   *
   * @param from the source
   * @param to the target; not closed
   * @param index what the target shall hold, mostly the source's own index or a part of it
   * @throws ContentException if something is missing or malformed
   * @throws IOException if it can't be read or written
   */
  public static void copy(ContentReader from, ContentWriter to, Index index) throws IOException {
    // Each once: indexes that name each other's parts many times would else never end.
    Set<Digest> done = new HashSet<>();
    for (Descriptor descriptor : index.manifests()) {
      copy(from, to, descriptor, 0, done);
    }
    to.commit(index);
  }

  /**
   * Copies all that a manifest or an index leads to, and commits nothing.
   *
   * @param from the source
   * @param to the target; neither committed nor closed
   * @param root what is copied
   * @throws ContentException if something is missing or malformed
   * @throws IOException if it can't be read or written
   */
  public static void add(ContentReader from, ContentWriter to, Descriptor root) throws IOException {
    copy(from, to, root, 0, new HashSet<>());
  }

  private static void copy(
      ContentReader from, ContentWriter to, Descriptor root, int depth, Set<Digest> done)
      throws IOException {
    if (!done.add(root.digest())) {
      return;
    }
    if (depth > MAX_DEPTH) {
      throw new ContentException(
          "index " + root.digest() + " lies in more than " + MAX_DEPTH + " others");
    }
    if (root.mediaType().isIndex()) {
      byte[] bytes = from.read(root);
      for (Descriptor each : Index.parse(bytes, root.mediaType()).manifests()) {
        copy(from, to, each, depth + 1, done);
      }
      to.blob(root, bytes);
    } else if (root.mediaType().isManifest()) {
      byte[] bytes = from.read(root);
      Manifest manifest = Manifest.parse(bytes, root.mediaType());
      blob(from, to, manifest.config());
      for (Descriptor layer : manifest.layers()) {
        blob(from, to, layer);
      }
      to.blob(root, bytes);
    } else {
      blob(from, to, root);
    }
  }

  private static void blob(ContentReader from, ContentWriter to, Descriptor blob)
      throws IOException {
    boolean leftOut = blob.mediaType().isForeign() && !from.contains(blob.digest());
    if (!leftOut && !to.contains(blob.digest())) {
      try (InputStream in = from.open(blob)) {
        to.blob(blob, in);
      }
    }
  }
}
