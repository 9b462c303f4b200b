package dev.cooper.store;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.io.FileLocks;
import dev.cooper.io.FullDisk;
import dev.cooper.io.Parallel;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.progress.Progress;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.TreeOutput;
import dev.cooper.tree.HeapBudget;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerScan;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The unpacked layers: {@code layers/<diffID>/tree}, whole only with {@code done} beside it, and
 * {@code partial} where a layer does not say all of its directories ({@link UnnamedDirectories}).
 *
 * <p>The tree has a directory of ours around it, as the layer says whose its root is and whether it
 * may be written, and a directory can only be renamed by who may write it. Nobody waits for a tree
 * to be on the disk: {@code done} names the boot of the machine that it was unpacked under, and
 * after another it is unpacked again; until it is found in use a while later, when the kernel has
 * written most of it and the rest is asked for in the background. A layer is unpacked once, whoever
 * asks. Thread-safe.
 */
public final class LayerTrees {
  private static final System.Logger LOG = System.getLogger(LayerTrees.class.getName());

  /** The files of a layer, in its directory. */
  static final String TREE = "tree";

  /** What says that they are whole. */
  static final String DONE = "done";

  private static final String SYNCED = "synced";

  /** By then the kernel has begun to write what is new by itself. */
  private static final Duration SETTLED = Duration.ofMinutes(1);

  private final Store store;
  private final AtomicBoolean syncing = new AtomicBoolean();

  public LayerTrees(Store store) {
    this.store = store;
  }

  /**
   * The trees of an image's layers, the lowest first, unpacked where they are missing.
   *
   * <p>A layer that is in the image twice is there once, where it is uppermost: what it was below,
   * it hides itself, and overlay refuses a directory twice. The image has to be held by a container
   * or a pin, or somebody may remove it and its layers meanwhile.
   *
   * @param notices told what could not be unpacked as it is; by one thread at a time
   * @throws ContentException if a layer is malformed, or not what its diffID says
   */
  public List<Path> unpacked(StoredImage image, ContainerRuntime runtime, Consumer<String> notices)
      throws IOException {
    List<Digest> diffIds = image.config().diffIds();
    List<Descriptor> layers = image.manifest().layers();
    Set<Digest> wanted = new LinkedHashSet<>();
    List<Parallel.Task> missing = new ArrayList<>();
    List<Seen> settled = new ArrayList<>();
    Consumer<String> one = Parallel.oneAtATime(notices);
    for (int i = 0; i < diffIds.size(); i++) {
      Digest diffId = diffIds.get(i);
      Descriptor layer = layers.get(i);
      boolean first = wanted.add(diffId);
      if (!first) {
        wanted.remove(diffId);
        wanted.add(diffId);
      } else if (!isWhole(diffId)) {
        missing.add(() -> unpack(layer, diffId, runtime, one));
      } else if (isSettled(diffId)) {
        settled.add(look(diffId));
      }
    }
    Parallel.run(missing);
    List<Path> all = new ArrayList<>();
    wanted.forEach(diffId -> all.add(store.layer(diffId).resolve(TREE)));
    @Nullable Path directories =
        new UnnamedDirectories(store, this).of(image, List.copyOf(wanted), runtime);
    if (directories != null) {
      all.add(directories);
    }
    if (!settled.isEmpty() && syncing.compareAndSet(false, true)) {
      Thread thread = new Thread(null, () -> sync(settled, runtime), "cooper-sync", 0, false);
      thread.setDaemon(true);
      thread.start();
    }
    return all;
  }

  /** Whether this is what {@link #DONE} holds: a boot of the machine, or that it was synced. */
  static boolean isMarker(String content) {
    return content.equals(SYNCED) || content.matches("[0-9a-f-]{36}");
  }

  /** Whether a layer is unpacked, and to be relied on. */
  public boolean isWhole(Digest diffId) throws IOException {
    return isWhole(store.layer(diffId));
  }

