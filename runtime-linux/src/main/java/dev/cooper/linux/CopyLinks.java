package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The names of files that have several, while layers are copied.
 *
 * <p>Each becomes a file of its own, until that has taken more of the disk than an image should
 * make it take (a few bytes of a layer can give a large file a thousand names): from then on a
 * further name is a link to the first, and what is written through one shows in the other.
 * Thread-safe.
 */
final class CopyLinks implements AutoCloseable {
  private static final long MOST_BYTES = 1L << 30;

  private final Lane lane;
  private final int target;
  private final Consumer<String> notices;
  private final Map<Inode, ByteString> first = new HashMap<>();
  private final Map<ByteString, ByteString> links = new LinkedHashMap<>();
  private long bytes;

  private record Inode(int layer, long number) {}

  CopyLinks(Lane lane, int target, Consumer<String> notices) {
    this.lane = lane;
    this.target = target;
    this.notices = notices;
  }

  /** Whether a name gets a copy of its own; else it is made in the end. */
  synchronized boolean isCopied(int layer, long inode, ByteString path, long size) {
    @Nullable ByteString known = first.putIfAbsent(new Inode(layer, inode), path);
    if (known == null || bytes + size <= MOST_BYTES) {
      bytes += known == null ? 0 : size;
      return true;
    }
    links.put(path, known);
    return false;
  }

  /** Makes the links; their directories keep their times. */
  void finish() {
    if (links.isEmpty()) {
      return;
    }
    notices.accept(
        links.size()
            + " further names of files stay links, as copies would take too much: what is written through one name shows in the others");
    RootPaths paths = new RootPaths(lane, target);
    links.forEach((path, to) -> link(paths, path, to));
  }

  private void link(RootPaths paths, ByteString path, ByteString to) {
    int parent = paths.openDirectory(LayerPath.parent(path));
    int other = paths.openDirectory(LayerPath.parent(to));
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call(path, Sys.STATX, parent, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      program.call(
          path,
          Sys.LINKAT,
          other,
          program.memory.string(LayerPath.name(to)),
          parent,
          program.memory.string(LayerPath.name(path)),
          0);
      lane.run(program);
      long times = program.memory.allocate(32);
      TreeBatch.putTimes(times, Stat.mtimeSeconds(stat), Stat.mtimeNanos(stat));
      int row = program.call(path, Sys.UTIMENSAT, parent, 0, times, 0);
      if (lane.run(program, row) == row) {
        throw program.failure(row);
      }
    } finally {
      TreeRemover.close(lane, other);
      TreeRemover.close(lane, parent);
    }
  }

  @Override
  public void close() {
    first.clear();
    links.clear();
  }
}
