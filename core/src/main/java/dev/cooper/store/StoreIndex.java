package dev.cooper.store;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.ImageNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The entries of the store's {@code index.json}: which images there are, and what they are called.
 *
 * <p>Each image has an entry of its own for each name that is its alone, or one without a name. A
 * name that stands for several platforms is the entry of an index that lists their manifests, so
 * that other tools choose among them too. Immutable: a change gives another one. An entry that is
 * not touched stays as whoever wrote it has written it.
 */
public final class StoreIndex {
  /**
   * The repositories' digests that an image was pulled or pushed by, with a blank between: an
   * annotation of each of its entries.
   */
  public static final String DIGESTS = "dev.cooper.digests";

  private final List<Descriptor> entries;
  private final Documents documents;
  private final Map<Digest, byte[]> made;

  /** What entries lead to. */
  interface Documents {
    /** The manifests of an index that are in the store. */
    List<Descriptor> members(Descriptor index) throws IOException;

    /** What an image says that it runs on. */
    Platform platform(Descriptor manifest) throws IOException;
  }

  /** An image, by its manifest's descriptor without annotations. */
  record Found(
      Descriptor manifest, Set<ImageReference> names, Set<ImageReference> repositoryDigests) {
    private Found(Descriptor manifest) {
      this(manifest, new LinkedHashSet<>(), new LinkedHashSet<>());
    }

    /** Whether a repository's digest is this image's: of its manifest, or of what led to it. */
    private boolean isPinned(ImageReference wanted) {
      return repositoryDigests.contains(pinned(wanted))
          || isManifests(wanted)
              && Stream.concat(names.stream(), repositoryDigests.stream())
                  .anyMatch(each -> isInRepository(each, wanted));
    }

    private boolean isManifests(ImageReference wanted) {
      return manifest.digest().equals(wanted.digest());
    }
  }

  StoreIndex(List<Descriptor> entries, Documents documents) {
    this(entries, documents, Map.of());
  }

  private StoreIndex(List<Descriptor> entries, Documents documents, Map<Digest, byte[]> made) {
    this.entries = entries;
    this.documents = documents;
    this.made = made;
  }

  List<Descriptor> entries() {
    return entries;
  }

  /** The indexes that a change has made, which have to be blobs before it counts. */
  Map<Digest, byte[]> made() {
    return made;
  }

  // --- what is there

  /** Every image, in the order of the entries. */
  Map<Digest, Found> images() throws IOException {
    Map<Digest, Found> images = new LinkedHashMap<>();
    for (Descriptor entry : entries) {
      ImageReference name = nameOf(entry);
      for (Descriptor member : members(entry)) {
        Found found = images.computeIfAbsent(member.digest(), digest -> new Found(member));
        if (name != null) {
          found.names.add(name);
        }
        if (entry.mediaType().isManifest()) {
          found.repositoryDigests.addAll(repositoryDigests(entry));
        }
      }
    }
    for (Descriptor entry : entries) { // a manifest's digests come before an index's
      for (Descriptor member : members(entry)) {
        Found found = images.get(member.digest());
        if (found != null) {
          found.repositoryDigests.addAll(repositoryDigests(entry));
        }
      }
    }
    return images;
  }

  boolean contains(Digest manifest) throws IOException {
    for (Descriptor entry : entries) {
      if (entry.digest().equals(manifest)
          || members(entry).stream().anyMatch(each -> each.digest().equals(manifest))) {
        return true;
      }
    }
    return false;
  }

  /** The manifests that an entry stands for, without annotations. */
  List<Descriptor> members(Descriptor entry) throws IOException {
    if (entry.mediaType().isManifest()) {
      return List.of(bare(entry));
    }
    return entry.mediaType().isIndex() ? documents.members(bare(entry)) : List.of();
  }

  /** The members of an entry; none where it cannot be read, which is no reason not to remove it. */
  private List<Descriptor> readable(Descriptor entry) throws IOException {
    try {
      return members(entry);
    } catch (ContentException broken) {
      return List.of();
    }
  }

  /** What a name stands for: images of several platforms perhaps. */
  List<Descriptor> called(ImageReference name) throws IOException {
    if (name.digest() != null) {
      return images().values().stream()
          .filter(each -> each.isPinned(name))
          .map(Found::manifest)
          .toList();
    }
    return named(name);
  }

  /** The images of the entries with a name. */
  List<Descriptor> named(ImageReference name) throws IOException {
    List<Descriptor> named = new ArrayList<>();
    for (Descriptor entry : entries) {
      if (name.equals(nameOf(entry))) {
        members(entry).stream().filter(each -> !isIn(named, each)).forEach(named::add);
      }
    }
    return named;
  }

