package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.maintenance.StoreFinding;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether a store is sound, and mends it.
 *
 * <p>Content is read first, without a lock, as it takes long; then, under the store's lock, during
 * which nothing appears or goes, what leads to what. What was found before counts only if it is
 * still there. Not thread-safe.
 */
public final class StoreCheck {
  private static final Pattern TREE =
      Pattern.compile(
          "(?<layer>[0-9a-f]{64}(?:[0-9a-f]{64})?)(?:"
              + Pattern.quote(UnnamedDirectories.SUFFIX)
              + "[0-9a-f]+)?");
  private static final Pattern PACKED =
      Pattern.compile("[0-9a-f]+\\.[a-z]+-[0-9]+\\.([0-9a-f]{64})");
  private static final String LEFT = "left as it is";

  private final Store store;
  private final boolean content;
  private final boolean mend;
  private final List<StoreFinding> findings = new ArrayList<>();
  private final List<StoreFinding> repaired = new ArrayList<>();
  private final List<Mending> mendings = new ArrayList<>();
  private final Set<Digest> brokenBlobs = new HashSet<>();
  private final Map<Digest, List<String>> inUse = new LinkedHashMap<>();
  private final Set<String> treesInUse = new HashSet<>();
  private final Sweep sweep;
  private final ContentCheck contents;

  public StoreCheck(Store store, boolean content, boolean mend) {
    this.store = store;
    this.content = content;
    this.mend = mend;
    this.sweep = new Sweep(store);
    this.contents = new ContentCheck(store);
  }

