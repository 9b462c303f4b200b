package dev.cooper.oci.registry;

import java.util.Locale;

/**
 * Another place that has a registry's images, asked before it.
 *
 * <p>Source: {@code [[registry.mirror]]} of containers-registries.conf(5). Immutable.
 *
 * @param location host, port and namespace, put in the place of the rule's prefix
 * @param insecure true if plain HTTP, or TLS that nobody can verify, is allowed there
 * @param use which references it is asked for
 */
public record RegistryMirror(String location, boolean insecure, Use use) {
  /** Which references a mirror is asked for: {@code pull-from-mirror}. */
  public enum Use {
    /** Each. */
    ALL,
    /** Those with a digest: any place that has it gives the same. */
    DIGEST_ONLY,
    /** Those without a digest. */
    TAG_ONLY;

    /** The word that registries.conf has for it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean allows(boolean digested) {
      return this == ALL || (this == DIGEST_ONLY) == digested;
    }
  }

  /**
   * Checks the location.
   *
   * @param location host, port and namespace
   * @param insecure true if plain HTTP is allowed there
   * @param use which references it is asked for
   * @throws dev.cooper.oci.ContentException if it is no location
   */
  public RegistryMirror {
    location = RegistryRule.location(location, "mirror's location");
  }

  /**
   * A mirror for each reference, by TLS alone.
   *
   * @param location host, port and namespace
   * @return the mirror
   * @throws dev.cooper.oci.ContentException if it is no location
   */
  public static RegistryMirror of(String location) {
    return new RegistryMirror(location, false, Use.ALL);
  }

  /**
   * A copy that may be spoken to by plain HTTP, or not.
   *
   * @param insecure true if it may
   * @return the copy
   */
  public RegistryMirror withInsecure(boolean insecure) {
    return new RegistryMirror(location, insecure, use);
  }

  /**
   * A copy for other references.
   *
   * @param use which
   * @return the copy
   */
  public RegistryMirror withUse(Use use) {
    return new RegistryMirror(location, insecure, use);
  }
}
