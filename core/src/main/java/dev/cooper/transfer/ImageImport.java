package dev.cooper.transfer;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.io.CopyingInputStream;
import dev.cooper.io.FileLocks;
import dev.cooper.io.Io;
import dev.cooper.io.Parallel;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layer.ImageBudget;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layout.ContentReader;
import dev.cooper.oci.layout.ImageNames;
import dev.cooper.oci.registry.RemoteContent;
import dev.cooper.progress.Progress;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.store.Blobs;
import dev.cooper.store.FetchLock;
import dev.cooper.store.GivenNames;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoreIndex;
import dev.cooper.store.StoredImage;
import dev.cooper.tree.HeapBudget;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerScan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings images into the store, from wherever a {@link ContentReader} reads them.
 *
 * <p>Each layer is read once: while its bytes go into the blob, they are verified, unpacked,
 * checked against the diffID and written as a tree. Nothing of it counts before all of it is right.
 * Layers are read in parallel. Thread-safe.
 */
public final class ImageImport {
  private static final int MAX_DEPTH = 8;

  private final Store store;
  private final LayerTrees trees;
  private final @Nullable ContainerRuntime runtime;
  private final Consumer<String> notices;
  private final boolean loose;

  /**
   * An import into a store.
   *
   * @param runtime unpacks the layers at once, or null if they need not be unpacked
   * @param notices told what could not be unpacked as it is; by one thread at a time
   */
  public ImageImport(Store store, @Nullable ContainerRuntime runtime, Consumer<String> notices) {
    this(store, runtime, notices, false);
  }

  private ImageImport(
      Store store, @Nullable ContainerRuntime runtime, Consumer<String> notices, boolean loose) {
    this.store = store;
    this.trees = new LayerTrees(store);
    this.runtime = runtime;
    this.notices = Parallel.oneAtATime(notices);
    this.loose = loose;
  }

  /** An import of what only a working container will hold: it gets no names, and no list has it. */
  public static ImageImport loose(Store store, Consumer<String> notices) {
    return new ImageImport(store, null, notices, true);
  }

  /** Imports all images of a layout or an archive, with their names. */
  public List<StoredImage> all(Path path, Platform platform) throws IOException {
    Path temporary = store.temporary();
    try (ContentReader reader = ImagePlaces.open(path, temporary, store)) {
      return all(reader, platform);
    } finally {
      store.deleteTree(temporary);
    }
  }

  /**
   * Imports all images, with their names.
   *
   * @param platform what is taken of an index of several
   */
  public List<StoredImage> all(ContentReader from, Platform platform) throws IOException {
    List<StoredImage> images = new ArrayList<>();
    for (Descriptor each : from.index().manifests()) {
      images.add(one(from, each, platform, nameOf(each)));
    }
    return images;
  }

  /**
   * Imports one image of a layout or an archive.
   *
   * @param name as in its index, complete or a tag alone; null for the only one that is there
   * @param as what it is called here; null for the name that it has there
   * @throws OperationException if there is no such image, or no name is given and several are there
   */
  public StoredImage one(
      Path path, @Nullable String name, Platform platform, @Nullable ImageReference as)
      throws IOException {
    Path temporary = store.temporary();
    try (ContentReader reader = ImagePlaces.open(path, temporary, store)) {
      Descriptor chosen = choose(reader.index(), name, path);
      return one(reader, chosen, platform, as == null ? nameOf(chosen) : as);
    } finally {
      store.deleteTree(temporary);
    }
  }

  private @Nullable ImageReference nameOf(Descriptor entry) {
    return loose
        ? null
        : GivenNames.inArchive(
            entry,
            digits -> Io.run("cannot read the store", () -> store.images().isStartOfId(digits)),
            notices);
  }

