package dev.cooper.store;

import dev.cooper.host.HostRuntime;
import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.maintenance.DiskSpace;
import dev.cooper.maintenance.StoreUsage;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is in a store and what leads to it, with the sizes of its parts.
 *
 * <p>Sizes are read first, as that takes long, without a lock; what leads to what under the store's
 * lock. Immutable once it is made.
 */
public final class StoreInventory {
  private static final int DEPTH = 3;

  private final Store store;
  private final Map<Path, DiskSpace> sizes = new HashMap<>();
  private final List<ImageNode> images = new ArrayList<>();
  private final List<ContainerNode> containers = new ArrayList<>();
  private final Map<String, Set<Path>> artifacts = new LinkedHashMap<>();
  private final List<Caches.Cache> caches = new ArrayList<>();
  private final Map<String, List<Path>> layerParts = new HashMap<>();

  /** The indexes that lead to a manifest. */
  private final Map<Digest, Set<Path>> indexes = new HashMap<>();

  private final Set<Path> kept = new HashSet<>();
  private DiskSpace total = DiskSpace.NONE;

  /** An image and its parts. */
  record ImageNode(StoredImage image, Instant lastUsed, Set<Path> parts) {
    String label() {
      return image.names().isEmpty()
          ? image.id().hex().substring(0, 12)
          : String.join(", ", image.names().stream().map(name -> name.familiar()).toList());
    }
  }

  /** A container and its base's parts. */
  record ContainerNode(Containers.Entry entry, Instant lastUsed, Set<Path> parts) {}

  private StoreInventory(Store store) {
    this.store = store;
  }

