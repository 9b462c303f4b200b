package dev.cooper.oci.layout;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A place to write images to, whole or not at all.
 *
 * <p>Blobs first, in any order and from several threads, then one commit. Nothing is visible before
 * it; closing without it leaves nothing behind.
 */
public interface ContentWriter extends Closeable {
  /**
   * Adds a blob, if it is not there yet.
   *
   * @param descriptor its digest and size, which are checked
   * @param content its bytes, read to their end unless the blob is there; not closed
   * @throws dev.cooper.oci.ContentException if they have another size or digest
   * @throws IOException if they can't be read or written
   */
  void blob(Descriptor descriptor, InputStream content) throws IOException;

  /**
   * Adds a small blob.
   *
   * @param descriptor its digest and size, which are checked
   * @param content its bytes
   * @throws dev.cooper.oci.ContentException if they have another size or digest
   * @throws IOException if they can't be written
   */
  default void blob(Descriptor descriptor, byte[] content) throws IOException {
    blob(descriptor, new ByteArrayInputStream(content));
  }

  /**
   * Adds a blob from a file whose digest the caller has taken or checked itself; on the same file
   * system an archive needs no copy of it.
   *
   * @param descriptor its digest and size
   * @param verified a file that nobody changes
   * @throws dev.cooper.oci.ContentException if it has another size
   * @throws IOException if it can't be read or written
   */
  default void verifiedBlob(Descriptor descriptor, Path verified) throws IOException {
    try (InputStream in = Files.newInputStream(verified)) {
      blob(descriptor, in);
    }
  }

  /**
   * Whether a blob is there already.
   *
   * @param digest the blob's
   * @return true if it was written, or was there before
   */
  boolean contains(Digest digest);

  /**
   * Makes everything visible at once, and durable.
   *
   * @param index what the place holds from now on; its manifests have to be there
   * @throws dev.cooper.oci.ContentException if one is missing, or the place can't hold such images
   * @throws IllegalStateException if this was committed or closed before
   * @throws IOException if it can't be written
   */
  void commit(Index index) throws IOException;
}
