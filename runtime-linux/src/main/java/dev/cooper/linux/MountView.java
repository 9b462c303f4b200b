package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a process will see at its paths, with the mounts that were added so far: the tree, the
 * kernel's own file systems, and what lies over them.
 */
final class MountView {
  private final Map<ByteString, Content> contents = new LinkedHashMap<>();

  /** What lies at a place and below it. */
  sealed interface Content {}

  /** A directory that is looked at, once something is asked of it: the tree, or what is bound. */
  static final class Looked implements Content {
    private final Supplier<RootPaths> opening;
    private final Map<ByteString, Optional<TarEntry>> known = new HashMap<>();
    private @Nullable RootPaths opened;

    Looked(Supplier<RootPaths> opening) {
      this.opening = opening;
    }

    RootPaths paths() {
      RootPaths paths = opened != null ? opened : opening.get();
      opened = paths;
      return paths;
    }

    @Nullable TarEntry entry(ByteString path) {
      return known.computeIfAbsent(path, at -> Optional.ofNullable(paths().entry(at))).orElse(null);
    }

    /** Something was made in it. */
    void changed() {
      known.clear();
    }
  }

  /** A new file system in memory, which holds what is put into it. */
  record InMemory(Map<ByteString, MountPlan.Place> places) implements Content {
    InMemory() {
      this(new LinkedHashMap<>());
    }

    List<MountPlan.Place> all() {
      return new ArrayList<>(places.values());
    }
  }

  /** The kernel's own, in which nothing can be made. */
  record Kernel() implements Content {}

  /** No directory. */
  record OneFile() implements Content {}

  /** A content, where it lies, and what leads from there to a path. */
  record Found(Content content, ByteString at, ByteString below) {}

  MountView(RootPaths tree) {
    contents.put(ByteString.EMPTY, new Looked(() -> tree));
  }

  /** Lays something over a path; what lay there and below is hidden. */
  void add(ByteString at, Content content) {
    contents.keySet().removeIf(each -> isAt(each, at));
    contents.put(at, content);
  }

  private static boolean isAt(ByteString path, ByteString at) {
    return path.equals(at) || isBelow(path, at);
  }

  private static boolean isBelow(ByteString path, ByteString at) {
    return at.isEmpty() ? !path.isEmpty() : path.latin1().startsWith(at.latin1() + "/");
  }

  /** Where a path lies: in the innermost that covers it. */
  Found find(ByteString path) {
    ByteString at = ByteString.EMPTY;
    for (ByteString each : contents.keySet()) {
      if (isAt(path, each) && each.length() >= at.length()) {
        at = each;
      }
    }
    Content content = contents.get(at);
    if (content == null) {
      throw new IllegalStateException("the tree itself lies at no path");
    }
    int skipped = at.isEmpty() ? 0 : at.length() + 1;
    String below = path.equals(at) ? "" : path.latin1().substring(skipped);
    return new Found(content, at, new ByteString(below));
  }

  /** Follows all links of a path, as they will be when it is mounted on. */
  ByteString canonical(String path) {
    return RootPaths.canonical(path, this::entry);
  }

  /** What a path is, its links followed. */
  ProtectedPaths.Kind kind(String path) {
    ByteString at = canonical(path);
    TarEntry entry = at.isEmpty() ? entry(at, true) : entry(at);
    if (entry == null) {
      return ProtectedPaths.Kind.ABSENT;
    }
    return entry.type() == EntryType.DIRECTORY
        ? ProtectedPaths.Kind.DIRECTORY
        : ProtectedPaths.Kind.OTHER;
  }

  private @Nullable TarEntry entry(ByteString path) {
    Found found = find(path);
    if (found.below().isEmpty()) {
      return entry(path, !(found.content() instanceof OneFile));
    }
    if (found.content() instanceof Looked looked) {
      return looked.entry(found.below());
    }
    if (found.content() instanceof InMemory memory) {
      MountPlan.Place place = memory.places().get(found.below());
      return place == null ? null : entry(path, place.directory());
    }
    // The kernel follows its own links as it mounts, inside the root and no magic ones.
    return null;
  }

  private static TarEntry entry(ByteString path, boolean directory) {
    return directory ? TarEntry.directory(path, 0755) : TarEntry.file(path, 0644, 0);
  }

  /** Whether a path's meaning depends on what is bound above it. */
  boolean isBound(ByteString path) {
    return contents.entrySet().stream()
        .anyMatch(
            each ->
                !each.getKey().isEmpty()
                    && each.getValue() instanceof Looked
                    && isBelow(path, each.getKey()));
  }

  /** How deep a path lies. */
  static int depth(ByteString path) {
    return LayerPath.components(path).size();
  }

  /** Whether something that is no directory lies on the way to a path. */
  boolean isBelowFile(ByteString path) {
    for (ByteString at = LayerPath.parent(path); !at.isEmpty(); at = LayerPath.parent(at)) {
      TarEntry entry = entry(at);
      if (entry != null) {
        return entry.type() != EntryType.DIRECTORY;
      }
    }
    return false;
  }
}
