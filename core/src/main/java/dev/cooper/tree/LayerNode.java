package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A file or directory of a layer's own tree, or of several merged: as overlay would show them.
 *
 * <p>Source: OCI image-spec, "Image Layer Filesystem Changeset"; the kernel's overlayfs.rst.
 * Written by one thread, then read by many.
 */
public final class LayerNode {
  private static final int MAX_LINKS = 40;

  /**
   * As many as a path of PATH_MAX bytes has without links; with them, one could lead on for ever.
   */
  private static final int MAX_DEPTH = 2048;

  private static final int IMPLIED_MODE = 0755;

  /** What hides the one below: no file at all. */
  private static final LayerNode WHITEOUT = new LayerNode(null, null, null);

  private @Nullable TarEntry entry;
  private @Nullable Place place;
  private final @Nullable Map<String, LayerNode> children;

  /** Whether nothing that lower layers hold in it is shown. */
  private boolean opaque;

  /** Whether its layer hid the one below and made it anew: it has nothing of that one. */
  private boolean anew;

  /** Whether a layer above the one that named it last holds it without naming it. */
  private boolean unnamedAbove;

  /**
   * Where a content lies.
   *
   * @param layer the layer's index
   * @param offset in the uncompressed layer, or -1
   * @param number of the entry in the layer
   */
  public record Place(int layer, long offset, int number) {}

  private LayerNode(
      @Nullable TarEntry entry, @Nullable Place place, @Nullable Map<String, LayerNode> children) {
    this.entry = entry;
    this.place = place;
    this.children = children;
  }

  /** A directory that no entry has told of. */
  public static LayerNode directory() {
    return new LayerNode(null, null, new HashMap<>());
  }

  /** Is shown what a tree holds. */
  interface Visitor {
    /** One file or directory; its place is null for anything but a regular file. */
    void visit(ByteString path, TarEntry entry, @Nullable Place place) throws IOException;

    /** The directory that was shown last hides what lower layers hold at its path. */
    default void opaque(TarEntry directory) throws IOException {}
  }

  /** Shows what entries told of at a path and below, in canonical order, without whiteouts. */
  void visit(ByteString path, Visitor visitor) throws IOException {
    if (entry != null) {
      visitor.visit(path, entry, place);
    }
    if (children == null) {
      return;
    }
    if (opaque && entry != null && !path.isEmpty()) {
      visitor.opaque(entry.withPath(path));
    }
    for (String name : new TreeSet<>(children.keySet())) {
      LayerNode child = child(name);
      if (child != null) {
        child.visit(LayerPath.join(path, new ByteString(name)), visitor);
      }
    }
  }

  private boolean isDirectory() {
    return children != null;
  }

  /**
   * Adds the paths of the directories that, layer upon layer, the uppermost one that holds them
   * does not name, and of those that they lie in; says whether this is one.
   */
  public boolean addUnnamed(ByteString path, Set<ByteString> found) {
    boolean any = unnamedAbove;
    if (children != null) {
      for (Map.Entry<String, LayerNode> each : children.entrySet()) {
        LayerNode child = each.getValue();
        if (child != WHITEOUT && child.isDirectory()) {
          any |= child.addUnnamed(LayerPath.join(path, new ByteString(each.getKey())), found);
        }
      }
    }
    if (any) {
      found.add(path);
    }
    return any;
  }

  /** What it is, under a path of its own: one file may have several. */
  public TarEntry entry(ByteString path) {
    TarEntry known = entry;
    if (known == null) {
      return TarEntry.directory(path, IMPLIED_MODE);
    }
    return known.path().equals(path) ? known : known.withPath(path);
  }

  /** Where its content lies, or null for anything but a regular file. */
  public @Nullable Place place() {
    return place;
  }

  /** What lies at a canonical path, no link being followed. */
  public @Nullable LayerNode find(ByteString path) {
    String text = path.latin1();
    LayerNode node = text.endsWith("/") ? null : this;
    for (int start = 0; start < text.length() && node != null; ) {
      int slash = text.indexOf('/', start);
      int end = slash < 0 ? text.length() : slash;
      node = node.child(text.substring(start, end));
      start = end + 1;
    }
    return node;
  }

  private @Nullable LayerNode child(String name) {
    LayerNode child = children == null ? null : children.get(name);
    return child == WHITEOUT ? null : child;
  }

  /** Adds the next entry of a layer to the layer's root, which this is. */
  public void add(LayerIndex.Item item, Place where) {
    TarEntry raw = item.entry();
    ByteString path = LayerPath.normalize(raw.path());
    if (path.isEmpty()) {
      entry = raw;
      return;
    }
    LayerNode parent = parent(LayerPath.parent(path));
    if (parent.children == null) {
      throw new IllegalStateException("a directory was made and is none: " + path);
    }
    String name = LayerPath.name(path).latin1();
    if (raw.isOpaqueMarker()) {
      parent.opaque = true;
    } else if (raw.isWhiteout()) {
      hide(parent.children, LayerPath.name(LayerPath.normalize(raw.whiteoutTarget())).latin1());
    } else if (raw.type() == EntryType.HARDLINK) {
      put(parent.children, name, linked(raw));
    } else {
      put(parent.children, name, node(raw, where));
    }
  }

