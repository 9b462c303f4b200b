package dev.cooper.store;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.progress.Progress;
import dev.cooper.spi.RootView;
import dev.cooper.tree.HeapBudget;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerNode;
import dev.cooper.tree.LayerScan;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An image's merged tree, by its layers' indexes: nothing is unpacked.
 *
 * <p>Thread-safe. A content is read from the layer's blob, and the last few small ones are kept.
 */
public final class ImageView implements RootView {
  private static final int KEPT = 16;
  private static final int SMALL = 64 * 1024;

  private final LayerTrees trees;
  private final List<Descriptor> layers;
  private final LayerNode root = LayerNode.directory();
  private final Map<ByteString, byte[]> kept = new LinkedHashMap<>();

  private ImageView(LayerTrees trees, List<Descriptor> layers) {
    this.trees = trees;
    this.layers = layers;
  }

  /**
   * Opens an image. A layer without an index is read once to make it.
   *
   * @throws dev.cooper.oci.ContentException if a layer is malformed
   */
  public static ImageView open(Store store, StoredImage image) throws IOException {
    LayerTrees trees = new LayerTrees(store);
    List<Descriptor> layers = image.manifest().layers();
    ImageView view = new ImageView(trees, layers);
    HeapBudget heap = new HeapBudget();
    for (int i = 0; i < layers.size(); i++) {
      LayerIndex index = index(store, trees, layers.get(i), image.config().diffIds().get(i), heap);
      LayerNode layer = LayerNode.directory();
      int number = 0;
      for (LayerIndex.Item item : index.items()) {
        layer.add(item, new LayerNode.Place(i, item.offset(), number++));
      }
      view.root.merge(layer);
    }
    return view;
  }

  private static LayerIndex index(
      Store store, LayerTrees trees, Descriptor layer, Digest diffId, HeapBudget heap)
      throws IOException {
    try {
      LayerIndex there = LayerIndex.parse(Files.readAllBytes(store.layerIndex(diffId)), heap);
      if (there != null) {
        return there;
      }
      Files.deleteIfExists(store.layerIndex(diffId)); // torn by a crash of the machine
    } catch (NoSuchFileException e) {
      return scan(trees, layer, diffId, heap);
    }
    return scan(trees, layer, diffId, heap);
  }

  private static LayerIndex scan(LayerTrees trees, Descriptor layer, Digest diffId, HeapBudget heap)
      throws IOException {
    LayerIndex.Writer writer = new LayerIndex.Writer(new HeapBudget());
    try (Progress.Piece work = trees.reading(layer, diffId);
        InputStream tar = trees.open(layer, work)) {
      LayerScan.run(tar, trees.budget(layer), diffId, null, writer);
      work.succeed();
    }
    trees.keepIndex(diffId, writer);
    LayerIndex index = LayerIndex.parse(writer.toBytes(), heap);
    if (index == null) {
      throw new IllegalStateException("the index of layer " + diffId + " can't be read back");
    }
    return index;
  }

  /**
   * The directories whose uppermost layer does not name them, as lower ones do, and those that lead
   * there, the root always: in canonical order.
   */
  List<TarEntry> unnamedDirectories() {
    Set<ByteString> paths = new TreeSet<>(LayerPath.ORDER);
    root.addUnnamed(ByteString.EMPTY, paths);
    paths.add(ByteString.EMPTY);
    List<TarEntry> directories = new ArrayList<>(paths.size());
    for (ByteString path : paths) {
      LayerNode node = root.find(path);
      if (node != null) {
        directories.add(node.entry(path));
      }
    }
    return directories;
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    LayerNode node = root.find(path);
    return node == null ? null : node.entry(path);
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    LayerNode node = root.find(path);
    TarEntry entry = node == null ? null : node.entry(path);
    LayerNode.Place place = node == null ? null : node.place();
    if (entry == null || place == null || entry.type() != EntryType.FILE || entry.size() > limit) {
      return null;
    }
    synchronized (kept) {
      byte[] content = kept.get(path);
      if (content != null) {
        return content.clone();
      }
    }
    try {
      byte[] content = content(place, (int) entry.size());
      keep(path, content);
      return content;
    } catch (IOException e) {
      throw new OperationException(
          "cannot read /" + path + " in layer " + layers.get(place.layer()).digest(), e);
    }
  }

  private void keep(ByteString path, byte[] content) {
    if (content.length > SMALL) {
      return;
    }
    synchronized (kept) {
      if (kept.size() == KEPT) {
        kept.remove(kept.keySet().iterator().next());
      }
      kept.put(path, content.clone());
    }
  }

  private byte[] content(LayerNode.Place place, int size) throws IOException {
    try (InputStream tar = trees.open(layers.get(place.layer()))) {
      if (place.offset() < 0) {
        return scattered(tar, place.number(), size);
      }
      tar.skipNBytes(place.offset());
      byte[] content = tar.readNBytes(size);
      if (content.length < size) {
        throw new EOFException("content ends after " + content.length + " of " + size + " bytes");
      }
      return content;
    }
  }

  /** A sparse file's, which the tar's reader puts together; its layer has been read before. */
  private static byte[] scattered(InputStream tar, int number, int size) throws IOException {
    TarReader reader = TarReader.over(tar, LayerScan.OWN);
    for (int i = 0; i <= number; i++) {
      reader.next();
    }
    return reader.content().readNBytes(size);
  }
}
