package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive of an OCI image layout, as {@code oci-archive:} of other tools; compressed or not.
 *
 * <p>Its files may come in any order. Thread-safe. Source: OCI image-spec, "OCI Image Layout
 * Specification".
 */
public final class OciArchive extends BlobReader {
  private final TarFile tar;
  private final byte[] indexBytes;
  private final Index index;

  private OciArchive(TarFile tar) throws IOException {
    super(tar.limits());
    this.tar = tar;
    LayoutFile.check(tar.document(LayoutFile.NAME));
    this.indexBytes = tar.document(LayoutFile.INDEX);
    this.index = Index.parse(indexBytes);
  }

  /**
   * Opens an archive for reading.
   *
   * @param file its path
   * @param temporary a directory that a compressed archive is unpacked into until closing
   * @return the archive
   * @throws ContentException if it is no archive of a layout, or is truncated
   * @throws IOException if it can't be read, or not be unpacked
   */
  public static OciArchive open(Path file, Path temporary) throws IOException {
    return over(TarFile.open(file, temporary, ImageLimits.DEFAULT));
  }

  static OciArchive over(TarFile tar) throws IOException {
    return Layouts.closingOnFailure(tar, OciArchive::new);
  }

  static boolean isIn(TarFile tar) {
    return tar.has(LayoutFile.NAME) && tar.has(LayoutFile.INDEX);
  }

  /**
   * Writes an archive, in place of what has its name.
   *
   * <p>Equal images give equal bytes: files come in a fixed order, with fixed modes, owners and
   * times. It also holds Docker's {@code manifest.json}, so that {@code docker load} reads it with
   * whichever image store. Docker's classic one reads layers compressed with zstd since 23.0.
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
    return new OciArchiveWriter(file, time);
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
    return indexBytes.clone();
  }

  @Override
  @Nullable Blob find(Digest digest) throws IOException {
    return tar.find(path(digest));
  }

  @Override
  public boolean contains(Digest digest) {
    return tar.has(path(digest));
  }

  @Override
  public void close() throws IOException {
    tar.close();
  }
}
