package dev.cooper.oci.compress;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bits, the least significant ones first (RFC 1951, 3.1.1), into an array that grows. */
final class BitOutput {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes;
  private int size;
  private long pending;
  private int pendingCount;

  BitOutput(int capacity) {
    bytes = new byte[capacity];
  }

  void reset() {
    size = 0;
    pending = 0;
    pendingCount = 0;
  }

  /** Makes room for this many bytes and what is pending. */
  void reserve(int count) {
    if (bytes.length - size < count + 2 * Long.BYTES) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + count + 2 * Long.BYTES));
    }
  }

  /**
   * Adds bits; there has to be room.
   *
   * @param bits no others may be set than those that count
   * @param count at most 48
   */
  void add(long bits, int count) {
    pending |= bits << pendingCount;
    pendingCount += count;
    if (pendingCount >= 16) {
      LONGS.set(bytes, size, pending);
      size += pendingCount >>> 3;
      pending >>>= pendingCount & ~7;
      pendingCount &= 7;
    }
  }

  /** Adds a stored block's header, which ends at a byte (RFC 1951, 3.2.4). */
  void storedHeader(boolean last, int length) {
    reserve(8);
    add(last ? 1 : 0, 3);
    align();
    add(length, 16);
    add(~length & 0xffff, 16);
    align();
  }

  private void align() {
    add(0, -pendingCount & 7);
    while (pendingCount > 0) {
      bytes[size++] = (byte) pending;
      pending >>>= 8;
      pendingCount -= 8;
    }
  }

  /** Adds whole bytes; what is there has to end at a byte. */
  void addBytes(byte[] source, int offset, int length) {
    reserve(length);
    System.arraycopy(source, offset, bytes, size, length);
    size += length;
  }

  /** Counts whole bytes that were put into {@link #bytes} directly. */
  void advance(int count) {
    size += count;
  }

  byte[] bytes() {
    return bytes;
  }

  int size() {
    return size;
  }
}
