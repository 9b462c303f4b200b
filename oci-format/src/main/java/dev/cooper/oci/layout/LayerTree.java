package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What lies where as layers come one on the other: types alone, by normal paths. */
final class LayerTree {
  /** In the order of a tree walk, so that what lies in a directory directly follows it. */
  private final NavigableMap<ByteString, EntryType> lower = new TreeMap<>(LayerPath.ORDER);

  private final NavigableMap<ByteString, EntryType> layer = new TreeMap<>(LayerPath.ORDER);

  /** Adds an entry of the uppermost layer; false if that had the path before. */
  boolean add(ByteString path, TarEntry entry) {
    // Markers hide what is below this layer, wherever in the layer they come.
    if (entry.isOpaqueMarker()) {
      removeBelow(entry.whiteoutTarget());
    } else if (entry.isWhiteout()) {
      ByteString hidden = LayerPath.normalize(entry.whiteoutTarget());
      lower.remove(hidden);
      removeBelow(hidden);
    }
    return layer.put(path, entry.type()) == null;
  }

  private void removeBelow(ByteString directory) {
    String prefix = directory.isEmpty() ? "" : directory.latin1() + "/";
    Iterator<ByteString> below = lower.tailMap(directory, false).keySet().iterator();
    while (below.hasNext() && below.next().latin1().startsWith(prefix)) {
      below.remove();
    }
  }

  /** What lies at a path by now, or null. */
  @Nullable EntryType at(ByteString path) {
    EntryType own = layer.get(path);
    return own == null ? lower.get(path) : own;
  }

  /** Begins the next layer. */
  void endLayer() {
    for (Map.Entry<ByteString, EntryType> each : layer.entrySet()) {
      // A file takes a directory's place, and so that of what lies in it.
      if (each.getValue() != EntryType.DIRECTORY) {
        removeBelow(each.getKey());
      }
    }
    lower.putAll(layer);
    layer.clear();
  }
}
