package dev.cooper.store;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.ImageNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one rule for names that images are given, by a caller or by an archive: a name may hold a
 * digest only if that is the image's own, and none looks like an id.
 *
 * <p>Otherwise somebody who asks for {@code app@sha256:…}, or for an id, would get whatever was
 * given that name. Docker refuses names of digests' algorithms for the same reason.
 */
public final class GivenNames {
  private static final Pattern ALGORITHM = Pattern.compile("sha(256|384|512)");

  /** Ids as they are shown, which nobody has as a name by chance. */
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12,}");

  /** What may be the start of an id. */
  private static final Pattern START = Pattern.compile("[0-9a-f]{3,}");

  private static final String OFFICIAL = "library/";

  private GivenNames() {}

  /**
   * Reads a name that a caller gives.
   *
   * @throws ContentException if it is malformed, or how an id is written
   */
  public static ImageReference parse(String text) {
    ImageReference name = ImageReference.parse(text);
    if (ALGORITHM.matcher(shortName(name)).matches()) {
      throw new ContentException(
          "invalid image name \"" + text + "\": this is how an id is written; choose a name");
    }
    return name;
  }

  public static List<ImageReference> parse(List<String> texts) {
    return texts.stream().map(GivenNames::parse).toList();
  }

  /** The name of an image without registry and namespace, or nothing if it has one of them. */
  private static String shortName(ImageReference name) {
    boolean official =
        name.registry().equals("docker.io") && name.repository().startsWith(OFFICIAL);
    return official ? name.repository().substring(OFFICIAL.length()) : "";
  }

  /**
   * Refuses a digest that is not the image's.
   *
   * @param digests by which repositories know the image, beside its manifest's
   */
  public static void requireOwn(
      List<ImageReference> names, Digest manifest, List<ImageReference> digests) {
    for (ImageReference each : names) {
      if (each.digest() != null
          && !manifest.equals(each.digest())
          && !digests.contains(StoreIndex.pinned(each))) {
        throw new OperationException(
            "cannot name image "
                + manifest
                + " "
                + each.familiar()
                + ": a name may hold no digest but the image's own; leave it out");
      }
    }
  }

  /**
   * The name that a layout or an archive gives an image, unless it is one that nobody may give.
   *
   * @param isId whether some digits are the start of an image's id in the store
   * @param notices told of a name that is left out
   */
  public static @Nullable ImageReference inArchive(
      Descriptor entry, Predicate<String> isId, Consumer<String> notices) {
    Map<String, String> said = new HashMap<>(entry.annotations());
    said.remove(StoreIndex.DIGESTS); // a stranger's word
    ImageReference name = StoreIndex.nameOf(entry.withAnnotations(said));
    String text = said.getOrDefault(ImageNames.REF_NAME, said.get(ImageNames.IMAGE_NAME));
    if (text == null || name == null && isPlain(text)) {
      return null;
    }
    String problem = name == null ? "it is no name of this image" : problem(name, isId);
    if (problem == null) {
      return name;
    }
    notices.accept(
        "the name \"" + text + "\" of image " + entry.digest() + " is left out: " + problem);
    return null;
  }

  /** A tag or a word, as it is usual in layouts, which names no repository. */
  private static boolean isPlain(String text) {
    return text.indexOf('@') < 0 && StoreIndex.parse(text) != null;
  }

  private static @Nullable String problem(ImageReference name, Predicate<String> isId) {
    String word = shortName(name);
    boolean id =
        ALGORITHM.matcher(word).matches()
            || ID.matcher(word).matches()
            || START.matcher(word).matches() && isId.test(word);
    return id ? "it looks like an image's id" : null;
  }
}
