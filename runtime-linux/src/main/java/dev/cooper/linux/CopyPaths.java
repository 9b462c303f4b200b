package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a copied tree and what belongs to it lie; {@link CopiedTree} has the drawing.
 *
 * @param directory the working container's
 */
record CopyPaths(Path directory) {
  private Path changes() {
    return directory.resolve("changes");
  }

  Path tree() {
    return changes().resolve("tree");
  }

  Path snapshot() {
    return changes().resolve("snapshot");
  }

  Path newSnapshot() {
    return changes().resolve("snapshot.new");
  }

  Path restored() {
    return changes().resolve("restored");
  }

  Path aside() {
    return changes().resolve("aside");
  }

  Path clock() {
    return changes().resolve("clock");
  }

  Path sealing() {
    return changes().resolve("sealing");
  }

  Path merged() {
    return directory.resolve("merged");
  }

  /** Makes the directories; an overlay's changes are not to be lost. */
  void prepare() throws IOException {
    if (Files.exists(changes().resolve("upper"))) {
      throw new OperationException(
          "the working container in "
              + directory
              + " was begun on an overlay, which cannot be mounted here: open it with isolation namespaces, or begin again");
    }
    // Below it lies "lower", which hides files in memory while a process has them.
    for (Path each : List.of(aside(), merged(), directory.resolve("lower"))) {
      Files.createDirectories(each);
    }
  }

  /** Removes a tree that was not copied to its end. */
  void removeTree(Lane lane) {
    remove(lane, "tree");
  }

  /** An empty directory for the next layer, its content to be laid in what is returned. */
  Path newSealed(Lane lane) throws IOException {
    remove(lane, "sealing");
    return Files.createDirectories(sealing().resolve("upper"));
  }

  private void remove(Lane lane, String name) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(changes()));
      program.call(changes(), Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      lane.run(program);
      int fd = (int) program.result(0);
      try {
        TreeRemover.remove(lane, fd, ByteString.utf8(name));
      } finally {
        TreeRemover.close(lane, fd);
      }
    }
  }
}
