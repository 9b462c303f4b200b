package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import org.jspecify.annotations.Nullable;

/**
 * A root filesystem to look things up in, mounted or not.
 *
 * <p>Paths are canonical: components between single slashes, none of them {@code .} or {@code ..}.
 * Any other path names nothing, as a root has no outside.
 */
public interface RootView {
  /**
   * What lies at a path, no link on the way being followed.
   *
   * @param path canonical, without leading slash; empty for the root
   * @return the entry, or null if there is none, a directory on the way is a link, or the path is
   *     not canonical
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
