package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import org.jspecify.annotations.Nullable;

/**
 * How a layout's index names its images: by annotations of their descriptors.
 *
 * <p>Source: OCI image-spec, "Annotations", for {@link #REF_NAME}; containerd for {@link
 * #IMAGE_NAME}.
 */
public final class ImageNames {
  /** A tag or a whole reference: {@code org.opencontainers.image.ref.name}. */
  public static final String REF_NAME = "org.opencontainers.image.ref.name";

  /** A whole reference: {@code io.containerd.image.name}. */
  public static final String IMAGE_NAME = "io.containerd.image.name";

  private ImageNames() {}

  /**
   * A descriptor with both annotations, each a whole reference.
   *
   * @param descriptor of a manifest or an index
   * @param name what it shall be called
   * @return the copy
   */
  public static Descriptor named(Descriptor descriptor, ImageReference name) {
    return descriptor
        .withAnnotation(IMAGE_NAME, name.toString())
        .withAnnotation(REF_NAME, name.toString());
  }

  /**
   * The repository and tag that a descriptor in an index names.
   *
   * @param descriptor of a manifest or an index
   * @return its name without a digest, or null if it has none that tells repository and tag; one
   *     with a digest that is not the descriptor's is none
   */
  public static @Nullable ImageReference of(Descriptor descriptor) {
    for (String annotation : new String[] {IMAGE_NAME, REF_NAME}) {
      String text = descriptor.annotations().get(annotation);
      // A lone word could be a tag as well as a repository.
      if (text != null && text.indexOf(':', text.lastIndexOf('/') + 1) > 0) {
        ImageReference reference = parse(text);
        String tag = reference == null ? null : reference.tag();
        if (reference != null && tag != null && isOwn(reference, descriptor)) {
          return reference.withTag(tag);
        }
      }
    }
    return null;
  }

  private static boolean isOwn(ImageReference name, Descriptor descriptor) {
    return name.digest() == null || name.digest().equals(descriptor.digest());
  }

  /** Any text is allowed as a name in a layout; what is no reference names no repository. */
  static @Nullable ImageReference parse(String text) {
    try {
      return ImageReference.parse(text);
    } catch (ContentException notOne) {
      return null;
    }
  }
}
