package dev.cooper.host;

import dev.cooper.io.Directories;
import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tree of the host with the JDK alone, as {@link dev.cooper.spi.ContainerRuntime#readHost}
 * does: where there is no runtime.
 *
 * <p>In canonical order. Sockets are left out; where the system has no POSIX attributes, owners are
 * 0:0 and modes 0755 for directories, 0644 for files. Extended attributes are not read.
 */
public final class PortableTree {
  private final TreeFilter filter;
  private final EntrySink sink;
  private final Consumer<String> notices;
  private final byte[] buffer = new byte[128 * 1024];

  /** The first names of files that have several. */
  private final Map<Object, ByteString> first = new HashMap<>();

  /** Directories that are written only if something in them is; the uppermost first. */
  private final Deque<TarEntry> pending = new ArrayDeque<>();

  /** Those that the walk is in; the lowest first. */
  private final Deque<Level> levels = new ArrayDeque<>();

  /** A directory, and the last parts of the paths in it that are still to be visited. */
  private record Level(
      Path directory,
      ByteString name,
      boolean isPending,
      NavigableMap<ByteString, Path> children) {}

  private PortableTree(TreeFilter filter, EntrySink sink, Consumer<String> notices) {
    this.filter = filter;
    this.sink = sink;
    this.notices = notices;
  }

  /**
   * Reads a file or tree.
   *
   * @param path read first, as an entry with an empty path; a link that it names is followed
   * @throws OperationException if it cannot be read, or changes meanwhile
   * @throws IOException from the sink
   */
  public static void read(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
      throws IOException {
    Path real;
    try {
      real = path.toRealPath();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    new PortableTree(filter, sink, notices).walk(real);
  }

  private void walk(Path root) throws IOException {
    take(root, ByteString.EMPTY);
    while (!levels.isEmpty()) {
      Level level = levels.getFirst();
      Map.@Nullable Entry<ByteString, Path> next = level.children.pollFirstEntry();
      if (next != null) {
        visit(level.directory.resolve(next.getValue()), LayerPath.join(level.name, next.getKey()));
        continue;
      }
      levels.pop();
      if (level.isPending) {
        pending.pollLast(); // still there only if nothing below was taken
      }
    }
  }

  private void take(Path path, ByteString name) throws IOException {
    PortableFile file = PortableFile.of(path, name);
    if (file == null) {
      notices.accept(path + " is a socket: left out");
      return;
    }
    writePending();
    TarEntry entry = file.entry();
    switch (entry.type()) {
      case DIRECTORY -> {
        sink.put(entry);
        descend(path, name, false);
      }
      case FILE -> writeFile(path, file);
      default -> sink.put(entry);
    }
  }

  private void writePending() throws IOException {
    while (!pending.isEmpty()) {
      sink.put(pending.removeFirst());
    }
  }

  private void writeFile(Path path, PortableFile file) throws IOException {
    TarEntry entry = file.entry();
    Object key = file.key();
    ByteString before = key == null ? null : first.putIfAbsent(key, entry.path());
    if (before != null) {
      sink.put(linked(entry, before));
      return;
    }
    sink.begin(entry);
    long left = entry.size();
    try (InputStream in = open(path)) {
      while (left > 0) {
        int n = read(in, path, (int) Math.min(left, buffer.length));
        if (n < 0) {
          throw changed(path);
        }
        sink.write(buffer, 0, n);
        left -= n;
      }
      if (read(in, path, 1) >= 0) {
        throw changed(path);
      }
    }
    sink.end();
  }

  private static TarEntry linked(TarEntry entry, ByteString before) {
    return TarEntry.hardlink(entry.path(), before)
        .withMode(entry.mode())
        .withOwner(entry.uid(), entry.gid())
        .withMtime(entry.mtimeSeconds(), entry.mtimeNanos());
  }

  private static InputStream open(Path path) {
    try {
      return Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private int read(InputStream in, Path path, int length) {
    try {
      return in.read(buffer, 0, length);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** An error that names the file, and says what to do where that is known. */
  public static OperationException unreadable(Path path, IOException e) {
    boolean denied = e instanceof AccessDeniedException;
    return new OperationException(
        "cannot read "
            + path.toAbsolutePath()
            + ": "
            + (denied
                ? "this user has no permission: grant it, or leave the file out"
                : Io.reason(e)),
        e);
  }

  private static OperationException changed(Path path) {
    return new OperationException(
        "cannot read " + path.toAbsolutePath() + ": it changed meanwhile: try again");
  }

  private void descend(Path directory, ByteString name, boolean isPending) {
    NavigableMap<ByteString, Path> children = new TreeMap<>();
    try {
      for (Path child : Directories.list(directory)) {
        children.put(PortableFile.name(child), child.getFileName());
      }
    } catch (IOException e) {
      throw unreadable(directory, e);
    }
    levels.push(new Level(directory, name, isPending, children));
  }

  private void visit(Path path, ByteString name) throws IOException {
    boolean directory = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    switch (filter.choose(name, directory)) {
      case TAKE -> take(path, name);
      case DESCEND -> {
        if (directory) {
          maybe(path, name);
        }
      }
      case SKIP -> {}
    }
  }

  private void maybe(Path directory, ByteString name) throws IOException {
    @Nullable PortableFile file = PortableFile.of(directory, name);
    if (file == null || file.entry().type() != EntryType.DIRECTORY) {
      throw changed(directory);
    }
    pending.addLast(file.entry());
    descend(directory, name, true);
  }
}
