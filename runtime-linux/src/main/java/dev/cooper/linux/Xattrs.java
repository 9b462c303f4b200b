package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.FileCapability;

/** Which extended attributes are the overlay's own or ours, and never an image's. */
final class Xattrs {
  static final String TRUSTED_OPAQUE = "trusted.overlay.opaque";
  static final String USER_OPAQUE = "user.overlay.opaque";

  private Xattrs() {}

  static boolean isReserved(ByteString name) {
    return name.latin1().startsWith("trusted.overlay.")
        || name.latin1().startsWith("user.overlay.")
        || name.equals(NotedOwner.NAME);
  }

  /** What a copy of a file keeps. */
  static boolean isKept(ByteString name) {
    return isAnImages(name) || name.equals(NotedOwner.NAME);
  }

  static String opaque(boolean rootless) {
    return rootless ? USER_OPAQUE : TRUSTED_OPAQUE;
  }

  /** What the kernel gives a directory that was copied up. */
  static String origin(boolean rootless) {
    return rootless ? "user.overlay.origin" : "trusted.overlay.origin";
  }

  static boolean isOpaque(ByteString name) {
    return name.latin1().equals(TRUSTED_OPAQUE) || name.latin1().equals(USER_OPAQUE);
  }

  /**
   * Whether an image may hold it: not what labels the host's files (SELinux), nor what only the
   * host's root could set again.
   */
  static boolean isAnImages(ByteString name) {
    String text = name.latin1();
    return name.equals(FileCapability.NAME) || text.startsWith("user.") && !isReserved(name);
  }
}
