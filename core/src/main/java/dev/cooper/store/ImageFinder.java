package dev.cooper.store;

import dev.cooper.error.ImageNotFoundException;
import dev.cooper.io.Io;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds images of a store by name or id, and says which there are instead. Thread-safe. */
public final class ImageFinder {
  private final Store store;

  public ImageFinder(Store store) {
    this.store = store;
  }

  public Store store() {
    return store;
  }

  /**
   * Finds an image.
   *
   * @param platform of a name, null for this machine's
   * @throws ImageNotFoundException if there is none
   */
  public StoredImage image(String nameOrId, @Nullable Platform platform) {
    return Io.run("cannot read the store", () -> store.find(nameOrId, platform))
        .orElseThrow(
            () -> notFound(nameOrId, platform, "pull or load one, or begin from a file", null));
  }

  public List<StoredImage> images() {
    return Io.run("cannot read the store", store::list);
  }

  public ImageNotFoundException notFound(
      String name, @Nullable Platform platform, String remedy, @Nullable Throwable cause) {
    String others = otherPlatforms(name, platform);
    if (others != null) {
      return new ImageNotFoundException(others + "; " + remedy, cause);
    }
    return new ImageNotFoundException(
        "no image is called \""
            + name
            + "\" in the store "
            + store.directory()
            + ": it holds "
            + names()
            + "; "
            + remedy,
        cause);
  }

  /** Says for which other platforms the store has an image of a name; null if for none. */
  public @Nullable String otherPlatforms(String name, @Nullable Platform wanted) {
    ImageReference reference = StoreIndex.parse(name);
    List<Platform> there =
        reference == null
            ? List.of()
            : Io.run("cannot read the store", () -> store.images().platforms(reference));
    return reference == null || there.isEmpty()
        ? null
        : String.format(
            Locale.ROOT,
            "image %s is in the store %s for %s, and not for %s: ask for the one that is there with"
                + " image(\"%s\", Platform.parse(\"%s\")), or from(...) or pull(...) with its"
                + " platform",
            reference.familiar(),
            store.directory(),
            String.join(", ", there.stream().map(Platform::toString).toList()),
            wanted == null ? Platform.current() : wanted,
            reference.familiar(),
            there.get(0));
  }

  private String names() {
    List<String> names = new ArrayList<>();
    images().forEach(image -> image.names().forEach(name -> names.add(name.familiar())));
    return names.isEmpty()
        ? "no named image"
        : String.join(", ", names.stream().distinct().toList());
  }
}
