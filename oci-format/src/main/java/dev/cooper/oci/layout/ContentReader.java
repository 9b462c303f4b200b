package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/**
 * A place to read images from: an index, and blobs by their digests.
 *
 * <p>Thread-safe, but for closing, which ends the streams that are still open. What is read is
 * checked against digest and size before its last byte is handed out.
 */
public interface ContentReader extends Closeable {
  /**
   * What the place holds.
   *
   * @return one descriptor for each name of each image
   */
  Index index();

  /**
   * Reads a manifest, an index or a config.
   *
   * @param descriptor what to read
   * @return its bytes
   * @throws ContentException if it is not there, has another size or digest, or is over {@link
   *     dev.cooper.oci.ImageLimits#documentBytes}
   * @throws IOException if it can't be read
   */
  byte[] read(Descriptor descriptor) throws IOException;

  /**
   * Opens a blob of any size.
   *
   * @param descriptor what to read
   * @return its bytes, to be closed; reading throws {@link ContentException} if they have another
   *     size or digest
   * @throws ContentException if it is not there, can be seen to have another size, or is over
   *     {@link dev.cooper.oci.ImageLimits#layerBytes}
   * @throws IOException if it can't be read
   */
  InputStream open(Descriptor descriptor) throws IOException;

  /**
   * Whether a blob is there.
   *
   * @param digest the blob's
   * @return true if it can be opened
   */
  boolean contains(Digest digest);
}
