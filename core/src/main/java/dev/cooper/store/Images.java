package dev.cooper.store;

import dev.cooper.error.ImageNotFoundException;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
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
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The store's images: its {@code index.json}, and the documents that it leads to.
 *
 * <p>An entry's name is in the annotation {@code org.opencontainers.image.ref.name}, complete, as
 * several repositories share the layout; and in {@code io.containerd.image.name}. What an entry
 * stands for is {@link StoreIndex}'s business. Thread-safe.
 */
public final class Images {
  private static final System.Logger LOG = System.getLogger(Images.class.getName());
  private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{3,64})");

  /** The digits of an id, as Docker shows it, that no name is alike by chance. */
  private static final int SHOWN = 12;

  private static final int FULL = 64;

  private final Store store;
  private final Blobs blobs;
  private final ImageDocuments documents;

  Images(Store store, Blobs blobs) {
    this.store = store;
    this.blobs = blobs;
    this.documents = new ImageDocuments(blobs);
  }

  public Index index() throws IOException {
    return Index.parse(Files.readAllBytes(store.directory().resolve("index.json")));
  }

  private StoreIndex entries(Index index) {
    return new StoreIndex(index.manifests(), documents);
  }

  /** Every entry of the index, and every image that only an index there leads to. */
  List<Descriptor> all() throws IOException {
    List<Descriptor> all = new ArrayList<>(index().manifests());
    for (Descriptor entry : List.copyOf(all)) {
      for (Descriptor each : entry.mediaType().isIndex() ? members(entry) : List.<Descriptor>of()) {
        if (all.stream().noneMatch(known -> known.digest().equals(each.digest()))) {
          all.add(each);
        }
      }
    }
    return all;
  }

  /** The images of an index that are in the store; none if it cannot be read. */
  List<Descriptor> members(Descriptor index) throws IOException {
    try {
      return documents.members(index.withAnnotations(Map.of()));
    } catch (ContentException broken) {
      return List.of();
    }
  }

  /** Whether all of some images are in the index, or a working container's base. */
  boolean holds(List<Digest> manifests) throws IOException {
    if (manifests.isEmpty()) {
      return true;
    }
    StoreIndex index = entries(index());
    for (Digest each : manifests) {
      if (!index.contains(each) && user(each).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** Looks something up in the index. */
  private interface LookUp<T> {
    T in(StoreIndex index) throws IOException;
  }

  /** Readers take no lock, so an image may be removed while it is read: then all is read anew. */
  private <T> T lookUp(LookUp<T> what) throws IOException {
    Index index = index();
    while (true) {
      try {
        return what.in(entries(index));
      } catch (ContentException e) {
        Index now = index();
        if (now.equals(index)) {
          throw e;
        }
        index = now;
      }
    }
  }

  /** Every image, with all its names. */
  List<StoredImage> list() throws IOException {
    return lookUp(
        index -> {
          List<StoredImage> images = new ArrayList<>();
          for (StoreIndex.Found each : index.images().values()) {
            if (documents.isImage(each.manifest())) {
              images.add(load(each));
            }
          }
          return images;
        });
  }

  private StoredImage load(StoreIndex.Found found) throws IOException {
    return load(found.manifest(), List.copyOf(found.names()));
  }

  private StoredImage load(Descriptor manifest, List<ImageReference> names) throws IOException {
    ImageDocuments.Content content = documents.content(manifest);
    return new StoredImage(manifest, content.manifest(), content.config(), names);
  }

  /** The manifests that are no images, of every entry and index, with a name if they have one. */
  Map<Digest, String> artifacts() throws IOException {
    return lookUp(
        index -> {
          Map<Digest, String> artifacts = new LinkedHashMap<>();
          for (StoreIndex.Found each : index.images().values()) {
            if (!documents.isImage(each.manifest())) {
              artifacts.put(
                  each.manifest().digest(),
                  each.names().stream()
                      .map(ImageReference::familiar)
                      .findFirst()
                      .orElse(each.manifest().digest().hex().substring(0, SHOWN)));
            }
          }
          return artifacts;
        });
  }

  private static Descriptor bare(Descriptor entry) {
    return entry.annotations().isEmpty() ? entry : entry.withAnnotations(Map.of());
  }

  // --- looking up

  /**
   * Finds an image by a name, which it then has, or by an id, with all the names that it has.
   *
   * @param platform of a name, null for this machine's
   */
  Optional<StoredImage> find(String text, @Nullable Platform platform) throws IOException {
    return lookUp(index -> find(index, text, platform));
  }

  private Optional<StoredImage> find(StoreIndex index, String text, @Nullable Platform platform)
      throws IOException {
    var id = ID.matcher(text);
    String digits = id.matches() ? id.group(1) : "";
    boolean surelyId = digits.length() == FULL || digits.length() < text.length();
    ImageReference name = surelyId && !digits.isEmpty() ? null : StoreIndex.parse(text);
    Optional<Descriptor> called = name == null ? Optional.empty() : index.find(name, platform);
    if (called.isPresent() && name != null) {
      if (digits.length() >= SHOWN) {
        requireUnambiguous(index, digits, called.get());
      }
      return Optional.of(load(called.get(), List.of(name)));
    }
    if (name != null) {
      requireNoArtifact(index, name);
    }
    return digits.isEmpty()
        ? Optional.empty()
        : byId(index, digits)
            .filter(each -> platform == null || platform.matches(each.config().platform()));
  }

  /** A name that stands for artifacts alone is no image's, of whatever platform. */
  private void requireNoArtifact(StoreIndex index, ImageReference name) throws IOException {
    List<Descriptor> called = index.called(name);
    for (Descriptor each : called) {
      if (documents.isImage(each)) {
        return;
      }
    }
    for (Descriptor each : called) {
      documents.requireImage(each);
    }
  }

  /** A name that is another image's id, as Docker shows it, was not chosen by chance. */
  private void requireUnambiguous(StoreIndex index, String digits, Descriptor called)
      throws IOException {
    Optional<StoredImage> other = byId(index, digits);
    if (other.isPresent() && !other.get().descriptor().digest().equals(called.digest())) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "image %s is ambiguous: it is the name of %s and the start of the id of %s: use more"
                  + " digits of the id, or the name with its tag",
              digits,
              called.digest(),
              other.get().id()));
    }
  }

  private Optional<StoredImage> byId(StoreIndex index, String prefix) throws IOException {
    List<StoredImage> found = new ArrayList<>();
    for (StoreIndex.Found each : index.images().values()) {
      if (!documents.isImage(each.manifest())) {
        continue;
      }
      StoredImage image = load(each);
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

  /** Whether some digits are how an image's id begins. */
  public boolean isStartOfId(String digits) throws IOException {
    return list().stream()
        .anyMatch(
            each ->
                each.id().hex().startsWith(digits)
                    || each.descriptor().digest().hex().startsWith(digits));
  }

  /** The platforms that a name stands for. */
  List<Platform> platforms(ImageReference name) throws IOException {
    return lookUp(
        index -> {
          List<Platform> platforms = new ArrayList<>();
          for (Descriptor each : index.called(name)) {
            platforms.add(index.platform(each));
          }
          return platforms;
        });
  }

  /** By which digests repositories know an image. */
  public List<ImageReference> repositoryDigests(Digest manifest) throws IOException {
    return lookUp(
        index -> {
          StoreIndex.Found found = index.images().get(manifest);
          if (found == null) {
            throw gone(manifest);
          }
          return List.copyOf(found.repositoryDigests());
        });
  }

  /**
   * An image that is a working container's base, in the index or not.
   *
   * @throws ImageNotFoundException if its manifest is gone
   */
  public StoredImage base(Digest manifest) throws IOException {
    if (!blobs.isFile(manifest)) {
      throw new ImageNotFoundException(
          "the base " + manifest + " is no longer in the store " + store.directory());
    }
    long size = Files.size(store.blob(manifest));
    byte[] bytes = blobs.read(Descriptor.of(MediaType.OCI_MANIFEST, manifest, size));
    MediaType type = Manifest.parse(bytes).mediaType();
    return load(Descriptor.of(type, manifest, size), List.of());
  }

  // --- adding

  /** An image whose blobs are all there, which is not in the index; they stay pinned. */
  public StoredImage loose(Descriptor manifest) throws IOException {
    return load(bare(manifest), List.of());
  }

  /** Lets go of the blobs of such an image, which a working container holds now, or nobody. */
  public void release(StoredImage image) throws IOException {
    blobs.unpin(image.descriptor().digest(), needed(image));
  }

  private static Set<Digest> needed(StoredImage image) {
    Set<Digest> needed = new HashSet<>();
    needed.add(image.descriptor().digest());
    needed.add(image.id());
    image.manifest().layers().forEach(layer -> needed.add(layer.digest()));
    return needed;
  }

  /**
   * Adds an image.
   *
   * @param names what it is called from now on, beside the names that it has; each is taken from
   *     the image for the same platform that had it
   * @param digests by which repositories know it
   * @return the image, called by these names alone
   */
  @SuppressWarnings("try") // the lock is held, not used
  public StoredImage add(
      Descriptor manifest, List<ImageReference> names, List<ImageReference> digests)
      throws IOException {
    StoredImage added;
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      // What an image is may be known though somebody has removed it since.
      requireThere(manifest, manifest.digest());
      ImageDocuments.Content content = documents.content(bare(manifest));
      requireThere(manifest, content.manifest().config().digest());
      Descriptor bare = bare(manifest).withPlatform(content.config().platform());
      for (Descriptor layer : content.manifest().layers()) {
        if (!blobs.isFile(layer.digest()) && !layer.mediaType().isForeign()) {
          throw new ContentException(
              "image " + bare.digest() + ": its layer " + layer.digest() + " is not in the store");
        }
      }
      added = new StoredImage(bare, content.manifest(), content.config(), names);
      GivenNames.requireOwn(names, bare.digest(), digests);
      edit(all -> all.with(bare, names, digests));
      blobs.unpin(bare.digest(), needed(added));
    }
    used(manifest.digest());
    return added;
  }

  private void requireThere(Descriptor image, Digest blob) {
    if (!blobs.isFile(blob)) {
      throw gone(image.digest());
    }
  }

  private OperationException gone(Digest image) {
    return new OperationException(
        "image " + image + " was removed from the store " + store.directory());
  }

  /** Notes by which digests repositories know an image, if it is still there. */
  public void noted(Digest manifest, List<ImageReference> digests) throws IOException {
    edit(all -> all.noted(manifest, digests));
  }

  /**
   * Notes that an image is used now: as the time of its manifest's file, which says nothing else.
   */
  public void used(Digest manifest) {
    try {
      Files.setLastModifiedTime(store.blob(manifest), FileTime.from(store.clock().instant()));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the use of image " + manifest + " could not be noted", e);
    }
  }

  // --- removing

  /**
   * Takes a name from an image, which stays.
   *
   * @throws OperationException if the image has no such name
   */
  @SuppressWarnings("try") // the lock is held, not used
  void untag(StoredImage image, ImageReference name) throws IOException {
    Digest digest = image.descriptor().digest();
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      StoreIndex index = entries(index());
      List<Descriptor> owners = index.named(StoreIndex.pinned(name));
      if (owners.stream().noneMatch(each -> each.digest().equals(digest))) {
        throw new OperationException(
            "cannot untag "
                + name.familiar()
                + ": it is no name of image "
                + image.label()
                + ": "
                + whose(owners)
                + ", "
                + names(index, digest));
      }
      store.fullDisk().freeing(() -> edit(all -> all.without(name, digest)));
    }
  }

  private String whose(List<Descriptor> owners) throws IOException {
    if (owners.isEmpty()) {
      return "no image has it";
    }
    List<String> ids = new ArrayList<>();
    for (Descriptor each : owners) {
      ids.add(documents.content(each).manifest().config().digest().toString());
    }
    return "it is the name of " + String.join(" and ", ids);
  }

  private String names(StoreIndex index, Digest image) throws IOException {
    StoreIndex.Found found = index.images().get(image);
    if (found == null) {
      return "and this image was removed from the store " + store.directory();
    }
    return found.names().isEmpty()
        ? "and this image has no name"
        : "and this image has "
            + String.join(", ", found.names().stream().map(ImageReference::familiar).toList());
  }

  /**
   * Removes an image with all its names.
   *
   * @throws OperationException if it is not there any more, or a working container needs it
   */
  @SuppressWarnings("try") // the lock is held, not used
  void remove(StoredImage image) throws IOException {
    Sweep sweep = new Sweep(store);
    Digest digest = image.descriptor().digest();
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      if (!entries(index()).contains(digest)) {
        throw new OperationException(
            String.format(
                Locale.ROOT,
                "cannot remove image %s: it was removed from the store %s before",
                image.label(),
                store.directory()));
      }
      removeUnderLock(digest, image.label(), sweep);
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
      StoreIndex.Found found = entries(index()).images().get(digest);
      if (found == null || !found.names().isEmpty() || user(digest).isPresent()) {
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

  /**
   * Takes images out of the index, and says what they were called. The caller holds the store's
   * lock.
   */
  List<String> drop(Set<Digest> manifests) throws IOException {
    List<String> dropped = new ArrayList<>();
    for (Descriptor each : index().manifests()) {
      if (manifests.contains(each.digest())) {
        ImageReference name = StoreIndex.nameOf(each);
        dropped.add(name == null ? each.digest().toString() : name.familiar());
      }
    }
    store.fullDisk().freeing(() -> edit(all -> all.without(manifests)));
    documents.forget(manifests);
    return dropped;
  }

  // --- changing the index

  /** A change of the entries. */
  private interface Change {
    StoreIndex of(StoreIndex all) throws IOException;
  }

  /** Changes the index; a caller who names or removes holds the store's lock. */
  @SuppressWarnings("try") // the lock is held, not used
  private boolean edit(Change change) throws IOException {
    try (FileLocks.Held held = store.lock(Store.INDEX)) {
      Index before = index();
      StoreIndex after = change.of(entries(before));
      if (after.entries().equals(before.manifests())) {
        return false;
      }
      for (Descriptor each : after.entries()) {
        byte[] made = after.made().get(each.digest());
        if (made != null && !blobs.isFile(each.digest())) {
          store.write(blobs.path(each.digest()), made);
        }
      }
      Index changed = before.withManifests(after.entries());
      store.write(store.directory().resolve("index.json"), changed.toBytes());
      removeUnneeded(before, changed);
      return true;
    }
  }

  /** An index whose name stands for something else by now, which nothing else can lead to. */
  private void removeUnneeded(Index before, Index now) throws IOException {
    for (Descriptor each : before.manifests()) {
      if (each.mediaType().isIndex() && !now.contains(each.digest()) && isOwn(each)) {
        Files.deleteIfExists(blobs.path(each.digest()));
      }
    }
  }

  /** Whether an index was made here: its name says it all, and no other index lists it. */
  private static boolean isOwn(Descriptor index) {
    return index.annotations().containsKey(dev.cooper.oci.layout.ImageNames.IMAGE_NAME);
  }
}
