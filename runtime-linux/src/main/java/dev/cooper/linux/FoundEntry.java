package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import org.jspecify.annotations.Nullable;

/**
 * An entry that was found but not read: what statx said, and where its content or target will lie.
 */
final class FoundEntry {
  final ByteString name;
  final TarEntry entry;
  final @Nullable Inode inode;

  /** Whether it is read only if something in it is. */
  boolean untaken;

  /** Whether it was gone when it was to be read. */
  boolean vanished;

  /** Whether it may have some. */
  boolean holes;

  long ctimeSeconds;

  /** The row that reads it, or -1; and where that puts it. */
  int row = -1;

  long at;

  /** What a file with several names is known by. */
  record Inode(long fileSystem, long number) {}

  /** An entry, with its inode if that may have other names. */
  FoundEntry(ByteString name, TarEntry entry, @Nullable Inode inode) {
    this.name = name;
    this.entry = entry;
    this.inode = inode;
  }

  /** A whiteout for a name in a directory. */
  static FoundEntry gone(ByteString directory, ByteString name, long seconds) {
    TarEntry whiteout = TarEntry.whiteout(LayerPath.join(directory, name)).withMtime(seconds, 0);
    return new FoundEntry(name, whiteout, null);
  }

  /** An entry as another name of a file that was read before. */
  static TarEntry hardlink(TarEntry entry, ByteString first) {
    return TarEntry.hardlink(entry.path(), first)
        .withMode(entry.mode())
        .withOwner(entry.uid(), entry.gid())
        .withMtime(entry.mtimeSeconds(), 0);
  }
}
