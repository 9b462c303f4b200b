package dev.cooper;

/** Which network a command sees; buildah's {@code --network}. */
public enum Network {
  /** The host's own. */
  HOST,
  /** A loopback device and nothing else; an error with {@link Isolation#CHROOT}. */
  NONE
}