  /** The entry of a name, or the only one. */
  static Descriptor choose(Index index, @Nullable String name, Path path) {
    List<Descriptor> found =
        index.manifests().stream().filter(each -> name == null || isCalled(each, name)).toList();
    long different = found.stream().map(Descriptor::digest).distinct().count();
    if (different != 1) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "%s: found %d images%s, expected one; there are %s",
              path,
              different,
              name == null ? "" : " called " + name,
              index.manifests().stream().map(ImageImport::label).toList()));
    }
    return found.get(0);
  }

  private static boolean isCalled(Descriptor entry, String name) {
    if (name.equals(entry.annotations().get(ImageNames.REF_NAME))) {
      return true;
    }
    ImageReference there = StoreIndex.nameOf(entry);
    return there != null && there.equals(ImageReference.parse(name));
  }

  private static String label(Descriptor entry) {
    return entry.annotations().getOrDefault(ImageNames.REF_NAME, entry.digest().toString());
  }

  /**
   * Imports one image.
   *
   * @param root its manifest's descriptor, or an index's
   * @param platform what is taken of an index
   * @param name what it is called in the store, or null
   * @throws ContentException if it is malformed, truncated or not what its digests say
   */
  public StoredImage one(
      ContentReader from, Descriptor root, Platform platform, @Nullable ImageReference name)
      throws IOException {
    return one(from, root, platform, name, config -> {});
  }

  /**
   * The same.
   *
   * @param check sees the image's config before any layer is read; it throws if it is not wanted
   */
  @SuppressWarnings("try") // the intake is open, not used
  public StoredImage one(
      ContentReader from,
      Descriptor root,
      Platform platform,
      @Nullable ImageReference name,
      Consumer<ImageConfig> check)
      throws IOException {
    try (Blobs.Intake intake = store.intake()) {
      return bring(from, root, platform, name, check);
    }
  }

  private StoredImage bring(
      ContentReader from,
      Descriptor root,
      Platform platform,
      @Nullable ImageReference name,
      Consumer<ImageConfig> check)
      throws IOException {
    Descriptor descriptor = manifest(from, root, platform, 0);
    List<ImageReference> names = name == null ? List.of() : List.of(name);
    List<ImageReference> digests = digests(from, root, descriptor, name);
    GivenNames.requireOwn(names, descriptor.digest(), digests);
    byte[] bytes = from.read(descriptor);
    Manifest manifest = Manifest.parse(bytes, descriptor.mediaType());
    store.limits().requireLayers(manifest.layers().size());
    byte[] configBytes = from.read(manifest.config());
    ImageConfig config = ImageConfig.parse(configBytes);
    check.accept(config);
    config.requireLayers(manifest);
    ImageBudget budget = ImageBudget.of(store.limits());
    HeapBudget heap = new HeapBudget();
    List<Parallel.Task> tasks = new ArrayList<>();
    Set<List<Digest>> seen = new HashSet<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      Descriptor layer = manifest.layers().get(i);
      Digest diffId = config.diffIds().get(i);
      if (seen.add(List.of(layer.digest(), diffId))) {
        tasks.add(() -> layer(from, layer, diffId, budget, heap));
      }
    }
    Parallel.run(tasks);
    put(manifest.config(), configBytes);
    put(descriptor, bytes);
    return loose
        ? store.images().loose(descriptor)
        : store.images().add(descriptor, names, digests);
  }

  /** By which digests the source knows it: the manifest's, and the index's that led to it. */
  private static List<ImageReference> digests(
      ContentReader from, Descriptor root, Descriptor manifest, @Nullable ImageReference name) {
    if (from instanceof RemoteContent remote) {
      return Stream.of(manifest, remote.root().descriptor())
          .map(each -> StoreIndex.pinned(remote.reference().withDigest(each.digest())))
          .distinct()
          .toList();
    }
    return name != null && root.digest().equals(name.digest())
        ? List.of(StoreIndex.pinned(name))
        : List.of();
  }

  /** The manifest itself, or what an index has for a platform. */
  static Descriptor manifest(ContentReader from, Descriptor root, Platform platform, int depth)
      throws IOException {
    if (root.mediaType().isManifest()) {
      return root;
    }
    if (depth > MAX_DEPTH) {
      throw new ContentException(
          "index " + root.digest() + " lies in more than " + MAX_DEPTH + " others");
    }
    if (!root.mediaType().isIndex()) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "found %s of type %s, expected an image's manifest",
              root.digest(),
              root.mediaType()));
    }
    Index index = Index.parse(from.read(root), root.mediaType());
    try {
      return manifest(from, index.select(platform), platform, depth + 1);
    } catch (OperationException e) {
      throw new OperationException("index " + root.digest() + ": " + e.getMessage(), e);
    }
  }

  /** Under the digest that its descriptor says, which may not be a SHA-256. */
  private void put(Descriptor descriptor, byte[] content) throws IOException {
    try (StagedBlob staged = store.stage()) {
      staged.output().write(content);
      staged.keep(descriptor.mediaType(), descriptor.digest(), content.length);
    }
  }

  private void layer(
      ContentReader from, Descriptor layer, Digest diffId, ImageBudget budget, HeapBudget heap)
      throws IOException {
    if (isThere(layer, diffId)) {
      return;
    }
    if (layer.mediaType().isForeign()
        && !(from instanceof RemoteContent) // which has its own rule for them
        && !store.has(layer.digest())
        && !from.contains(layer.digest())) {
      throw new OperationException(
          "layer " + layer.digest() + " lies at a URL of its own: " + layer.urls());
    }
    try {
      if (from instanceof RemoteContent && !store.has(layer.digest())) {
        remote(from, layer, diffId, budget, heap);
      } else {
        local(from, layer, diffId, budget, heap);
      }
    } catch (OperationException e) {
      throw trees.explained(e, diffId);
    } catch (ContentException e) {
      throw new ContentException(named(layer.digest(), diffId, String.valueOf(e.getMessage())), e);
    }
  }

  /** Of this machine's own files: under the layer's lock, so that it is unpacked once. */
  @SuppressWarnings("try") // the lock is held, not used
  private void local(
      ContentReader from, Descriptor layer, Digest diffId, ImageBudget budget, HeapBudget heap)
      throws IOException {
    try (FileLocks.Held lock = trees.lock(diffId)) {
      if (isThere(layer, diffId)) {
        return; // somebody else has just brought it
      }
      if (store.has(layer.digest())) {
        try (Progress.Piece work =
                store.progress().begin(Work.Kind.UNPACK, diffId.toString(), layer.size());
            InputStream tar = trees.open(layer, work)) {
          unpack(tar, diffId, budget.layer(layer.size()), heap, Placing.LOCKED, () -> {});
          work.succeed();
        }
      } else {
        LayerBudget own = budget.layer(layer.size());
        fetch(() -> from.open(layer), layer, diffId, own, heap, Placing.LOCKED);
      }
    }
  }

  /**
   * Over the network: the layer's lock, which others' layers share and whose name a config claims,
   * is taken for placing alone. Who fetches the same blob for this store, in whatever JVM, is
   * waited for as long as it gains.
   */
  @SuppressWarnings("try") // the lock is held, not used
  private void remote(
      ContentReader from, Descriptor layer, Digest diffId, ImageBudget budget, HeapBudget heap)
      throws IOException {
    FetchLock turn = new FetchLock(store, layer.digest());
    try (FileLocks.@Nullable Held held =
        turn.await(() -> notices.accept("layer " + layer.digest() + ": " + FetchLock.WAITING))) {
      if (isThere(layer, diffId)) {
        return; // somebody else has just brought it
      }
      if (store.has(layer.digest())) {
        local(from, layer, diffId, budget, heap);
        return;
      }
      Opening opening =
          held == null ? () -> from.open(layer) : () -> turn.counted(from.open(layer));
      fetch(opening, layer, diffId, budget.layer(layer.size()), heap, Placing.UNLOCKED);
    }
  }

  /** Whether the layer's lock is held already when a layer gets its place. */
  private enum Placing {
    LOCKED,
    UNLOCKED
  }

  /** Says which layer it was, once. */
  private static String named(Digest layer, Digest diffId, String message) {
    String before = "layer " + diffId + ": ";
    String rest = message.startsWith(before) ? message.substring(before.length()) : message;
    return rest.startsWith("layer " + layer) ? rest : "layer " + layer + ": " + rest;
  }

  private boolean isThere(Descriptor layer, Digest diffId) throws IOException {
    return store.has(layer.digest()) && (runtime == null || trees.isWhole(diffId));
  }

  /** Opens a layer's blob. */
  private interface Opening {
    InputStream open() throws IOException;
  }

  private void fetch(
      Opening from,
      Descriptor layer,
      Digest diffId,
      LayerBudget budget,
      HeapBudget heap,
      Placing placing)
      throws IOException {
    // What comes from a registry is told of as a transfer.
    Progress progress = placing == Placing.LOCKED ? store.progress() : Progress.NONE;
    try (Progress.Piece work =
            progress.begin(Work.Kind.IMPORT, layer.digest().toString(), layer.size());
        InputStream in = work.counted(from.open());
        StagedBlob staged = store.stage();
        CopyingInputStream copied = new CopyingInputStream(in, staged.output());
        InputStream tar = LayerTrees.uncompressed(copied)) {
      unpack(
          tar,
          diffId,
          budget,
          heap,
          placing,
          () -> {
            copied.rest();
            staged.keep(layer.mediaType(), layer.digest(), layer.size());
          });
      work.succeed();
    }
  }

  /** Scans a layer, and lets its tree appear after its blob. */
  private void unpack(
      InputStream tar,
      Digest diffId,
      LayerBudget budget,
      HeapBudget heap,
      Placing placing,
      Parallel.Task verified)
      throws IOException {
    if (runtime == null || trees.isWhole(diffId)) {
      LayerIndex.Writer index = new LayerIndex.Writer(heap);
      LayerScan.run(tar, budget, diffId, null, index);
      verified.run();
      placed(placing, diffId, () -> trees.keepIndex(diffId, index));
      return;
    }
    try (LayerTrees.Staged staged = trees.stage(diffId, runtime, notices, heap)) {
      LayerScan.run(tar, budget, diffId, staged.output(), staged.index());
      verified.run();
      placed(placing, diffId, () -> keep(staged, diffId));
    }
  }

  /** Unless somebody else was faster, as two may have fetched it at the same time. */
  private void keep(LayerTrees.Staged staged, Digest diffId) throws IOException {
    if (!trees.isWhole(diffId)) {
      staged.keep();
    }
  }

  @SuppressWarnings("try") // the lock is held, not used
  private void placed(Placing placing, Digest diffId, Parallel.Task place) throws IOException {
    if (placing == Placing.LOCKED) {
      place.run();
      return;
    }
    try (FileLocks.Held lock = trees.lock(diffId)) {
      place.run();
    }
  }
}
