package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.FileCapability;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the extended attributes of open files: those that an image may hold, the owner that is kept
 * as one, and whether the overlay calls a directory opaque. Not thread-safe.
 */
final class XattrReader implements AutoCloseable {
  private static final int LIST = 64 << 10;

  private final Task task;
  private final SyscallProgram program = new SyscallProgram(1, 2 * LIST + 4096);
  private final SyscallProgram value = new SyscallProgram(1, LIST + 4096);
  private boolean opaque;

  XattrReader(Task task) {
    this.task = task;
  }

  /** Whether a list of names, each ended by a zero byte, has one that a copy keeps. */
  static boolean anyKept(long at, long length) {
    for (long i = at; i < at + length; ) {
      ByteString name = Directory.string(i);
      if (Xattrs.isKept(name)) {
        return true;
      }
      i += name.length() + 1;
    }
    return false;
  }

  /** Those that a copy of the file keeps. */
  Map<ByteString, ByteString> of(int fd) {
    opaque = false;
    program.reset();
    long list = program.memory.allocate(LIST);
    program.tolerate("attributes", Sys.FLISTXATTR, fd, list, LIST);
    task.run(program);
    long length = program.result(0);
    if (length <= 0) {
      return Map.of();
    }
    Map<ByteString, ByteString> found = new TreeMap<>();
    for (long i = list; i < list + length; ) {
      ByteString name = Directory.string(i);
      i += name.length() + 1;
      if (Xattrs.isKept(name)) {
        found.put(name, value(fd, name));
      }
      opaque |= Xattrs.isOpaque(name) && value(fd, name).latin1().equals("y");
    }
    return found;
  }

  private ByteString value(int fd, ByteString name) {
    value.reset();
    long at = value.memory.allocate(LIST);
    value.tolerate(name, Sys.FGETXATTR, fd, value.memory.string(name), at, LIST);
    task.run(value);
    if (value.errno(0) == Linux.EOVERFLOW && name.equals(FileCapability.NAME)) {
      return ByteString.EMPTY; // of a user namespace that this one knows no id of: no image's
    }
    value.check(0);
    byte[] bytes = new byte[(int) value.result(0)];
    Memory.IO.getByteArray(at, bytes, 0, bytes.length);
    return ByteString.of(bytes);
  }

  /** Whether what was read last is an opaque directory of the overlay. */
  boolean opaque() {
    return opaque;
  }

  @Override
  public void close() {
    program.close();
    value.close();
  }
}
