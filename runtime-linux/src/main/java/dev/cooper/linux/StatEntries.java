package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;

/** Tells what statx said of a file as an entry of a layer. */
final class StatEntries {
  private StatEntries() {}

  /** Without extended attributes, and a link without its target. */
  static TarEntry of(ByteString path, long at) {
    int mode = Stat.mode(at) & 07777;
    TarEntry entry =
        switch (Stat.format(at)) {
          case Linux.S_IFDIR -> TarEntry.directory(path, mode);
          case Linux.S_IFLNK ->
              TarEntry.symlink(path, ByteString.utf8("?")).withSize(0).withMode(0777);
          case Linux.S_IFIFO -> TarEntry.fifo(path, mode);
          case Linux.S_IFCHR ->
              TarEntry.device(
                  path, EntryType.CHAR_DEVICE, mode, Stat.deviceMajor(at), Stat.deviceMinor(at));
          case Linux.S_IFBLK ->
              TarEntry.device(
                  path, EntryType.BLOCK_DEVICE, mode, Stat.deviceMajor(at), Stat.deviceMinor(at));
          default -> TarEntry.file(path, mode, Stat.size(at));
        };
    return entry.withOwner(Stat.uid(at), Stat.gid(at)).withMtime(Stat.mtimeSeconds(at), 0);
  }

  /**
   * What an open descriptor of any kind is, with its link's target; without extended attributes.
   */
  static TarEntry of(Task task, int fd, ByteString path) {
    try (SyscallProgram program = new SyscallProgram(2, 8192)) {
      long at = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      long target = program.memory.allocate(4096);
      program.call(path, Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, at);
      program.tolerate(path, Sys.READLINKAT, fd, empty, target, 4096);
      task.run(program);
      TarEntry entry = of(path, at);
      return entry.type() == EntryType.SYMLINK
          ? entry.withLink(bytes(target, (int) program.result(1)))
          : entry;
    }
  }

  static ByteString bytes(long at, int length) {
    byte[] value = new byte[length];
    Memory.IO.getByteArray(at, value, 0, length);
    return ByteString.of(value);
  }
}
