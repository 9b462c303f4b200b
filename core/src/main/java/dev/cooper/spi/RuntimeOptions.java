package dev.cooper.spi;

/**
 * What a runtime is opened with.
 *
 * @param isolation what stands between a command and the host
 */
public record RuntimeOptions(Isolation isolation) {
  /** Namespaces. */
  public static final RuntimeOptions DEFAULT = new RuntimeOptions(Isolation.NAMESPACES);

  /**
   * The same with another isolation.
   *
   * @param other what stands between a command and the host
   * @return a copy
   */
  public RuntimeOptions withIsolation(Isolation other) {
    return new RuntimeOptions(other);
  }

  /** What stands between a command and the host; {@code dev.cooper.Isolation} says what each is. */
  public enum Isolation {
    /** Namespaces of its own, on an overlay mount. */
    NAMESPACES,
    /** Another root directory, on a copied tree, and less rights. */
    CHROOT,
    /** What an OCI runtime gives. */
    OCI,
    /** No command runs, and nothing is mounted or unpacked for one. */
    NONE
  }
}
