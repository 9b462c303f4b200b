package dev.cooper.host;

import dev.cooper.io.Directories;
import dev.cooper.spi.SizeSink;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures a directory with what the JDK knows: the length of files, and of the disk what blocks of
 * 4 KiB would take. Holds one descriptor at a time, however deep the directory is.
 */
public final class PortableSizes {
  private static final long BLOCK = 4096;

  private final Path root;
  private final int depth;
  private final Map<Path, long[]> sums = new HashMap<>();
  private final Set<Object> seen = new HashSet<>();

  private PortableSizes(Path root, int depth) {
    this.root = root;
    this.depth = depth;
  }

  /** As {@link dev.cooper.spi.ContainerRuntime#measure} does it. */
  public static void measure(Path directory, int depth, SizeSink sink) throws IOException {
    PortableSizes sizes = new PortableSizes(directory, depth);
    if (Files.isDirectory(directory)) {
      sizes.walk();
    }
    sizes.sums.forEach((path, sum) -> sink.add(path, sum[0], sum[1]));
  }

  private void walk() {
    Deque<Path> waiting = new ArrayDeque<>();
    if (visit(root)) {
      waiting.add(root);
    }
    while (!waiting.isEmpty()) {
      for (Path path : list(waiting.removeLast())) {
        if (visit(path)) {
          waiting.add(path);
        }
      }
    }
  }

  /** Adds what lies at a path; whether it is a directory. */
  private boolean visit(Path path) {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      add(path, attributes);
      return attributes.isDirectory();
    } catch (IOException gone) {
      return false;
    }
  }

  /** What goes meanwhile is passed over, as is what may not be read. */
  private static List<Path> list(Path directory) {
    try {
      return Directories.list(directory);
    } catch (IOException | DirectoryIteratorException unreadable) {
      return List.of();
    }
  }

  private void add(Path path, BasicFileAttributes attributes) {
    Object key = attributes.fileKey();
    if (key != null && !seen.add(key)) {
      return;
    }
    int levels = path.getNameCount() - root.getNameCount();
    Path part = levels <= depth ? path : root.resolve(root.relativize(path).subpath(0, depth));
    long[] sum = sums.computeIfAbsent(part, key2 -> new long[2]);
    sum[0] += attributes.size();
    sum[1] += (attributes.size() + BLOCK - 1) / BLOCK * BLOCK;
  }
}
