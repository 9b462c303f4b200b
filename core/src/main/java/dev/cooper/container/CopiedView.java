package dev.cooper.container;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A root while a copy is written into it: with the directories and links that the copy has put
 * there, whether the root shows them yet or not.
 *
 * <p>Of other files only those are known that took the place of a directory or a link, so that it
 * grows with directories and not with files. Not thread-safe.
 */
final class CopiedView implements RootView {
  private final RootView root;
  private final Map<ByteString, Directory> directories = new HashMap<>();

  /** The directory that was found last, as files come by directories. */
  private Directory last = new Directory(null, false);

  private ByteString lastPath = ByteString.EMPTY;

  /** A directory that the copy wrote to; it is gone once it, or one above it, was replaced. */
  private static final class Directory {
    final @Nullable Directory parent;

    /** Whether the copy made it, so that it holds nothing of the root. */
    final boolean made;

    final Map<ByteString, TarEntry> others = new HashMap<>(0);
    private boolean replaced;

    Directory(@Nullable Directory parent, boolean made) {
      this.parent = parent;
      this.made = made;
    }

    boolean isThere() {
      for (Directory each = this; each != null; each = each.parent) {
        if (each.replaced) {
          return false;
        }
      }
      return true;
    }
  }

  CopiedView(RootView root) {
    this.root = root;
    directories.put(ByteString.EMPTY, last);
  }

  private @Nullable Directory find(ByteString path) {
    if (path.equals(lastPath) && last.isThere()) {
      return last;
    }
    Directory found = directories.get(path);
    if (found == null || !found.isThere()) {
      return null;
    }
    lastPath = path;
    last = found;
    return found;
  }

  /** Whether the copy has written to a directory, or made it. */
  boolean isDeclared(ByteString path) {
    return find(path) != null;
  }

  /**
   * Notes a directory that the copy writes to; the one above was noted before.
   *
   * @param made whether the copy makes it
   */
  void declare(ByteString path, boolean made) {
    if (find(path) == null) {
      Directory in = above(path);
      in.others.remove(LayerPath.name(path));
      directories.put(path, new Directory(in, made));
    }
  }

  private Directory above(ByteString path) {
    Directory in = find(LayerPath.parent(path));
    if (in == null) {
      throw new IllegalStateException("/" + path + " lies in a directory that was not noted");
    }
    return in;
  }

  /**
   * Notes what the copy puts into a directory that was noted, and is none.
   *
   * @param there what it replaces
   * @return whether the way to any other place may have changed by it
   */
  boolean put(TarEntry placed, @Nullable TarEntry there) {
    ByteString path = placed.path();
    Directory in = above(path);
    boolean link = placed.type() == EntryType.SYMLINK;
    boolean way =
        there != null && (there.type() == EntryType.SYMLINK || there.type() == EntryType.DIRECTORY);
    Directory replaced = way ? directories.remove(path) : null;
    if (replaced != null) {
      replaced.replaced = true;
    }
    if (link || way) {
      in.others.put(LayerPath.name(path), placed);
    }
    return link || way;
  }

  /**
   * Whether the copy replaced a directory of the root by something else: if it makes one again,
   * nothing of the first may be seen in it.
   */
  boolean hidesDirectory(ByteString path) {
    Directory in = above(path);
    if (in.made || !in.others.containsKey(LayerPath.name(path))) {
      return false;
    }
    TarEntry below = root.entry(path);
    return below != null && below.type() == EntryType.DIRECTORY;
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    Directory known = find(path);
    if (known != null && known.made) {
      return TarEntry.directory(path, 0755);
    }
    Directory in = path.isEmpty() ? null : find(LayerPath.parent(path));
    TarEntry other = in == null ? null : in.others.get(LayerPath.name(path));
    if (other != null) {
      return other;
    }
    return in != null && in.made ? null : root.entry(path);
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    return root.read(path, limit);
  }

  /** What lies below a directory, as a root of its own: no link leads out of it. */
  RootView below(ByteString directory) {
    return directory.isEmpty() ? this : new Below(this, directory);
  }

  private record Below(RootView whole, ByteString directory) implements RootView {
    @Override
    public @Nullable TarEntry entry(ByteString path) {
      return whole.entry(LayerPath.join(directory, path));
    }

    @Override
    public byte @Nullable [] read(ByteString path, int limit) {
      return whole.read(LayerPath.join(directory, path), limit);
    }
  }
}
