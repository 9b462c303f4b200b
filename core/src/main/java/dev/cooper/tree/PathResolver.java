package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Follows the links of a root filesystem inside it, as the kernel does for a process whose root it
 * is: an absolute link begins at that root, and nothing lies above it.
 */
public final class PathResolver {
  /** The kernel's own limit, see path_resolution(7). */
  private static final int MAX_LINKS = 40;

  private PathResolver() {}

  /**
   * Where a path leads.
   *
   * @param path the path without links, as far as it exists, and the rest of it as it was asked for
   * @param entry what is there, or null for nothing
   * @param existing the deepest that is there: the path itself, or what it would be made in
   */
  public record Resolved(ByteString path, @Nullable TarEntry entry, ByteString existing) {}

  /**
   * Follows all links of a path, also the last.
   *
   * @param path with or without a leading slash; {@code .} and {@code ..} are followed too
   * @throws ContentException if there are more than 40 links on the way
   */
  public static Resolved resolve(RootView root, ByteString path) {
    return new Walk(root, path).run();
  }

  private static final class Walk {
    private final RootView root;
    private final ByteString asked;
    private final Deque<String> left = new ArrayDeque<>();
    private ByteString here = ByteString.EMPTY;
    private @Nullable TarEntry entry;
    private ByteString existing = ByteString.EMPTY;
    private boolean missing;
    private int links;

    Walk(RootView root, ByteString asked) {
      this.root = root;
      this.asked = asked;
      this.entry = root.entry(ByteString.EMPTY);
      push(asked);
    }

    Resolved run() {
      while (!left.isEmpty()) {
        step(left.pop());
      }
      return new Resolved(here, missing ? null : entry, existing);
    }

    /** Puts a path's components before what is left. */
    private void push(ByteString path) {
      String[] components = path.latin1().split("/", -1);
      for (int i = components.length - 1; i >= 0; i--) {
        if (!components[i].isEmpty() && !components[i].equals(".")) {
          left.push(components[i]);
        }
      }
    }

    private void step(String name) {
      if (name.equals("..")) {
        go(LayerPath.parent(here));
        return;
      }
      ByteString next = LayerPath.join(here, new ByteString(name));
      TarEntry found = missing ? null : root.entry(next);
      if (found != null && found.type() == EntryType.SYMLINK) {
        follow(next, found.link());
      } else if (found == null) {
        here = next;
        missing = true;
      } else {
        here = next;
        existing = next;
        entry = found;
      }
    }

    /** Goes to a directory above, which may be one that is there again. */
    private void go(ByteString directory) {
      here = directory;
      if (here.length() <= existing.length()) {
        existing = here;
        missing = false;
        entry = root.entry(here);
      }
    }

    private void follow(ByteString link, ByteString target) {
      if (++links > MAX_LINKS) {
        throw new ContentException(
            String.format(
                Locale.ROOT,
                "path %s: more than %d links on the way, the last one %s to %s",
                asked,
                MAX_LINKS,
                link,
                target));
      }
      if (target.latin1().startsWith("/")) {
        go(ByteString.EMPTY);
      }
      push(target);
    }
  }
}
