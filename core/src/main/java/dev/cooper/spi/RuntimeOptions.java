package dev.cooper.spi;

import dev.cooper.command.Isolation;

/**
 * What a runtime is opened with.
 *
 * @param isolation what stands between a command and the host
 * @param engine the OCI runtime for {@link Isolation#OCI}: a name in the JVM's PATH, or a path;
 *     empty for the first that is there
 * @param singleId whether one id owns every file, and who else owns it in its image is noted beside
 */
public record RuntimeOptions(Isolation isolation, String engine, boolean singleId) {
  /** Namespaces. */
  public static final RuntimeOptions DEFAULT = new RuntimeOptions(Isolation.NAMESPACES, "", false);

  /**
   * The same with another isolation.
   *
   * @param other what stands between a command and the host
   * @return a copy
   */
  public RuntimeOptions withIsolation(Isolation other) {
    return new RuntimeOptions(other, engine, singleId);
  }
}
