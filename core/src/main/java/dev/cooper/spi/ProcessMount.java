package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import java.nio.file.Path;

/** Something mounted while a process runs, never part of what is committed. */
public sealed interface ProcessMount {
  /**
   * Where it appears.
   *
   * @return an absolute path inside
   */
  String target();

  /**
   * A file or directory of the host.
   *
   * @param source on the host
   * @param target an absolute path inside
   * @param readOnly whether writing to it fails
   */
  record Bind(Path source, String target, boolean readOnly) implements ProcessMount {}

  /**
   * An empty directory in memory.
   *
   * @param target an absolute path inside
   * @param size the most bytes it holds, or 0 for the kernel's default of half the memory
   * @param mode its mode
   */
  record Tmpfs(String target, long size, int mode) implements ProcessMount {}

  /**
   * A file whose content never touches a disk.
   *
   * @param target an absolute path inside
   * @param content what it holds
   * @param uid its owner
   * @param gid its group
   * @param mode its mode
   */
  record Memory(String target, ByteString content, long uid, long gid, int mode)
      implements ProcessMount {
    /** Without the content, which may be a secret. */
    @Override
    public String toString() {
      return "Memory[target=" + target + "]";
    }
  }
}
