package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tar that names a path more than once, written again with each path once: what is left after
 * unpacking it, where the last entry of a path wins.
 *
 * <p>A layer may not repeat a path (OCI image-spec, "Image Layer Filesystem Changeset"), and
 * readers refuse one that does. First come directories, links and devices, as the tree has them in
 * the end; then the contents that are still there, in the order of the tar and in one pass, each
 * with its further names: a hardlink keeps the content that it was made for when its file is
 * replaced. What is held in memory are the entries, not their contents. Not thread-safe.
 */
public final class DistinctLayer implements LayerNode.Visitor {
  private static final int BUFFER = 128 * 1024;

  private final EntrySink out;
  private final Map<Integer, List<ByteString>> contents = new HashMap<>();
  private final IdentityHashMap<TarEntry, ByteString> written = new IdentityHashMap<>();

  private DistinctLayer(EntrySink out) {
    this.out = out;
  }

  /** Notices, in 8 bytes a path, that one comes again. */
  public static final class Paths {
    private long[] hashes = new long[1024];
    private int count;

    /** Adds the normal form of an entry's path. */
    public void add(ByteString path) {
      if (count == hashes.length) {
        hashes = Arrays.copyOf(hashes, 2 * count);
      }
      hashes[count++] = hash(path.latin1());
    }

    /** FNV-1a, of 64 bits: that two paths share a value costs a second pass, and nothing else. */
    private static long hash(String text) {
      long hash = 0xcbf29ce484222325L;
      for (int i = 0; i < text.length(); i++) {
        hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
      }
      return hash;
    }

    /** Whether any path was added twice. */
    public boolean repeated() {
      Arrays.sort(hashes, 0, count);
      for (int i = 1; i < count; i++) {
        if (hashes[i] == hashes[i - 1]) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * Writes the entries of a tar.
   *
   * @param tar uncompressed
   * @param index of that tar
   * @param out takes each path once, the root with an empty one
   * @throws dev.cooper.oci.ContentException if a hardlink names nothing before it
   */
  public static void write(Path tar, LayerIndex index, EntrySink out) throws IOException {
    LayerNode root = LayerNode.directory();
    int number = 0;
    for (LayerIndex.Item item : index.items()) {
      root.add(item, new LayerNode.Place(0, item.offset(), number++));
    }
    DistinctLayer layer = new DistinctLayer(out);
    root.visit(ByteString.EMPTY, layer);
    try (TarReader reader = TarReader.over(Files.newInputStream(tar), LayerScan.OWN)) {
      layer.pass(reader);
    }
  }

  @Override
  public void visit(ByteString path, TarEntry entry, LayerNode.@Nullable Place place)
      throws IOException {
    if (place != null) {
      contents.computeIfAbsent(place.number(), key -> new ArrayList<>(1)).add(path);
      return;
    }
    @Nullable ByteString first =
        entry.type() == EntryType.DIRECTORY ? null : written.putIfAbsent(entry, path);
    out.put(first == null ? entry.withPath(path) : link(path, first, entry));
  }

  @Override
  public void opaque(TarEntry directory) throws IOException {
    out.put(TarEntry.opaque(directory.path()).withMtime(directory.mtimeSeconds(), 0));
  }

  private static TarEntry link(ByteString path, ByteString first, TarEntry entry) {
    return TarEntry.hardlink(path, first)
        .withMode(entry.mode())
        .withOwner(entry.uid(), entry.gid())
        .withMtime(entry.mtimeSeconds(), entry.mtimeNanos());
  }

  private void pass(TarReader reader) throws IOException {
    byte[] buffer = new byte[BUFFER];
    int number = 0;
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      List<ByteString> paths = contents.getOrDefault(number++, List.of());
      if (paths.isEmpty()) {
        continue;
      }
      out.begin(entry.withPath(paths.get(0)));
      for (int n = reader.read(buffer, 0, BUFFER); n >= 0; n = reader.read(buffer, 0, BUFFER)) {
        out.write(buffer, 0, n);
      }
      out.end();
      for (ByteString further : paths.subList(1, paths.size())) {
        out.put(link(further, paths.get(0), entry));
      }
    }
  }
}
