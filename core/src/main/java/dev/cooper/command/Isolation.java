package dev.cooper.command;

/**
 * What stands between a command and the host that it runs on; buildah's {@code --isolation}.
 *
 * <p>It is chosen, never guessed: where the host cannot give what is asked for, the first command
 * fails with what is missing. All give the same images: the same steps have the same layers,
 * whatever they were isolated by. One thing differs where the layers had to be copied: of a file
 * with several names each is a file of its own there, and so it is in what is squashed or copied
 * out of such a container.
 */
public enum Isolation {
  /**
   * Mount, pid, network, ipc and uts namespaces of its own, on an overlay mount; the default.
   *
   * <p>Needs root with CAP_SYS_ADMIN, or a user namespace: as an ordinary user subordinate ids, and
   * Linux 5.11. Where the store's file system cannot hold an overlay's changes (overlayfs, NFS) the
   * tree is copied, with a notice.
   */
  NAMESPACES,

  /**
   * Another root directory and less rights, and nothing else: for a default, unprivileged
   * container, a pod, where there are neither namespaces nor mounts.
   *
   * <p>Needs root with CAP_SYS_CHROOT and what Docker and Kubernetes give by default. The layers
   * are copied into one tree for each container (as reflinks where the file system can). /proc and
   * /sys are empty; the network, the host name and the process ids are the host's; bind and cache
   * mounts and a network of its own are errors. A secret's file lies on the disk while the command
   * runs.
   *
   * <p>The filter of system calls is loaded where this JVM has CAP_SYS_ADMIN, or the command takes
   * no_new_privs; elsewhere the container around it has one of its own. Limits of memory and the
   * like, a read-only root and masked paths are errors.
   *
   * <p>It is made to keep builds from getting in each other's way, and is no wall against a hostile
   * one: a command that runs as root is root beside this JVM. It cannot leave its root directory by
   * chroot, make devices or trace or read this JVM, as it lacks the capabilities for it, but it can
   * send signals, and reach what listens on the network or in a socket without a path. Run what you
   * do not trust in a container of its own, or with {@link #NAMESPACES}.
   */
  CHROOT,

  /**
   * What an OCI runtime, runc or crun, gives by a bundle that is made for it in memory: for those
   * who trust an engine that they know. {@link dev.cooper.CooperBuilder#engine} names it.
   *
   * <p>The tree, its mounts and the store are as with {@link #NAMESPACES}, and need the same; the
   * engine makes the container's namespaces, takes its rights and loads the filter of system calls,
   * by the same rules. A command takes some tens of milliseconds more. Limits ({@link Resources})
   * are set around the engine, and count it in. How a command ended is told by its status alone:
   * 137 for one that was killed. What the engine itself says is an error with its words.
   */
  OCI,

  /**
   * No command runs: {@code run}, {@code exec} and {@code start} fail, and so does whatever needs a
   * mounted root.
   *
   * <p>Needs nothing: no process is cloned, nothing is mounted or unpacked. Images are begun from,
   * copied into, committed, saved, pulled and pushed as everywhere; owners are kept as the images
   * say.
   */
  NONE
}
