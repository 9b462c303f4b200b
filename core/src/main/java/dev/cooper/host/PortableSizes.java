package dev.cooper.host;

import dev.cooper.spi.SizeSink;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Measures a directory with what the JDK knows: the length of files, and of the disk what blocks of
 * 4 KiB would take.
 */
public final class PortableSizes extends SimpleFileVisitor<Path> {
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
      Files.walkFileTree(directory, sizes);
    }
    sizes.sums.forEach((path, sum) -> sink.add(path, sum[0], sum[1]));
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

  @Override
  public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
    add(path, attributes);
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
    add(path, attributes);
    return FileVisitResult.CONTINUE;
  }

  /** What goes meanwhile is passed over, as is what may not be read. */
  @Override
  public FileVisitResult visitFileFailed(Path path, IOException failure) {
    return FileVisitResult.CONTINUE;
  }
}
