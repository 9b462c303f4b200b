package dev.cooper.store;

import dev.cooper.io.SparseFile;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A blob on its way into the store, which knows nothing of it until it is kept. Not thread-safe.
 */
public final class StagedBlob implements AutoCloseable {
  private final Blobs blobs;
  private final Path path;
  private final OutputStream output;

  StagedBlob(Blobs blobs, Path path) throws IOException {
    this.blobs = blobs;
    this.path = path;
    this.output = SparseFile.create(path);
  }

  /** Where it lies until it is kept. */
  public Path path() {
    return path;
  }

  /** Takes its bytes; unbuffered. It may be closed before this is kept, and is closed with this. */
  public OutputStream output() {
    return output;
  }

  /** Waits until the bytes are on the disk. */
  void sync() throws IOException {
    DurableFiles.sync(path);
  }

  /**
   * Gives the blob its place; one that is there already is never written again.
   *
   * @param mediaType for the descriptor
   * @param digest of the bytes, which the caller has computed or verified
   * @param size the number of bytes
   * @return its descriptor
   * @throws IllegalStateException if another number of bytes was written
   */
  public Descriptor keep(MediaType mediaType, Digest digest, long size) throws IOException {
    long found = Files.size(path);
    if (found != size) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT, "blob %s: %d bytes were staged, expected %d", digest, found, size));
    }
    blobs.publish(path, digest, size);
    return Descriptor.of(mediaType, digest, size);
  }

  /** Discards it, unless it was kept. */
  @Override
  public void close() throws IOException {
    output.close();
    Files.deleteIfExists(path);
  }
}
