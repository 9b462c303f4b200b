package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.HostNames;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a bind mount comes from: a path of the host, or one inside the root of a working container,
 * of whatever store.
 *
 * @param root the container's root, or null for the host's own
 * @param path below that root, its links followed inside; else of the host
 */
record BindSource(@Nullable ByteString root, ByteString path) {
  /**
   * A container's directory is known by its names: the merged root or the copied tree, and the
   * changes beside it.
   *
   * @param keeper whose mounts the process sees, as copies of its own: by their own paths, not
   *     through /proc
   */
  static BindSource of(Path source, long keeper) {
    Path absolute = source.toAbsolutePath();
    Path around = Path.of("/proc/" + keeper + "/root");
    Path root = outermost(absolute);
    if (root == null) {
      return new BindSource(null, HostPath.bytes(absolute));
    }
    ByteString within = HostNames.below(root, absolute);
    return new BindSource(
        root.startsWith(around)
            ? new ByteString("/" + HostNames.below(around, root).latin1())
            : HostPath.bytes(root),
        within.isEmpty() ? ByteString.utf8(".") : within);
  }

  /** What lies in a container could look like another's root, and be a link out of it. */
  private static @Nullable Path outermost(Path path) {
    Path root = null;
    for (Path above = path; above != null; above = above.getParent()) {
      root = isRoot(above) ? above : root;
    }
    return root;
  }

  /** Of an overlay, or a copied tree: in {@code changes} themselves, and bound to be seen. */
  private static boolean isRoot(Path path) {
    return path.endsWith("merged")
            && (isIn(path.resolveSibling("changes"), "upper")
                || isIn(path.resolveSibling("changes"), "tree"))
        || path.endsWith(Path.of("changes", "tree"))
            && isIn(Objects.requireNonNull(path.getParent()), "aside");
  }

  private static boolean isIn(Path directory, String name) {
    return Files.isDirectory(directory.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }
}
