package dev.cooper.oci.registry;

import java.util.Locale;

/**
 * What happens to a name without a registry that no alias completes: {@code short-name-mode} of
 * containers-registries.conf(5).
 */
public enum ShortNameMode {
  /**
   * Several search registries are an error, as a person would have to choose, and a library has
   * nobody to ask.
   */
  ENFORCING,
  /** Each search registry is a candidate; on a terminal, others' programs ask here too. */
  PERMISSIVE,
  /** Each search registry is a candidate. */
  DISABLED;

  /** The word that registries.conf has for it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
