package dev.cooper.store;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import java.util.List;

/**
 * An image of the store, as it was when it was looked up.
 *
 * @param descriptor its manifest's, without annotations
 * @param manifest its manifest, with as many layers as the config has diffIDs
 * @param config its config
 * @param names what it was looked up, pulled, committed or tagged by; all its names if by its id
 */
public record StoredImage(
    Descriptor descriptor, Manifest manifest, ImageConfig config, List<ImageReference> names) {
  /**
   * Copies the names.
   *
   * @param descriptor its manifest's, without annotations
   * @param manifest its manifest, with as many layers as the config has diffIDs
   * @param config its config
   * @param names what it was looked up, pulled, committed or tagged by; all its names if by its id
   */
  public StoredImage {
    names = List.copyOf(names);
  }

  /** What Docker calls its image id: the config's digest. */
  public Digest id() {
    return manifest.config().digest();
  }

  /** What it is called in messages: its first name, or its short id. */
  public String label() {
    return names.isEmpty() ? id().hex().substring(0, 12) : names.get(0).familiar();
  }
}