  /**
   * The image of a name for a platform.
   *
   * @param platform null for this machine's; a manifest's own digest says which it is
   */
  Optional<Descriptor> find(ImageReference name, @Nullable Platform platform) throws IOException {
    List<Descriptor> called = called(name);
    Optional<Descriptor> own =
        called.stream().filter(each -> each.digest().equals(name.digest())).findAny();
    if (own.isPresent() && platform == null) {
      return own;
    }
    List<Descriptor> known = new ArrayList<>();
    for (Descriptor each : called) {
      Platform runs = platform(each);
      known.add(isUnknown(runs) ? each.withPlatform(null) : each.withPlatform(runs));
    }
    return Index.of(known)
        .find(platform == null ? Platform.current() : platform)
        .flatMap(found -> called.stream().filter(each -> isSameImage(each, found)).findAny());
  }

  private static boolean isSameImage(Descriptor one, Descriptor other) {
    return one.digest().equals(other.digest());
  }

  Platform platform(Descriptor manifest) throws IOException {
    Platform said = manifest.platform();
    return said == null ? documents.platform(manifest) : said;
  }

  private static boolean isUnknown(Platform platform) {
    return platform.os().isEmpty() || platform.architecture().isEmpty();
  }

  /** The name of an entry; one with a digest counts only if that is what the entry leads to. */
  public static @Nullable ImageReference nameOf(Descriptor entry) {
    String text = entry.annotations().getOrDefault(ImageNames.REF_NAME, "");
    if (text.indexOf('@') < 0) {
      return ImageNames.of(entry);
    }
    ImageReference name = parse(text);
    if (name == null) {
      return null;
    }
    ImageReference pinned = pinned(name);
    return entry.digest().equals(name.digest()) || repositoryDigests(entry).contains(pinned)
        ? pinned
        : null;
  }

  public static @Nullable ImageReference parse(String text) {
    try {
      return ImageReference.parse(text);
    } catch (ContentException noName) {
      return null;
    }
  }

  static List<ImageReference> repositoryDigests(Descriptor entry) {
    List<ImageReference> digests = new ArrayList<>();
    for (String each : entry.annotations().getOrDefault(DIGESTS, "").split(" ")) {
      ImageReference reference = each.isEmpty() ? null : parse(each);
      if (reference != null && reference.digest() != null) {
        digests.add(reference);
      }
    }
    return digests;
  }

  /** A name as it is kept: a digest says all that a tag could. */
  public static ImageReference pinned(ImageReference name) {
    return name.digest() == null || name.tag() == null
        ? name
        : new ImageReference(name.registry(), name.repository(), null, name.digest());
  }

  private static boolean isInRepository(ImageReference one, ImageReference other) {
    return one.registry().equals(other.registry()) && one.repository().equals(other.repository());
  }

  private static Descriptor bare(Descriptor entry) {
    return entry.annotations().isEmpty() ? entry : entry.withAnnotations(Map.of());
  }

  // --- changes

  /**
   * With an image and names of it. Each name is taken from the image of the same platform that had
   * it; images for other platforms keep it.
   */
  StoreIndex with(Descriptor manifest, List<ImageReference> names, List<ImageReference> digests)
      throws IOException {
    Descriptor image = bare(manifest);
    StoreIndex changed = known(image).noted(image.digest(), digests);
    for (ImageReference name : names) {
      List<Descriptor> members = new ArrayList<>();
      for (Descriptor each : changed.named(pinned(name))) {
        if (!replaces(image, each)) {
          members.add(each);
        }
      }
      members.add(image);
      changed = changed.named(pinned(name), members);
    }
    return changed;
  }

  private boolean replaces(Descriptor image, Descriptor other) throws IOException {
    if (image.digest().equals(other.digest())) {
      return true;
    }
    Platform own = platform(image);
    Platform others = known(other, Platform.of("", ""));
    return isUnknown(own) || isUnknown(others) || own.isSame(others);
  }

  /** An image that is broken says nothing, and is replaced. */
  private Platform known(Descriptor manifest, Platform otherwise) throws IOException {
    try {
      return platform(manifest);
    } catch (ContentException broken) {
      return otherwise;
    }
  }

  private StoreIndex known(Descriptor image) {
    return hasEntry(image.digest()) ? this : withEntries(plus(entries, image));
  }

  private boolean hasEntry(Digest manifest) {
    return entries.stream().anyMatch(each -> each.digest().equals(manifest));
  }

  /** Without a name of an image; images for other platforms keep it. */
  StoreIndex without(ImageReference name, Digest image) throws IOException {
    ImageReference kept = pinned(name);
    return named(kept, named(kept).stream().filter(each -> !each.digest().equals(image)).toList());
  }

  /** Without some images, or entries of whatever kind. */
  StoreIndex without(Set<Digest> gone) throws IOException {
    StoreIndex changed = this;
    for (Descriptor entry : entries) {
      ImageReference name = nameOf(entry);
      List<Descriptor> members = entry.mediaType().isIndex() ? readable(entry) : List.of();
      Predicate<Descriptor> stays = each -> !gone.contains(each.digest());
      if (gone.contains(entry.digest())) {
        changed = changed.without(entry, members.stream().filter(stays).toList());
      } else if (!members.stream().allMatch(stays)) {
        List<Descriptor> rest = members.stream().filter(stays).toList();
        changed = name == null ? changed.without(entry, rest) : changed.named(name, rest);
      }
    }
    List<Descriptor> rest =
        changed.entries.stream().filter(each -> !gone.contains(each.digest())).toList();
    return changed.withEntries(rest);
  }