  @SuppressWarnings("try") // the lock is held, not used
  public StoreReport run() throws IOException {
    if (content) {
      contents.run();
    }
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      contents.retainUnchanged();
      containers();
      brokenBlobs();
      images();
      unreachable();
      layers();
      staging();
      locks();
      files();
      for (Mending each : mendings) {
        each.mend();
      }
      if (mend) {
        sweep.underLock();
      }
    }
    sweep.emptyTrash();
    if (mend) {
      store.fullDisk().fill();
    }
    return new StoreReport(findings, repaired, contents.bytesRead());
  }

  /** Mends something. */
  private interface Mending {
    void mend() throws IOException;
  }

  private void found(
      StoreFinding.Kind kind, Path path, String what, String repair, @Nullable Mending mending)
      throws IOException {
    StoreFinding finding = new StoreFinding(kind, path, what, repair);
    if (mend && mending != null) {
      mendings.add(mending); // once all is found, lest what is mended changes what is found
      repaired.add(finding);
    } else {
      findings.add(finding);
    }
  }

  // --- containers, first: what they use is not touched

  private void containers() throws IOException {
    for (Containers.Entry container : store.containers().list()) {
      if (container.name() == null && store.containers().isOrphan(container)) {
        found(
            StoreFinding.Kind.ORPHANED_CONTAINER,
            container.path(),
            "no JVM owns this container, and it has no name",
            "is removed",
            () -> discard(container));
        continue;
      }
      if (container.name() != null && damaged(container)) {
        continue;
      }
      Digest image = container.image();
      if (image == null) {
        continue;
      }
      ImageContents needed = ImageContents.of(store, image);
      needed.blobs().forEach(blob -> use(blob, container.label()));
      needed.diffIds().forEach(diffId -> treesInUse.add(diffId.hex()));
      for (ImageContents.Trouble trouble : needed.troubles()) {
        found(
            StoreFinding.Kind.BROKEN_IMAGE,
            store.blob(trouble.blob()),
            "the base of container " + container.label() + " is broken: " + trouble.what(),
            LEFT + ": remove the container",
            null);
      }
    }
  }

  /** Looks at a named container's own files, unless somebody has it open. */
  private boolean damaged(Containers.Entry container) throws IOException {
    if (!FileLocks.isFree(store.lockFile("container-" + container.id()))) {
      return false;
    }
    String trouble = ContainerRecord.trouble(container.path());
    Digest base = ContainerRecord.base(container.path());
    String unknown =
        container.trouble() == null && container.image() == null && base != null
            ? "its base image is not written down any more"
            : container.trouble();
    if (trouble == null && unknown != null && base != null) {
      found(
          StoreFinding.Kind.BROKEN_CONTAINER,
          container.path(),
          unknown,
          "is written down again from the container's record",
          () -> store.containers().mend(container, base));
      use(base, container.label());
      return true;
    }
    String damage = trouble != null ? trouble : container.trouble();
    if (damage != null) {
      found(
          StoreFinding.Kind.BROKEN_CONTAINER,
          container.path(),
          "container " + container.label() + " can't be opened: " + damage,
          "is removed",
          () -> discard(container));
    }
    return damage != null;
  }

  private void use(Digest blob, String container) {
    inUse.computeIfAbsent(blob, digest -> new ArrayList<>()).add(container);
  }

  private void discard(Containers.Entry container) throws IOException {
    Containers.Owned owned = store.containers().take(container);
    if (owned != null) {
      owned.discard(sweep);
    }
  }

  // --- blobs and images

  private void brokenBlobs() throws IOException {
    for (Map.Entry<Path, String> broken : contents.blobs().entrySet()) {
      Digest digest = Sweep.digest(broken.getKey());
      if (digest == null) {
        continue;
      }
      List<String> users = inUse.get(digest);
      if (users != null) {
        found(
            StoreFinding.Kind.BROKEN_BLOB,
            broken.getKey(),
            broken.getValue(),
            LEFT + ": used by container " + String.join(", ", users),
            null);
      } else {
        brokenBlobs.add(digest);
        found(
            StoreFinding.Kind.BROKEN_BLOB,
            broken.getKey(),
            broken.getValue(),
            "is removed",
            () -> sweep.discard(broken.getKey()));
      }
    }
  }

  private void images() throws IOException {
    Map<Digest, List<String>> broken = new LinkedHashMap<>();
    Map<Digest, String> names = new LinkedHashMap<>();
    for (Descriptor entry : store.images().all()) {
      ImageContents image = ImageContents.of(store, entry);
      Set<Digest> others = ofItsImages(entry);
      List<String> troubles = new ArrayList<>();
      image.troubles().stream()
          .filter(each -> !others.contains(each.blob()))
          .forEach(each -> troubles.add(each.blob() + ": " + each.what()));
      for (Digest blob : image.blobs()) {
        if (brokenBlobs.contains(blob) && !others.contains(blob)) {
          troubles.add("its blob " + blob + " is broken");
        }
      }
      if (!troubles.isEmpty()) {
        broken.putIfAbsent(entry.digest(), troubles.stream().distinct().toList());
        var name = StoreIndex.nameOf(entry);
        names.merge(
            entry.digest(),
            name == null ? entry.digest().toString() : name.familiar(),
            (one, two) -> one + ", " + two);
      }
    }
    for (Map.Entry<Digest, List<String>> each : broken.entrySet()) {
      Digest manifest = each.getKey();
      found(
          StoreFinding.Kind.BROKEN_IMAGE,
          store.blob(manifest),
          "image " + names.get(manifest) + " is broken: " + String.join("; ", each.getValue()),
          "the image is removed: pull, load or build it again",
          () -> store.images().drop(Set.of(manifest)));
    }
  }

  /** What the images of an index lead to: they are looked at one by one. */
  private Set<Digest> ofItsImages(Descriptor entry) throws IOException {
    Set<Digest> blobs = new HashSet<>();
    if (entry.mediaType().isIndex()) {
      for (Descriptor each : store.images().members(entry)) {
        blobs.addAll(ImageContents.of(store, each).blobs());
      }
    }
    return blobs;
  }

  private void unreachable() throws IOException {
    Sweep.Marks marks = Sweep.marks(store);
    if (marks.unknown) {
      return; // what a broken document leads to is not known
    }
    for (Path algorithm : Directories.list(store.directory().resolve("blobs"))) {
      for (Path blob : Directories.list(algorithm)) {
        Digest digest = Sweep.digest(blob);
        if (digest == null) {
          stray(blob);
        } else if (!marks.blobs.contains(digest) && !brokenBlobs.contains(digest)) {
          unreachable(blob);
        }
      }
    }
    if (Blobs.pinned(store.directory().resolve("staging")).stream()
        .allMatch(marks.reachable::contains)) {
      for (Path layer : Directories.list(store.directory().resolve("layers"))) {
        if (!marks.holdsLayer(Directories.name(layer))) {
          unreachable(layer);
        }
      }
    } // else somebody unpacks layers of an image that is not there yet
  }

  private void unreachable(Path path) throws IOException {
    found(
        StoreFinding.Kind.UNREACHABLE,
        path,
        "no image and no container leads to it",
        "is removed",
        () -> {}); // by the sweep in the end
  }

  private void stray(Path path) throws IOException {
    found(StoreFinding.Kind.STRAY_FILE, path, "not a file of the store", LEFT, null);
  }

  // --- layers

  private void layers() throws IOException {
    for (Path layer : Directories.list(store.directory().resolve("layers"))) {
      String name = Directories.name(layer);
      if (Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS)) {
        tree(layer, name);
      } else if (contents.layers().containsKey(layer)) {
        found(
            StoreFinding.Kind.BROKEN_CACHED_LAYER,
            layer,
            String.valueOf(contents.layers().get(layer)),
            "is removed, and made again when it is needed",
            () -> Files.deleteIfExists(layer));
      } else if (!name.endsWith(".idx")
          && !PACKED.matcher(name).matches()
          && !TREE.matcher(name).matches()) {
        stray(layer);
      }
    }
  }

  private void tree(Path layer, String name) throws IOException {
    Matcher named = TREE.matcher(name);
    if (!named.matches()) {
      stray(layer);
      return;
    }
    String trouble = trouble(layer);
    if (trouble == null) {
      return;
    }
    boolean used = treesInUse.contains(named.group("layer"));
    found(
        StoreFinding.Kind.BROKEN_TREE,
        layer,
        trouble,
        used ? LEFT + ": a container uses it" : "is removed, and unpacked again when it is needed",
        used ? null : () -> sweep.discard(layer));
  }

  private static @Nullable String trouble(Path layer) throws IOException {
    if (!Files.isDirectory(layer.resolve(LayerTrees.TREE), LinkOption.NOFOLLOW_LINKS)) {
      return "the layer's files are gone";
    }
    try {
      String marker = Files.readString(layer.resolve(LayerTrees.DONE), StandardCharsets.ISO_8859_1);
      return LayerTrees.isMarker(marker) ? null : "the mark that it is whole is damaged";
    } catch (NoSuchFileException e) {
      return "the mark that it is whole is missing";
    }
  }

  // --- what the dead have left

  private void staging() throws IOException {
    for (Path each : Directories.list(store.directory().resolve("staging"))) {
      Path lock = store.lockFile("staging-" + Directories.name(each));
      if (!each.equals(store.staging()) && FileLocks.isFree(lock) && Files.exists(each)) {
        found(
            StoreFinding.Kind.ORPHANED_STAGING,
            each,
            "the JVM that worked here is dead",
            "is removed",
            () -> sweep.discard(each));
      }
    }
  }

  private void locks() throws IOException {
    for (Path each : Directories.list(store.directory().resolve("locks"))) {
      Path owned = Recovery.owned(store, Directories.name(each));
      if (owned != null && !Files.exists(owned) && FileLocks.isAbandoned(each)) {
        found(
            StoreFinding.Kind.ORPHANED_LOCK,
            each,
            "what it locked is gone",
            "is removed",
            () -> FileLocks.removeFree(each));
      }
    }
  }

  private void files() throws IOException {
    for (Path each : Directories.list(store.directory())) {
      if (Directories.name(each).startsWith(".staging-")) {
        found(
            StoreFinding.Kind.ORPHANED_STAGING,
            each,
            "a file that was never finished",
            "is removed",
            () -> Files.deleteIfExists(each));
      } else if (!Store.isOwn(each)) {
        stray(each);
      }
    }
  }

  /** Whether a file's name says which content it has to have. */
  static @Nullable String packedDigest(String name) {
    var packed = PACKED.matcher(name);
    return packed.matches() ? packed.group(1) : null;
  }
}
