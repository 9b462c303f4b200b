package dev.cooper.linux;

/** Reads what statx(2) wrote: struct statx, the same on every architecture. */
final class Stat {
  static final int SIZE = 256;
  static final int BASIC = 0x7ff;
  static final int BIRTH = 0x800;

  private Stat() {}

  static int nlink(long at) {
    return Memory.IO.getInt(at + 16);
  }

  static long uid(long at) {
    return Memory.IO.getInt(at + 20) & 0xffffffffL;
  }

  static long gid(long at) {
    return Memory.IO.getInt(at + 24) & 0xffffffffL;
  }

  static int mode(long at) {
    return Memory.IO.getShort(at + 28) & 0xffff;
  }

  static int format(long at) {
    return mode(at) & Linux.S_IFMT;
  }

  static long inode(long at) {
    return Memory.IO.getLong(at + 32);
  }

  static long size(long at) {
    return Memory.IO.getLong(at + 40);
  }

  /** What it takes of the disk, in bytes. */
  static long allocated(long at) {
    return Memory.IO.getLong(at + 48) * 512;
  }

  static long ctimeSeconds(long at) {
    return Memory.IO.getLong(at + 96);
  }

  static int ctimeNanos(long at) {
    return Memory.IO.getInt(at + 104);
  }

  static long ctimeMillis(long at) {
    return Memory.IO.getLong(at + 96) * 1000 + Memory.IO.getInt(at + 104) / 1_000_000;
  }

  /** When the inode was made, in nanoseconds; 0 where the file system does not know. */
  static long birth(long at) {
    return (Memory.IO.getInt(at) & BIRTH) == 0
        ? 0
        : Memory.IO.getLong(at + 80) * 1_000_000_000L + Memory.IO.getInt(at + 88);
  }

  /** How much of the disk it takes. */
  static long diskBytes(long at) {
    return Memory.IO.getLong(at + 48) * 512;
  }

  /** Forgets when it was read last. */
  static void clearAtime(long at) {
    Memory.IO.setMemory(at + 64, 16, (byte) 0);
  }

  static long mtimeSeconds(long at) {
    return Memory.IO.getLong(at + 112);
  }

  static int mtimeNanos(long at) {
    return Memory.IO.getInt(at + 120);
  }

  static int deviceMajor(long at) {
    return Memory.IO.getInt(at + 128);
  }

  static int deviceMinor(long at) {
    return Memory.IO.getInt(at + 132);
  }

  static int diskMajor(long at) {
    return Memory.IO.getInt(at + 136);
  }

  static int diskMinor(long at) {
    return Memory.IO.getInt(at + 140);
  }

  /** The file system's device number, of which inode numbers are unique. */
  static long fileSystem(long at) {
    return Memory.IO.getLong(at + 136);
  }

  /** Whether it is the overlay's whiteout: a character device 0:0. */
  static boolean isWhiteout(long at) {
    return format(at) == Linux.S_IFCHR && deviceMajor(at) == 0 && deviceMinor(at) == 0;
  }
}