  private static LayerNode node(TarEntry raw, Place where) {
    return switch (raw.type()) {
      case DIRECTORY -> new LayerNode(raw, null, new HashMap<>());
      case FILE -> new LayerNode(raw, where, null);
      default -> new LayerNode(raw, null, null);
    };
  }

  /** A whiteout never hides what its own layer has, wherever it comes in it. */
  private static void hide(Map<String, LayerNode> children, String name) {
    LayerNode there = children.putIfAbsent(name, WHITEOUT);
    if (there != null && there != WHITEOUT) {
      there.anew = true;
    }
  }

  private static void put(Map<String, LayerNode> children, String name, LayerNode node) {
    LayerNode there = children.get(name);
    if (there != null && there.isDirectory() && node.isDirectory()) {
      there.entry = node.entry;
      return;
    }
    node.anew |= there == WHITEOUT;
    children.put(name, node);
  }

  private LayerNode linked(TarEntry raw) {
    ByteString target = LayerPath.normalize(raw.link());
    LayerNode parent = parent(LayerPath.parent(target));
    LayerNode file = parent.child(LayerPath.name(target).latin1());
    if (file == null || file.isDirectory()) {
      throw new ContentException(
          "hard link " + raw.path() + ": found no file " + target + " before it in its layer");
    }
    return new LayerNode(file.entry, file.place, null);
  }

  /**
   * The directory of that path in this layer, made if it is not there; links to others are
   * followed.
   */
  private LayerNode parent(ByteString path) {
    LayerNode plain = plainParent(path);
    return plain == null ? new Walk().to(path) : plain;
  }

  /** The usual case: all there, and all directories. */
  private @Nullable LayerNode plainParent(ByteString path) {
    LayerNode node = find(path);
    return node != null && node.isDirectory() ? node : null;
  }

  /** The way to a directory, with links. */
  private final class Walk {
    private final Deque<LayerNode> way = new ArrayDeque<>();
    private final Deque<String> left = new ArrayDeque<>();
    private int links;

    LayerNode to(ByteString path) {
      way.push(LayerNode.this);
      push(path.latin1());
      while (!left.isEmpty()) {
        step(left.pop(), path);
      }
      return way.element();
    }

    private void push(String path) {
      String[] components = path.split("/", -1);
      for (int i = components.length - 1; i >= 0; i--) {
        if (!components[i].isEmpty() && !components[i].equals(".")) {
          left.push(components[i]);
        }
      }
    }

    private void step(String name, ByteString path) {
      if (name.equals("..")) {
        if (way.size() > 1) {
          way.pop();
        }
        return;
      }
      Map<String, LayerNode> here = way.element().children;
      LayerNode next = way.element().child(name);
      if (next != null && next.entry != null && next.entry.type() == EntryType.SYMLINK) {
        follow(next.entry.link().latin1(), path);
      } else if (next != null && next.isDirectory()) {
        way.push(next);
      } else if (next != null) {
        throw new ContentException(
            "path " + path + " in a layer leads through " + name + ", which is no directory there");
      } else if (way.size() > MAX_DEPTH) {
        throw new ContentException(
            "path " + path + " in a layer leads to more than " + MAX_DEPTH + " directories deep");
      } else if (here != null) {
        LayerNode made = directory();
        LayerNode.put(here, name, made);
        way.push(made);
      }
    }

    private void follow(String target, ByteString path) {
      if (++links > MAX_LINKS) {
        throw new ContentException("path " + path + " in a layer: more than 40 links on the way");
      }
      if (target.startsWith("/")) {
        while (way.size() > 1) {
          way.pop();
        }
      }
      push(target);
    }
  }

  /**
   * Lays a layer's root over this one.
   *
   * <p>A directory that the upper layer holds something in, without an entry of its own for it,
   * stays what it was: the layer says nothing of its mode, owner, attributes and time.
   */
  public void merge(LayerNode upper) {
    Map<String, LayerNode> below = children;
    Map<String, LayerNode> above = upper.children;
    if (below == null || above == null) {
      throw new IllegalArgumentException("only directories are merged");
    }
    if (upper.opaque || upper.anew) {
      below.clear();
    }
    if (upper.entry != null || upper.anew) {
      entry = upper.entry;
      unnamedAbove = false;
    } else {
      unnamedAbove |= entry != null;
    }
    for (Map.Entry<String, LayerNode> each : above.entrySet()) {
      mergeChild(below, each.getKey(), each.getValue());
    }
  }

  private static void mergeChild(Map<String, LayerNode> below, String name, LayerNode upper) {
    LayerNode lower = below.get(name);
    if (upper == WHITEOUT) {
      below.remove(name);
    } else if (lower != null && lower.isDirectory() && upper.isDirectory()) {
      lower.merge(upper);
    } else {
      upper.dropWhiteouts();
      below.put(name, upper);
    }
  }

  private void dropWhiteouts() {
    if (children == null) {
      return;
    }
    Iterator<LayerNode> each = children.values().iterator();
    while (each.hasNext()) {
      LayerNode child = each.next();
      if (child == WHITEOUT) {
        each.remove();
      } else {
        child.dropWhiteouts();
      }
    }
  }
}
