package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.HostNames;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
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
   * A container's directory is known by its names: the merged root, and the changes beside it.
   *
   * @param keeper whose mounts the process sees, as copies of its own: by their own paths, not
   *     through /proc
   */
  static BindSource of(Path source, long keeper) {
    Path absolute = source.toAbsolutePath();
    Path around = Path.of("/proc/" + keeper + "/root");
    for (Path above = absolute; above != null; above = above.getParent()) {
      if (isRoot(above)) {
        ByteString within = HostNames.below(above, absolute);
        ByteString root =
            above.startsWith(around)
                ? new ByteString("/" + HostNames.below(around, above).latin1())
                : HostPath.bytes(above);
        return new BindSource(root, within.isEmpty() ? ByteString.utf8(".") : within);
      }
    }
    return new BindSource(null, HostPath.bytes(absolute));
  }

  private static boolean isRoot(Path path) {
    return path.endsWith("merged")
        && Files.isDirectory(
            path.resolveSibling("changes").resolve("upper"), LinkOption.NOFOLLOW_LINKS);
  }
}