  @SuppressWarnings("try") // the lock is held, not used
  public static StoreInventory of(Store store, HostRuntime runtime) throws IOException {
    StoreInventory inventory = new StoreInventory(store);
    runtime.measure(store.directory(), DEPTH, inventory::measured);
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      inventory.read();
    }
    return inventory;
  }

  private void measured(Path path, long bytes, long onDisk) {
    DiskSpace space = new DiskSpace(bytes, onDisk);
    total = total.plus(space);
    sizes.merge(part(path), space, DiskSpace::plus);
  }

  /** The part of the store that something lies in. */
  private Path part(Path path) {
    Path root = store.directory();
    if (path.equals(root)) {
      return root;
    }
    Path relative = root.relativize(path);
    int names = relative.getName(0).toString().equals("blobs") ? 3 : 2;
    return root.resolve(relative.subpath(0, Math.min(names, relative.getNameCount())));
  }

  private void read() throws IOException {
    findLayers();
    findIndexes();
    for (Digest pinned : Blobs.pinned(store.directory().resolve("staging"))) {
      kept.add(store.blob(pinned));
    }
    for (StoredImage image : store.list()) {
      Digest manifest = image.descriptor().digest();
      images.add(new ImageNode(image, time(store.blob(manifest)), parts(manifest)));
    }
    images.sort(Comparator.comparing(ImageNode::lastUsed).reversed());
    for (Containers.Entry entry : store.containers().list()) {
      Digest image = entry.image();
      containers.add(
          new ContainerNode(
              entry, lastUsed(entry.path()), image == null ? Set.of() : parts(image)));
    }
    for (Map.Entry<Digest, String> each : store.images().artifacts().entrySet()) {
      artifacts
          .computeIfAbsent("artifact " + each.getValue(), label -> new HashSet<>())
          .addAll(parts(each.getKey()));
    }
    caches.addAll(Caches.list(store));
  }

  private void findLayers() {
    for (Path each : sizes.keySet()) {
      if (isIn("layers", each)) {
        String name = Directories.name(each);
        int dot = name.indexOf('.');
        layerParts
            .computeIfAbsent(dot < 0 ? name : name.substring(0, dot), hex -> new ArrayList<>())
            .add(each);
      }
    }
  }

  private void findIndexes() throws IOException {
    for (Descriptor entry : store.images().index().manifests()) {
      if (entry.mediaType().isIndex()) {
        for (Descriptor each : store.images().members(entry)) {
          indexes
              .computeIfAbsent(each.digest(), digest -> new HashSet<>())
              .add(store.blob(entry.digest()));
        }
      }
    }
  }

  private Set<Path> parts(Digest manifest) throws IOException {
    ImageContents contents = ImageContents.of(store, manifest);
    Set<Path> parts = new HashSet<>(indexes.getOrDefault(manifest, Set.of()));
    contents.blobs().forEach(blob -> parts.add(store.blob(blob)));
    for (Digest diffId : contents.diffIds()) {
      parts.addAll(layerParts.getOrDefault(diffId.hex(), List.of()));
    }
    return parts;
  }

  private boolean isIn(String directory, Path part) {
    return store.directory().resolve(directory).equals(part.getParent());
  }

  boolean isBlob(Path part) {
    return part.startsWith(store.directory().resolve("blobs"))
        && part.getNameCount() == store.directory().getNameCount() + DEPTH;
  }

  boolean isLayer(Path part) {
    return isIn("layers", part);
  }

  boolean isTree(Path part) {
    String name = Directories.name(part);
    return isLayer(part) && (name.indexOf('.') < 0 || name.contains(UnnamedDirectories.SUFFIX));
  }

  static Instant time(Path path) throws IOException {
    try {
      return Files.getLastModifiedTime(path).toInstant();
    } catch (NoSuchFileException e) {
      return Instant.EPOCH;
    }
  }

  private static Instant lastUsed(Path container) throws IOException {
    FileTime last = FileTime.from(time(container));
    for (Path each : Directories.list(container)) {
      FileTime time = FileTime.from(time(each));
      last = time.compareTo(last) > 0 ? time : last;
    }
    return last.toInstant();
  }

  List<ImageNode> images() {
    return images;
  }

  List<ContainerNode> containers() {
    return containers;
  }

  /** What artifacts that are no images lead to, by what they are called. */
  Map<String, Set<Path>> artifacts() {
    return artifacts;
  }

  List<Caches.Cache> caches() {
    return caches;
  }

  DiskSpace total() {
    return total;
  }

  Set<Path> parts() {
    return sizes.keySet();
  }

  /** What builds that run have pinned. */
  Set<Path> kept() {
    return kept;
  }

  DiskSpace size(Path part) {
    return sizes.getOrDefault(part, DiskSpace.NONE);
  }

  DiskSpace size(Set<Path> all) {
    return all.stream().map(this::size).reduce(DiskSpace.NONE, DiskSpace::plus);
  }

  // --- as it is told

  public StoreUsage usage() throws IOException {
    Map<Path, List<String>> users = users();
    List<StoreUsage.ImageUsage> told = new ArrayList<>();
    for (ImageNode node : images) {
      told.add(usage(node, users));
    }
    List<StoreUsage.Part> parts = new ArrayList<>();
    for (Path part : sizes.keySet().stream().sorted().toList()) {
      parts.add(
          new StoreUsage.Part(
              kind(part), name(part), size(part), users.getOrDefault(part, List.of()), time(part)));
    }
    return new StoreUsage(told, parts, total);
  }

  private Map<Path, List<String>> users() {
    Map<Path, List<String>> users = new HashMap<>();
    for (ImageNode node : images) {
      node.parts.forEach(
          part -> users.computeIfAbsent(part, path -> new ArrayList<>()).add(node.label()));
    }
    artifacts.forEach(
        (label, parts) ->
            parts.forEach(
                part -> users.computeIfAbsent(part, path -> new ArrayList<>()).add(label)));
    for (ContainerNode node : containers) {
      String label = "container " + node.entry.label();
      node.parts.forEach(part -> users.computeIfAbsent(part, path -> new ArrayList<>()).add(label));
    }
    return users;
  }

  private StoreUsage.ImageUsage usage(ImageNode node, Map<Path, List<String>> users) {
    Digest manifest = node.image.descriptor().digest();
    List<String> own =
        containers.stream()
            .filter(each -> manifest.equals(each.entry.image()))
            .map(each -> each.entry.label())
            .toList();
    DiskSpace shared = DiskSpace.NONE;
    DiskSpace unique = DiskSpace.NONE;
    for (Path part : node.parts) {
      if (users.getOrDefault(part, List.of()).size() - own.size() > 1) {
        shared = shared.plus(size(part));
      } else {
        unique = unique.plus(size(part));
      }
    }
    return new StoreUsage.ImageUsage(
        node.image.id(),
        manifest,
        node.image.names().stream().map(name -> name.familiar()).toList(),
        node.image.config().created(),
        node.lastUsed,
        shared,
        unique,
        own);
  }

  private StoreUsage.Kind kind(Path part) {
    if (isBlob(part)) {
      return StoreUsage.Kind.BLOB;
    }
    if (isLayer(part)) {
      return isTree(part) ? StoreUsage.Kind.TREE : StoreUsage.Kind.CACHED_LAYER;
    }
    if (isIn("containers", part)) {
      return StoreUsage.Kind.CONTAINER;
    }
    if (isIn("cache", part)) {
      return StoreUsage.Kind.CACHE;
    }
    return isIn("staging", part) ? StoreUsage.Kind.STAGING : StoreUsage.Kind.BOOKKEEPING;
  }

  private String name(Path part) {
    for (Caches.Cache cache : caches) {
      if (cache.path().equals(part) || cache.idFile().equals(part)) {
        return cache.id();
      }
    }
    return store.directory().relativize(part).toString();
  }
}
