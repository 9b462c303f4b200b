package dev.cooper.oci.layer;

/** What a tar entry makes: the file types of POSIX, and a further name for a file made before. */
public enum EntryType {
  /** A regular file, the only type with content. */
  FILE,
  /** A further name of an earlier file of the same layer. */
  HARDLINK,
  /** A symbolic link. */
  SYMLINK,
  /** A character device. */
  CHAR_DEVICE,
  /** A block device. */
  BLOCK_DEVICE,
  /** A directory. */
  DIRECTORY,
  /** A named pipe. */
  FIFO
}
