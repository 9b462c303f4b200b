package dev.cooper.command;

/**
 * Which ids the users and groups of a container are on this host.
 *
 * <p>It is chosen, never guessed, and a store is of one kind: what was unpacked with the one is not
 * run with the other.
 */
public enum Ids {
  /**
   * Root's own ids, or an ordinary user's subordinate ones (subuid(5)), which newuidmap and
   * newgidmap map: every owner that an image names, as far as they reach. The default.
   */
  MAPPED,

  /**
   * The user's own id alone, as root's in a container: for an ordinary user without subordinate
   * ids, and wherever newuidmap may not be installed.
   *
   * <p>Every file then belongs to that user. Which owner a file has in its image is noted beside
   * it, in an extended attribute, and kept when it is committed; only a symbolic link that a copy
   * makes, or a command changes, becomes root's. Layers that an image has are kept as they are, as
   * always.
   *
   * <p>What needs another id fails: a command as another user is an error that says so, and inside
   * a command chown(2) to anybody but root fails (EINVAL), as does setgroups(2) (EPERM), so that
   * apt-get wants {@code -o APT::Sandbox::User=root}. A command keeps the groups that the user has
   * on the host, which count where it is given the host's files. Podman knows the like as {@code
   * ignore_chown_errors}, which loses the owners.
   */
  SINGLE
}
