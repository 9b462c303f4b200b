package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.spi.HostNames;
import java.io.IOException;
import java.nio.file.Path;

/** A file or directory of the host, opened for reading by its bytes. */
record HostPath(Path path, ByteString bytes) {
  static HostPath of(Path path) {
    return new HostPath(path, bytes(path.toAbsolutePath()));
  }

  /** Its own bytes, as {@link HostNames} finds them. */
  static ByteString bytes(Path path) {
    return HostNames.bytes(path);
  }

  /** Reads it, following the link that it may be, and none below. */
  void read(TreeReader reader) throws IOException {
    int directory = open(bytes, Linux.O_DIRECTORY);
    if (directory >= 0) {
      try {
        reader.readDirectory(directory, true);
      } finally {
        TreeRemover.close(Task.HERE, directory);
      }
      return;
    }
    if (-directory != Linux.ENOTDIR) {
      throw new HostReading(path).failure(-directory);
    }
    readFile(reader);
  }

  private void readFile(TreeReader reader) throws IOException {
    // Its own parent and name, once no link is left: the last component is then opened without
    // following.
    Path real = path.toRealPath();
    ByteString whole = bytes(real);
    int parent =
        open(
            LayerPath.parent(whole).isEmpty() ? ByteString.utf8("/") : LayerPath.parent(whole),
            Linux.O_DIRECTORY);
    if (parent < 0) {
      throw new OperationException(
          "cannot open the directory of " + path + ": " + SystemCallException.reason(-parent));
    }
    try {
      reader.readFile(parent, LayerPath.name(whole));
    } finally {
      TreeRemover.close(Task.HERE, parent);
    }
  }

  private static int open(ByteString name, int flags) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      program.tolerate(
          name,
          Sys.OPENAT,
          AT_FDCWD,
          program.memory.string(name),
          Linux.O_RDONLY | Linux.O_CLOEXEC | flags);
      Task.HERE.run(program);
      return (int) program.result(0);
    }
  }
}