  private StoreIndex without(Descriptor entry, List<Descriptor> kept) {
    List<Descriptor> rest = new ArrayList<>(entries);
    rest.remove(entry);
    StoreIndex changed = withEntries(rest);
    for (Descriptor each : kept) {
      changed = changed.known(each);
    }
    return changed;
  }

  /** Notes digests by which repositories know an image. */
  StoreIndex noted(Digest image, List<ImageReference> digests) {
    List<Descriptor> noted = new ArrayList<>();
    for (Descriptor each : entries) {
      noted.add(each.digest().equals(image) ? noted(each, digests) : each);
    }
    return withEntries(noted);
  }

  private static Descriptor noted(Descriptor entry, Collection<ImageReference> digests) {
    Set<ImageReference> all = new LinkedHashSet<>(repositoryDigests(entry));
    digests.forEach(each -> all.add(pinned(each)));
    return all.isEmpty()
        ? entry
        : entry.withAnnotation(
            DIGESTS, String.join(" ", all.stream().map(ImageReference::toString).toList()));
  }

  /** Makes a name stand for some images, or none; an image that loses it keeps an entry. */
  private StoreIndex named(ImageReference name, List<Descriptor> images) throws IOException {
    List<Descriptor> changed = new ArrayList<>();
    List<Descriptor> had = new ArrayList<>();
    Map<Digest, Descriptor> touched = new LinkedHashMap<>();
    for (Descriptor each : entries) {
      if (name.equals(nameOf(each))) {
        had.add(each);
        for (Descriptor one : readable(each)) {
          touched.putIfAbsent(one.digest(), one);
          changed.add(noted(one, noted(one.digest())));
        }
      } else {
        changed.add(each);
      }
    }
    for (Descriptor each : images) {
      touched.put(each.digest(), each);
      changed.add(noted(each, noted(each.digest())));
    }
    Map<Digest, byte[]> blobs = new HashMap<>(made);
    if (!images.isEmpty()) {
      Descriptor entry = entry(name, images, blobs);
      if (had.equals(List.of(entry))) {
        return this;
      }
      changed.add(entry);
    }
    for (Digest each : touched.keySet()) {
      withoutRepeated(changed, each);
    }
    return new StoreIndex(changed, documents, blobs);
  }

  private static boolean isIn(List<Descriptor> entries, Descriptor image) {
    return entries.stream().anyMatch(each -> isSameImage(each, image));
  }

  /** What the entries of an image say of its digests. */
  private List<ImageReference> noted(Digest image) {
    return entries.stream()
        .filter(each -> each.digest().equals(image))
        .flatMap(each -> repositoryDigests(each).stream())
        .distinct()
        .toList();
  }

  private static boolean isNameless(Descriptor entry) {
    return !entry.annotations().containsKey(ImageNames.REF_NAME)
        && !entry.annotations().containsKey(ImageNames.IMAGE_NAME);
  }

  /** One entry without a name is enough, and none where an image has a name of its own. */
  private static void withoutRepeated(List<Descriptor> all, Digest image) {
    List<Descriptor> own = all.stream().filter(each -> each.digest().equals(image)).toList();
    boolean hasName = own.stream().anyMatch(each -> !isNameless(each));
    List<Descriptor> nameless = own.stream().filter(StoreIndex::isNameless).toList();
    for (Descriptor each :
        nameless.subList(hasName || nameless.isEmpty() ? 0 : 1, nameless.size())) {
      all.remove(all.lastIndexOf(each));
    }
  }

  /** The entry of a name: a manifest's own, or an index's that is made of several. */
  private Descriptor entry(ImageReference name, List<Descriptor> images, Map<Digest, byte[]> blobs)
      throws IOException {
    if (images.size() == 1) {
      Descriptor only = images.get(0);
      return noted(ImageNames.named(only, name), noted(only.digest()));
    }
    List<Descriptor> members = new ArrayList<>();
    for (Descriptor each : images) {
      members.add(each.withPlatform(platform(each)));
    }
    members.sort(Comparator.comparing((Descriptor each) -> String.valueOf(each.platform())));
    byte[] index = Index.of(members).toBytes();
    Descriptor entry = Descriptor.of(MediaType.OCI_INDEX, index);
    blobs.put(entry.digest(), index);
    Descriptor named = ImageNames.named(entry, name);
    return name.digest() == null ? named : noted(named, List.of(name));
  }

  private StoreIndex withEntries(List<Descriptor> changed) {
    return new StoreIndex(changed, documents, made);
  }

  private static List<Descriptor> plus(List<Descriptor> all, Descriptor one) {
    List<Descriptor> more = new ArrayList<>(all);
    more.add(one);
    return more;
  }
}