  /** Whether what lies around a tree says that it is whole. */
  public static boolean isWhole(Path around) throws IOException {
    String marker = marker(around);
    return marker != null
        && (marker.equals(SYNCED) || marker.equals(boot()))
        && Files.isDirectory(around.resolve(TREE), LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether a tree of this boot has been there for a while. */
  private boolean isSettled(Digest diffId) throws IOException {
    String marker = marker(store.layer(diffId));
    if (marker == null || marker.equals(SYNCED)) {
      return false;
    }
    Instant made = Files.getLastModifiedTime(store.layer(diffId).resolve(DONE)).toInstant();
    return made.plus(SETTLED).isBefore(store.clock().instant());
  }

  /** A layer's tree, told apart from one that is unpacked anew in its place. */
  private record Seen(Digest diffId, @Nullable Object tree, @Nullable Object done, FileTime time) {}

  private Seen look(Digest diffId) throws IOException {
    BasicFileAttributes tree = attributes(store.layer(diffId).resolve(TREE));
    BasicFileAttributes done = attributes(store.layer(diffId).resolve(DONE));
    return new Seen(diffId, tree.fileKey(), done.fileKey(), done.lastModifiedTime());
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class);
  }

  private void sync(List<Seen> settled, ContainerRuntime runtime) {
    try {
      runtime.sync(store.directory());
      for (Seen each : settled) {
        synced(each);
      }
    } catch (IOException | OperationException e) {
      // Removed meanwhile, or closed, or the disk is full: it stays a tree of this boot.
      LOG.log(Level.DEBUG, "layers of " + store.directory() + " are not known to be synced", e);
    } finally {
      syncing.set(false);
    }
  }

  /** Under the layer's lock, as it may have been removed and unpacked anew during the sync. */
  @SuppressWarnings("try") // the lock is held, not used
  private void synced(Seen layer) throws IOException {
    try (FileLocks.Held held = lock(layer.diffId)) {
      if (look(layer.diffId).equals(layer)) {
        Path file = store.staged("done");
        Files.writeString(file, SYNCED, StandardCharsets.US_ASCII);
        Files.move(file, store.layer(layer.diffId).resolve(DONE), StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static @Nullable String marker(Path around) throws IOException {
    try {
      // Of one byte a character, whatever a crash has left in it.
      return Files.readString(around.resolve(DONE), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** A system without boot ids keeps a tree as it is. */
  private static String boot() {
    return Objects.requireNonNullElse(SyncJournal.boot(), SYNCED);
  }

  private void unpack(
      Descriptor layer, Digest diffId, ContainerRuntime runtime, Consumer<String> notices)
      throws IOException {
    FileLocks.Held lock = lock(diffId);
    try {
      if (!isWhole(diffId)) {
        try (Progress.Piece work =
                store.progress().begin(Work.Kind.UNPACK, diffId.toString(), layer.size());
            InputStream tar = open(layer, work);
            Staged staged = stage(diffId, runtime, notices, new HeapBudget())) {
          LayerScan.run(tar, budget(layer), diffId, staged.output(), staged.index());
          staged.keep();
          work.succeed();
        } catch (OperationException e) {
          throw explained(e, diffId);
        }
      }
    } finally {
      lock.close();
    }
  }

  /** A full disk's error with the layer that was unpacked, and where to. */
  public OperationException explained(OperationException failure, Digest diffId) {
    return FullDisk.explained(
        failure, "cannot unpack layer " + diffId + " into " + store.directory());
  }

  /** Held while a layer is unpacked; a few layers share one, so that locks don't pile up. */
  public FileLocks.Held lock(Digest diffId) throws IOException {
    return store.lock("layer-" + diffId.hex().substring(0, 3));
  }

  /** What a layer of the store may cost, which had another limit when it came, or was made here. */
  LayerBudget budget(Descriptor layer) {
    return LayerBudget.of(store.limits(), layer.size());
  }

  /** Begins to look into a layer, of which only its entries are wanted. */
  Progress.Piece reading(Descriptor layer, Digest diffId) {
    return store.progress().begin(Work.Kind.READ, diffId.toString(), layer.size());
  }

  /** A layer's tar, from its blob: the diffID says in the end whether it was right. */
  public InputStream open(Descriptor layer) throws IOException {
    return uncompressed(blob(layer));
  }

  /** The same, with its blob's bytes counted as work. */
  public InputStream open(Descriptor layer, Progress.Piece work) throws IOException {
    return uncompressed(work.counted(blob(layer)));
  }

  private InputStream blob(Descriptor layer) throws IOException {
    try {
      return Files.newInputStream(store.blob(layer.digest()));
    } catch (NoSuchFileException e) {
      throw new ContentException("layer " + layer.digest() + " is not in the store", e);
    }
  }

  /** By what it begins with: there are images whose media types lie about it. */
  public static InputStream uncompressed(InputStream blob) throws IOException {
    BufferedInputStream in = new BufferedInputStream(blob, 128 * 1024);
    in.mark(Compression.MAGIC_LENGTH);
    byte[] head = in.readNBytes(Compression.MAGIC_LENGTH);
    in.reset();
    return Compression.detect(head, head.length).decompress(in);
  }

  /** Begins a tree; whoever lets it be kept holds the layer's lock. */
  public Staged stage(
      Digest diffId, ContainerRuntime runtime, Consumer<String> notices, HeapBudget heap)
      throws IOException {
    return new Staged(diffId, begin(store.layer(diffId), runtime, notices), heap);
  }

  /** Begins a tree that is to lie at a place; the caller holds the lock of what it belongs to. */
  Tree begin(Path target, ContainerRuntime runtime, Consumer<String> notices) throws IOException {
    Path around = Files.createDirectory(store.staged("layer"));
    try {
      Path tree = Files.createDirectory(around.resolve(TREE));
      return new Tree(target, around, runtime, runtime.unpack(tree, notices));
    } catch (IOException | RuntimeException e) {
      store.deleteTree(around);
      throw e;
    }
  }

  /** Writes a layer's index, unless it is there. */
  public void keepIndex(Digest diffId, LayerIndex.Writer index) throws IOException {
    Path target = store.layerIndex(diffId);
    if (!Files.exists(target)) {
      Path file = store.staged("index");
      try (OutputStream out = FullDisk.output(file)) {
        index.writeTo(out);
      }
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** A tree that is being written, discarded by closing unless it is kept. */
  final class Tree implements AutoCloseable {
    private final Path target;
    private final Path around;
    private final ContainerRuntime runtime;
    private final TreeOutput output;
    private boolean kept;

    private Tree(Path target, Path around, ContainerRuntime runtime, TreeOutput output) {
      this.target = target;
      this.around = around;
      this.runtime = runtime;
      this.output = output;
    }

    public TreeOutput output() {
      return output;
    }

    /**
     * Gives the tree its place, once its content is verified.
     *
     * @param before done when nothing is left of an earlier tree
     */
    public void keep(Parallel.Task before) throws IOException {
      output.finish();
      output.close();
      FullDisk.write(around.resolve(DONE), boot().getBytes(StandardCharsets.US_ASCII));
      if (Files.exists(target)) {
        runtime.delete(store.toTrash(target)); // of another boot, or torn
      }
      before.run();
      try {
        Files.move(around, target);
      } catch (FileAlreadyExistsException e) {
        throw new IOException("layer " + target + " appeared, though its lock was held", e);
      }
      kept = true;
    }

    @Override
    public void close() {
      try {
        output.close();
      } finally {
        if (!kept) {
          runtime.delete(around);
        }
      }
    }
  }

  /** A layer that is being unpacked, discarded by closing unless it is kept. */
  public final class Staged implements AutoCloseable {
    private final Digest diffId;
    private final Tree tree;
    private final LayerIndex.Writer index;

    private Staged(Digest diffId, Tree tree, HeapBudget heap) {
      this.index = new LayerIndex.Writer(heap);
      this.diffId = diffId;
      this.tree = tree;
    }

    public TreeOutput output() {
      return tree.output();
    }

    public LayerIndex.Writer index() {
      return index;
    }

    /** Gives the tree its place, once its content is verified. */
    public void keep() throws IOException {
      UnnamedDirectories.note(tree.around, index);
      tree.keep(() -> keepIndex(diffId, index));
    }

    @Override
    public void close() {
      tree.close();
    }
  }
}
