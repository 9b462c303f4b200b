package dev.cooper.maintenance;

import dev.cooper.oci.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What is used by what in a store.
 *
 * @param images its images, the one that was used last first
 * @param parts everything that takes space in it
 * @param total the store's directory as a whole, as {@code du} counts it
 */
public record StoreUsage(List<ImageUsage> images, List<Part> parts, DiskSpace total) {
  /**
   * Copies the lists.
   *
   * @param images its images, the one that was used last first
   * @param parts everything that takes space in it
   * @param total the store's directory as a whole, as {@code du} counts it
   */
  public StoreUsage {
    images = List.copyOf(images);
    parts = List.copyOf(parts);
  }

  /** Kinds of parts. */
  public enum Kind {
    /** A manifest, a config or a layer, as it is in a registry. */
    BLOB,
    /** A layer as it was unpacked, to be mounted. */
    TREE,
    /** A layer's index, or its compressed form: what is made again when it is needed. */
    CACHED_LAYER,
    /** A working container's changes. */
    CONTAINER,
    /** A cache that commands mount. */
    CACHE,
    /** What is being made now. */
    STAGING,
    /** The index, locks, journals, the reserve for a full disk, and the directories themselves. */
    BOOKKEEPING
  }

  /**
   * An image, and what it takes with its layers' unpacked and compressed forms.
   *
   * @param id its config's digest
   * @param digest its manifest's digest
   * @param names what it is called; none for an image known by its id only
   * @param created when it was made, as it says itself; null if it does not
   * @param lastUsed when it was last pulled, loaded, committed or begun from
   * @param shared what it has in common with other images or containers
   * @param unique what only it has
   * @param containers the working containers that began from it
   */
  public record ImageUsage(
      Digest id,
      Digest digest,
      List<String> names,
      @Nullable Instant created,
      Instant lastUsed,
      DiskSpace shared,
      DiskSpace unique,
      List<String> containers) {}

  /**
   * Something that takes space.
   *
   * @param kind what it is
   * @param name its digest, id or name
   * @param space what it takes
   * @param usedBy the images and containers that lead to it; none for what could go
   * @param lastUsed when it was last used or changed, as far as that is known
   */
  public record Part(
      Kind kind, String name, DiskSpace space, List<String> usedBy, Instant lastUsed) {}

  /**
   * What all parts of a kind take.
   *
   * @param kind which parts
   * @return their sum
   */
  public DiskSpace of(Kind kind) {
    return parts.stream()
        .filter(part -> part.kind == kind)
        .map(Part::space)
        .reduce(DiskSpace.NONE, DiskSpace::plus);
  }

  /** A line for each kind and each image, in bytes of the disk. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, "%,15d  total%n", total.onDisk()));
    for (Kind kind : Kind.values()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%,15d  %s%n",
              of(kind).onDisk(),
              kind.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
    }
    for (ImageUsage image : images) {
      text.append(
          String.format(
              Locale.ROOT,
              "%,15d  image %s, and %,d shared%n",
              image.unique.onDisk(),
              image.names.isEmpty()
                  ? image.id.hex().substring(0, 12)
                  : String.join(", ", image.names),
              image.shared.onDisk()));
    }
    return text.toString();
  }
}
