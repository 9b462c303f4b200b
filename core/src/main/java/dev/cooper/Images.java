package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.ImageNames;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The store's images: its {@code index.json}, with one entry for each name of each image.
 *
 * <p>An entry's name is in the annotation {@code org.opencontainers.image.ref.name}, complete, as
 * several repositories share the layout; and in {@code io.containerd.image.name}. Thread-safe.
 */
final class Images {
  private static final System.Logger LOG = System.getLogger(Images.class.getName());
  private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{3,64})");

  private final Store store;
  private final Blobs blobs;
  private final ConcurrentHashMap<Digest, Content> contents = new ConcurrentHashMap<>();

  /** What an image is, whatever it is called. */
  private record Content(Manifest manifest, ImageConfig config) {}

  Images(Store store, Blobs blobs) {
    this.store = store;
    this.blobs = blobs;
  }

  Index index() throws IOException {
    return Index.parse(Files.readAllBytes(store.directory().resolve("index.json")));
  }

  /** Whether all of some images are in the index. */
  boolean holds(List<Digest> manifests) throws IOException {
    return manifests.isEmpty()
        || index().manifests().stream()
            .map(Descriptor::digest)
            .collect(Collectors.toSet())
            .containsAll(manifests);
  }

  /** Looks something up in the index. */
  private interface LookUp<T> {
    T in(Index index) throws IOException;
  }

  /** Readers take no lock, so an image may be removed while it is read: then all is read anew. */
  private <T> T lookUp(LookUp<T> what) throws IOException {
    Index index = index();
    while (true) {
      try {
        return what.in(index);
      } catch (ContentException e) {
        Index now = index();
        if (now.equals(index)) {
          throw e;
        }
        index = now;
      }
    }
  }

  List<StoredImage> list() throws IOException {
    return lookUp(
        index -> {
          List<StoredImage> images = new ArrayList<>();
          for (List<Descriptor> entries : byDigest(index).values()) {
            images.add(load(entries));
          }
          return images;
        });
  }

  /** Only manifests: an index that another tool has put here is no image of one platform. */
  private static Map<Digest, List<Descriptor>> byDigest(Index index) {
    return index.manifests().stream()
        .filter(each -> each.mediaType().isManifest())
        .collect(
            Collectors.groupingBy(Descriptor::digest, LinkedHashMap::new, Collectors.toList()));
  }

  private StoredImage load(List<Descriptor> entries) throws IOException {
    Descriptor descriptor = bare(entries.get(0));
    Content content = content(descriptor);
    List<ImageReference> names =
        entries.stream().map(Images::nameOf).filter(Objects::nonNull).distinct().toList();
    return new StoredImage(descriptor, content.manifest, content.config, names);
  }

  private Content content(Descriptor descriptor) throws IOException {
    Content known = contents.get(descriptor.digest());
    if (known != null) {
      return known;
    }
    Manifest manifest = Manifest.parse(blobs.read(descriptor), descriptor.mediaType());
    ImageConfig config = ImageConfig.parse(blobs.read(manifest.config()));
    config.requireLayers(manifest);
    Content content = new Content(manifest, config);
    contents.put(descriptor.digest(), content);
    return content;
  }

  static @Nullable ImageReference nameOf(Descriptor entry) {
    ImageReference name = ImageNames.of(entry);
    String text = entry.annotations().getOrDefault(ImageNames.REF_NAME, "");
    return name == null && text.contains("@") ? ImageReference.parse(text) : name;
  }

  private static Descriptor bare(Descriptor entry) {
    return entry.annotations().isEmpty() ? entry : entry.withAnnotations(Map.of());
  }

  Optional<StoredImage> find(String text) throws IOException {
    return lookUp(index -> find(byDigest(index), text));
  }

  private Optional<StoredImage> find(Map<Digest, List<Descriptor>> all, String text)
      throws IOException {
    for (List<Descriptor> entries : all.values()) {
      if (isCalled(entries, text)) {
        return Optional.of(load(entries));
      }
    }
    var id = ID.matcher(text);
    return id.matches() ? byId(all, id.group(1)) : Optional.empty();
  }

  private static boolean isCalled(List<Descriptor> entries, String text) {
    ImageReference wanted;
    try {
      wanted = ImageReference.parse(text);
    } catch (ContentException noName) {
      return false; // it may still be an id
    }
    return entries.stream()
        .map(Images::nameOf)
        .filter(Objects::nonNull)
        .anyMatch(name -> name.equals(wanted) || isPinned(name, entries.get(0).digest(), wanted));
  }

  private static boolean isPinned(ImageReference name, Digest digest, ImageReference wanted) {
    return digest.equals(wanted.digest())
        && name.registry().equals(wanted.registry())
        && name.repository().equals(wanted.repository());
  }

  private Optional<StoredImage> byId(Map<Digest, List<Descriptor>> all, String prefix)
      throws IOException {
    List<StoredImage> found = new ArrayList<>();
    for (List<Descriptor> entries : all.values()) {
      StoredImage image = load(entries);
      if (image.id().hex().startsWith(prefix)
          || image.descriptor().digest().hex().startsWith(prefix)) {
        found.add(image);
      }
    }
    if (found.size() > 1) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "image %s is ambiguous; it could be any of %s: use a name or more digits",
              prefix,
              found.stream().map(each -> each.id() + " (" + each.label() + ")").toList()));
    }
    return found.stream().findFirst();
  }

  @SuppressWarnings("try") // the lock is held, not used
  StoredImage add(Descriptor manifest, @Nullable ImageReference name) throws IOException {
    Descriptor bare = bare(manifest);
    Set<Digest> needed = new HashSet<>();
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      // What an image is may be known though somebody has removed it since.
      requireThere(bare, bare.digest());
      Content content = content(bare);
      requireThere(bare, content.manifest.config().digest());
      needed.add(bare.digest());
      needed.add(content.manifest.config().digest());
      for (Descriptor layer : content.manifest.layers()) {
        if (!blobs.isFile(layer.digest()) && !layer.mediaType().isForeign()) {
          throw new ContentException(
              "image " + bare.digest() + ": its layer " + layer.digest() + " is not in the store");
        }
        needed.add(layer.digest());
      }
      edit(all -> with(all, bare, name));
      blobs.unpin(bare.digest(), needed);
    }
    used(bare.digest());
    return loaded(bare.digest());
  }

  private void requireThere(Descriptor image, Digest blob) {
    if (!blobs.isFile(blob)) {
      throw new OperationException(
          "image " + image.digest() + " was removed from the store " + store.directory());
    }
  }

  private StoredImage loaded(Digest manifest) throws IOException {
    return lookUp(
        index -> {
          List<Descriptor> entries = byDigest(index).get(manifest);
          if (entries == null) {
            throw new OperationException("image " + manifest + " was removed meanwhile");
          }
          return load(entries);
        });
  }

  /**
   * Notes that an image is used now: as the time of its manifest's file, which says nothing else.
   */
  void used(Digest manifest) {
    try {
      Files.setLastModifiedTime(store.blob(manifest), FileTime.from(store.clock().instant()));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the use of image " + manifest + " could not be noted", e);
    }
  }

  void untag(ImageReference name) throws IOException {
    store.fullDisk().freeing(() -> untagUnderLock(name));
  }

  @SuppressWarnings("try") // the lock is held, not used
  private boolean untagUnderLock(ImageReference name) throws IOException {
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      return edit(all -> without(all, name));
    }
  }

  @SuppressWarnings("try") // the lock is held, not used
  boolean remove(ImageReference name) throws IOException {
    Sweep sweep = new Sweep(store);
    // Under one lock: an image's names come and go, and the last one takes the image along.
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      List<Descriptor> all = index().manifests();
      Optional<Descriptor> named = all.stream().filter(each -> name.equals(nameOf(each))).findAny();
      if (named.isEmpty()) {
        return false;
      }
      Digest image = named.get().digest();
      if (all.stream().filter(each -> each.digest().equals(image)).count() > 1) {
        store.fullDisk().freeing(() -> edit(now -> without(now, name)));
      } else {
        removeUnderLock(image, name.familiar(), sweep);
      }
    }
    sweep.emptyTrash();
    store.fullDisk().fill();
    return true;
  }

  @SuppressWarnings("try") // the lock is held, not used
  void remove(StoredImage image) throws IOException {
    Sweep sweep = new Sweep(store);
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      removeUnderLock(image.descriptor().digest(), image.label(), sweep);
    }
    sweep.emptyTrash();
    store.fullDisk().fill();
  }

  /** Removes one that nobody has named or used by now. */
  @SuppressWarnings("try") // the lock is held, not used
  void removeUnnamed(StoredImage image) throws IOException {
    Digest digest = image.descriptor().digest();
    Sweep sweep = new Sweep(store);
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      boolean named =
          index().manifests().stream()
              .anyMatch(each -> each.digest().equals(digest) && nameOf(each) != null);
      if (named || user(digest).isPresent()) {
        return;
      }
      removeUnderLock(digest, image.label(), sweep);
    }
    sweep.emptyTrash();
    store.fullDisk().fill();
  }

  /** A working container that was made from an image. */
  private Optional<Containers.Entry> user(Digest image) throws IOException {
    return store.containers().list().stream()
        .filter(container -> image.equals(container.image()))
        .findFirst();
  }

  private void removeUnderLock(Digest image, String label, Sweep sweep) throws IOException {
    Optional<Containers.Entry> user = user(image);
    if (user.isPresent()) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "cannot remove image %s: the working container %s uses it; remove that first",
              label,
              user.get().label()));
    }
    drop(Set.of(image));
    sweep.underLock();
  }

  /** Takes images out of the index, and says what they were called. */
  List<String> drop(Set<Digest> manifests) throws IOException {
    List<String> dropped = new ArrayList<>();
    store
        .fullDisk()
        .freeing(
            () -> {
              dropped.clear();
              return edit(all -> without(all, manifests, dropped));
            });
    contents.keySet().removeAll(manifests);
    return dropped;
  }

  private static List<Descriptor> without(
      List<Descriptor> all, Set<Digest> manifests, List<String> dropped) {
    List<Descriptor> rest = new ArrayList<>();
    for (Descriptor each : all) {
      if (manifests.contains(each.digest())) {
        ImageReference name = nameOf(each);
        dropped.add(name == null ? each.digest().toString() : name.familiar());
      } else {
        rest.add(each);
      }
    }
    return rest;
  }

  @SuppressWarnings("try") // the lock is held, not used
  private boolean edit(UnaryOperator<List<Descriptor>> change) throws IOException {
    try (FileLocks.Held held = store.lock(Store.INDEX)) {
      Index before = index();
      List<Descriptor> after = change.apply(before.manifests());
      if (after.equals(before.manifests())) {
        return false;
      }
      store.write(store.directory().resolve("index.json"), before.withManifests(after).toBytes());
      return true;
    }
  }

  private static List<Descriptor> with(
      List<Descriptor> all, Descriptor bare, @Nullable ImageReference name) {
    boolean known = all.stream().anyMatch(each -> each.digest().equals(bare.digest()));
    if (name == null) {
      return known ? all : plus(all, bare);
    }
    List<Descriptor> others =
        without(all, name).stream()
            .filter(each -> !(each.digest().equals(bare.digest()) && nameOf(each) == null))
            .toList();
    return plus(others, ImageNames.named(bare, name));
  }

  private static List<Descriptor> plus(List<Descriptor> all, Descriptor one) {
    List<Descriptor> more = new ArrayList<>(all);
    more.add(one);
    return more;
  }

  /** Without a name; the image keeps an entry without one if it had no other. */
  private static List<Descriptor> without(List<Descriptor> all, ImageReference name) {
    List<Descriptor> rest = new ArrayList<>();
    for (Descriptor each : all) {
      if (!name.equals(nameOf(each))) {
        rest.add(each);
      } else if (all.stream()
          .noneMatch(
              other -> other.digest().equals(each.digest()) && !name.equals(nameOf(other)))) {
        rest.add(bare(each));
      }
    }
    return rest;
  }
}
