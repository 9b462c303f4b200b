package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import java.nio.file.Path;
import java.util.List;

/**
 * Whiteouts as files of a layer's tree, named as in its tar: for trees that only we read, where the
 * overlay's own cannot be made (overlayfs takes no device 0:0, a container's root no trusted
 * attribute).
 *
 * <p>An overlay would show them as files: a tree that has some has one at its top that says so, and
 * is never mounted. No image's file is named so, as a name that begins with {@code .wh.} hides
 * another.
 */
final class FileMarks {
  /** What is called so is none of an image's: aufs kept it for itself. */
  private static final ByteString SIGN = ByteString.utf8(".wh..wh.cooper");

  private static final String PREFIX = ".wh.";
  private static final String OWN = ".wh..wh.";
  private static final String OPAQUE = ".wh..wh..opq";
  private static final int FLAGS =
      Linux.O_CREAT | Linux.O_WRONLY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;

  private final TreeBatches batches;
  private final TreePaths paths;
  private boolean signed;

  FileMarks(TreeBatches batches, TreePaths paths) {
    this.batches = batches;
    this.paths = paths;
  }

  /** Adds the rows that make a mark, in the directory that a slot holds open. */
  void make(ByteString path, long parent) {
    if (!signed) {
      signed = true;
      make(SIGN, SIGN, paths.root());
    }
    make(path, LayerPath.name(path), parent);
  }

  private void make(ByteString path, ByteString name, long parent) {
    TreeBatch batch = batches.current();
    int open = batch.add(path, Sys.OPENAT, 0, batch.memory().string(name), FLAGS, 0600);
    int close = batch.add(path, Sys.CLOSE, 0);
    batch.program().from(open, 0, parent).resultOf(close, 0, open);
  }

  static boolean isOne(ByteString name) {
    return name.latin1().startsWith(PREFIX);
  }

  static boolean isOpaque(ByteString name) {
    return name.latin1().equals(OPAQUE);
  }

  /** The name that a mark hides; empty for one that hides none. */
  static ByteString hidden(ByteString name) {
    return name.latin1().startsWith(OWN)
        ? ByteString.EMPTY
        : new ByteString(name.latin1().substring(PREFIX.length()));
  }

  /** Whether any of some layers' trees has marks as files. */
  static boolean areIn(Task task, List<Path> layers) {
    try (SyscallProgram program = new SyscallProgram(Math.max(1, layers.size()), 16384)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      for (Path layer : layers) {
        long path = program.memory.string(LayerPath.join(HostPath.bytes(layer), SIGN));
        program.tolerate(layer, Sys.STATX, Linux.AT_FDCWD, path, 0, Stat.BASIC, stat);
      }
      task.run(program);
      for (int row = 0; row < layers.size(); row++) {
        if (program.errno(row) == 0) {
          return true;
        }
      }
      return false;
    }
  }
}
