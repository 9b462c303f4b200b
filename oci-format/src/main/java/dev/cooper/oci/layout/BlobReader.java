package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What every place on the disk does alike: embedded content, sizes and digests. */
public abstract sealed class BlobReader implements ContentReader
    permits OciLayout, OciArchive, DockerArchive {
  /** A blob as it lies there, unchecked. */
  record Blob(InputStream content, long size) {}

  private final ImageLimits limits;

  BlobReader(ImageLimits limits) {
    this.limits = limits;
  }

  /** What is read, for messages. */
  abstract String where();

  /** The index as it lies there, or as it would. */
  abstract byte[] indexBytes();

  /** Opens a blob, or gives null if it is not there. */
  abstract @Nullable Blob find(Digest digest) throws IOException;

  @Override
  public final byte[] read(Descriptor descriptor) throws IOException {
    limits.requireDocument(
        where() + ": " + descriptor.mediaType() + " " + descriptor.digest(), descriptor.size());
    try (InputStream in = open(descriptor)) {
      return in.readAllBytes();
    }
  }

  @Override
  public final InputStream open(Descriptor descriptor) throws IOException {
    ByteString data = descriptor.data();
    if (data != null) {
      return new ByteArrayInputStream(data.toBytes());
    }
    limits.requireBlob(descriptor);
    Digest digest = descriptor.digest();
    Blob blob = find(digest);
    if (blob == null) {
      throw new ContentException(where() + ": blob " + digest + " is missing");
    }
    if (blob.size != descriptor.size()) {
      blob.content.close();
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: blob %s has %d bytes, expected %d",
              where(),
              digest,
              blob.size,
              descriptor.size()));
    }
    return new VerifyingInputStream(blob.content, descriptor, where());
  }

  /** The path of a blob in a layout; a digest has only characters that are safe in one. */
  static String path(Digest digest) {
    return "blobs/" + digest.algorithm() + "/" + digest.hex();
  }

  /** What kind of place it is, and where. */
  @Override
  public String toString() {
    return getClass().getSimpleName() + "[" + where() + "]";
  }
}
