package dev.cooper.oci.compress;

import dev.cooper.oci.Digest;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The one pass that makes a layer's blob: takes its tar, gives its packed bytes, and both digests.
 *
 * <p>The diffID is the digest of what comes in, the digest that of what goes out; without
 * compression they are the same, and taken once. Not thread-safe.
 */
public final class LayerOutput extends OutputStream {
  private final DigestingOutputStream blob;
  private final DigestingOutputStream tar;
  private boolean closed;

  /**
   * Over a blob, at the default level and with all processors.
   *
   * @param out gets the blob; closed with this
   * @param compression how to pack
   * @throws IOException if {@code out} can't be written
   */
  public LayerOutput(OutputStream out, Compression compression) throws IOException {
    this(out, compression, CompressionParameters.DEFAULT);
  }

  /**
   * Over a blob.
   *
   * @param out gets the blob; closed with this
   * @param compression how to pack
   * @param parameters level and threads
   * @throws IOException if {@code out} can't be written
   */
  public LayerOutput(OutputStream out, Compression compression, CompressionParameters parameters)
      throws IOException {
    blob = new DigestingOutputStream(out);
    tar =
        compression == Compression.NONE
            ? blob
            : new DigestingOutputStream(compression.compress(blob, parameters));
  }

  @Override
  public void write(int octet) throws IOException {
    tar.write(octet);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    tar.write(source, offset, length);
  }

  @Override
  public void flush() throws IOException {
    tar.flush();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    tar.close();
  }

  /**
   * The digest of the layer's tar.
   *
   * @return the diffID
   * @throws IllegalStateException before {@link #close}
   */
  public Digest diffId() {
    return checkClosed().tar.digest();
  }

  /**
   * The digest of the blob.
   *
   * @return the digest
   * @throws IllegalStateException before {@link #close}
   */
  public Digest digest() {
    return checkClosed().blob.digest();
  }

  /**
   * The blob's length.
   *
   * @return its size in bytes
   * @throws IllegalStateException before {@link #close}
   */
  public long size() {
    return checkClosed().blob.size();
  }

  /**
   * The tar's length.
   *
   * @return its size in bytes
   * @throws IllegalStateException before {@link #close}
   */
  public long uncompressedSize() {
    return checkClosed().tar.size();
  }

  /** The last bytes are written by closing. */
  private LayerOutput checkClosed() {
    if (!closed) {
      throw new IllegalStateException("the layer is not closed, so its digests are not known");
    }
    return this;
  }

  /** How much was written. */
  @Override
  public String toString() {
    return "LayerOutput[" + tar.size() + " bytes, compressed to " + blob.size() + "]";
  }
}
