package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Opens paths in a root that is held open, never outside it and following no link.
 *
 * @param task whose rights it is done with
 * @param root a descriptor of the root
 */
record RootPaths(Task task, int root) {
  private static final long NO_LINKS = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
  private static final int MOST_LINKS = 40;

  /**
   * Opens a path; a negative errno where there is nothing, a link on the way, or a path that is not
   * canonical, which the kernel could still resolve.
   */
  int tryOpen(ByteString path, int flags) {
    if (!LayerPath.isCanonical(path)) {
      return -Linux.ENOENT;
    }
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long how = TreePaths.how(program.memory, flags | O_CLOEXEC, NO_LINKS);
      ByteString name = path.isEmpty() ? ByteString.utf8(".") : path;
      program.tolerate(path, Sys.OPENAT2, root, program.memory.string(name), how, 24);
      task.run(program);
      int errno = program.errno(0);
      boolean other =
          errno == Linux.ENOENT
              || errno == Linux.ENOTDIR
              || errno == Linux.ELOOP
              || errno == Linux.EACCES; // a device's node, where it was a file
      if (errno != 0 && !other) {
        throw program.failure(0);
      }
      return (int) program.result(0);
    }
  }

  /** A directory, to be closed. */
  int openDirectory(ByteString path) {
    int fd = tryOpen(path, Linux.O_RDONLY | Linux.O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0) {
      throw new SystemCallException("openat2", path.isEmpty() ? "/" : path.toString(), -fd);
    }
    return fd;
  }

  /** What lies at a path, or null. */
  @Nullable TarEntry entry(ByteString path) {
    int fd = tryOpen(path, O_PATH | O_NOFOLLOW);
    if (fd < 0) {
      return null;
    }
    try {
      return StatEntries.of(task, fd, path);
    } finally {
      TreeRemover.close(task, fd);
    }
  }

  /** Follows the links on a path inside the root, whether or not what they lead to exists. */
  ByteString canonical(String path) {
    return canonical(path, this::entry);
  }

  /** Follows the links on a path inside a root, of which it is told what lies where. */
  static ByteString canonical(String path, Function<ByteString, @Nullable TarEntry> entries) {
    Deque<ByteString> ahead = new ArrayDeque<>(parts(ByteString.utf8(path)));
    ByteString done = ByteString.EMPTY;
    int links = 0;
    while (!ahead.isEmpty()) {
      ByteString name = ahead.pop();
      if (name.latin1().equals("..")) {
        done = LayerPath.parent(done);
        continue;
      }
      ByteString next = LayerPath.join(done, name);
      TarEntry entry = entries.apply(next);
      if (entry == null || entry.type() != EntryType.SYMLINK) {
        done = next;
        continue;
      }
      if (++links > MOST_LINKS) {
        throw new OperationException(
            "cannot mount on " + path + ": more than " + MOST_LINKS + " links lead on from it");
      }
      if (entry.link().latin1().startsWith("/")) {
        done = ByteString.EMPTY;
      }
      List<ByteString> inserted = parts(entry.link());
      for (int i = inserted.size() - 1; i >= 0; i--) {
        ahead.push(inserted.get(i));
      }
    }
    return done;
  }

  private static List<ByteString> parts(ByteString path) {
    List<ByteString> parts = new ArrayList<>();
    for (String part : path.latin1().split("/", -1)) {
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(new ByteString(part));
      }
    }
    return parts;
  }
}
