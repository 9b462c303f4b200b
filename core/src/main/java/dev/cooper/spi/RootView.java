package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import org.jspecify.annotations.Nullable;

/** A root filesystem to look things up in, mounted or not. */
public interface RootView {
  /**
   * What lies at a path, no link on the way being followed.
   *
   * @param path without leading slash; empty for the root
   * @return the entry, or null if there is none or a directory on the way is a link
   */
  @Nullable TarEntry entry(ByteString path);

  /**
   * The content of a regular file.
   *
   * @param path as in {@link #entry}
   * @param limit the most bytes that are read
   * @return the content, or null if there is no regular file, or a larger one
   */
  byte @Nullable [] read(ByteString path, int limit);
}
