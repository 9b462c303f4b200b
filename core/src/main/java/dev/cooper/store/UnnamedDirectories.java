package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.io.FullDisk;
import dev.cooper.oci.Digest;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerPaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The directories that layers hold something in without naming them, as bazel's, crane's and
 * others' do: such a layer says nothing of their mode, owner, attributes and time.
 *
 * <p>Unpacked, it needs them all the same, and an overlay shows a directory as its uppermost layer
 * has it. So an image with such layers gets a tree of directories above them, each as the layers
 * that name it say: {@code layers/<diffID>.directories-<chainID>}, which depends on all of the
 * image's layers and holds no file. The layers' own trees stay the same for all images. It goes
 * with the uppermost layer. The root is one of them: its attributes are those of the uppermost
 * tree. Where no layer names what others do not, an empty file lies in the place of the tree.
 * Thread-safe.
 */
final class UnnamedDirectories {
  /** What the name of such a tree has after its layer's, before the chainID. */
  static final String SUFFIX = ".directories-";

  private static final String PARTIAL = "partial";
  private static final String UNNAMED = "unnamed";
  private static final String ROOT = "root";

  private final Store store;
  private final LayerTrees trees;

  UnnamedDirectories(Store store, LayerTrees trees) {
    this.store = store;
    this.trees = trees;
  }

  /** Notes beside a layer's tree what other layers of an image may have to say. */
  static void note(Path around, LayerIndex.Writer index) throws IOException {
    String what = (index.hasUnnamed() ? UNNAMED : "") + (index.isRootApart() ? ROOT : "");
    if (!what.isEmpty()) {
      FullDisk.write(around.resolve(PARTIAL), what.getBytes(StandardCharsets.US_ASCII));
    }
  }

  /**
   * The tree of an image's directories, made if it is not there.
   *
   * @param layers the image's, unpacked, the lowest first
   * @return the tree, or null where the layers' own trees say all
   */
  @Nullable Path of(StoredImage image, List<Digest> layers, ContainerRuntime runtime)
      throws IOException {
    if (!isNeeded(layers)) {
      return null;
    }
    Digest top = layers.get(layers.size() - 1);
    Path around = place(top, image.config().diffIds());
    if (!isKnown(around)) {
      FileLocks.Held lock = trees.lock(top);
      try {
        if (!isKnown(around)) {
          make(around, image, runtime);
        }
      } finally {
        lock.close();
      }
    }
    return Files.isDirectory(around) ? around.resolve(LayerTrees.TREE) : null;
  }

  /** Whether there is a tree, or a file that says that none is needed. */
  private static boolean isKnown(Path around) throws IOException {
    return Files.isRegularFile(around, LinkOption.NOFOLLOW_LINKS) || LayerTrees.isWhole(around);
  }

  /** Below the lowest layer lies nothing, and above the uppermost. */
  private boolean isNeeded(List<Digest> layers) throws IOException {
    for (int i = layers.size() > 1 ? layers.size() - 1 : -1; i >= 0; i--) {
      String what = partial(layers.get(i));
      if (what.contains(UNNAMED) && i > 0 || what.contains(ROOT) && i < layers.size() - 1) {
        return true;
      }
    }
    return false;
  }

  private String partial(Digest layer) throws IOException {
    Path file = store.layer(layer).resolve(PARTIAL);
    if (!Files.exists(file)) { // as with nearly all layers
      return "";
    }
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private Path place(Digest top, List<Digest> diffIds) {
    Path layer = store.layer(top);
    return layer.resolveSibling(Directories.name(layer) + SUFFIX + chainId(diffIds).hex());
  }

  /** OCI image-spec, "Layer ChainID". */
  private static Digest chainId(List<Digest> diffIds) {
    Digest chain = diffIds.get(0);
    for (Digest diffId : diffIds.subList(1, diffIds.size())) {
      chain = Digest.sha256((chain + " " + diffId).getBytes(StandardCharsets.US_ASCII));
    }
    return chain;
  }

  private void make(Path around, StoredImage image, ContainerRuntime runtime) throws IOException {
    List<TarEntry> directories = ImageView.open(store, image).unnamedDirectories();
    if (directories.size() == 1 && LayerPaths.isUsualRoot(directories.get(0))) {
      Files.createFile(around); // nobody names what the layers do not
      return;
    }
    try (LayerTrees.Tree tree = trees.begin(around, runtime, unheard -> {})) {
      for (TarEntry directory : directories) {
        tree.output().put(directory);
      }
      tree.keep(() -> {});
    }
  }
}
