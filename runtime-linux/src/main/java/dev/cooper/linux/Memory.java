package dev.cooper.linux;

import com.kenai.jffi.MemoryIO;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A region of native memory that grows by chunks and is freed as a whole; an address in it never
 * moves.
 *
 * <p>Not thread-safe. It must not be closed while a program that uses it runs.
 */
final class Memory implements AutoCloseable {
  static final MemoryIO IO = NativeLibrary.memory();

  /** How many pieces are allocated now: what the JVM's own native memory tracking does not see. */
  private static final AtomicLong LIVE = new AtomicLong();

  private final List<Long> chunks = new ArrayList<>();
  private final List<Long> oversized = new ArrayList<>();
  private final int chunkSize;
  private int used;
  private long next;
  private long end;
  private long taken;

  Memory(int chunkSize) {
    this.chunkSize = chunkSize;
  }

  /** Room for so many bytes, zeroed, at a multiple of eight. */
  long zeroed(long bytes) {
    long at = allocate(bytes);
    IO.setMemory(at, bytes, (byte) 0);
    return at;
  }

  /** Room for so many bytes, with whatever is in them, at a multiple of eight. */
  long allocate(long bytes) {
    long rounded = (bytes + 7) & ~7L;
    taken += rounded;
    if (rounded > chunkSize) {
      oversized.add(malloc(rounded));
      return oversized.get(oversized.size() - 1);
    }
    if (end - next < rounded) {
      if (used == chunks.size()) {
        chunks.add(malloc(chunkSize));
      }
      next = chunks.get(used++);
      end = next + chunkSize;
    }
    long at = next;
    next += rounded;
    return at;
  }

  /** How many bytes were taken since the last reset. */
  long taken() {
    return taken;
  }

  static long malloc(long size) {
    long at = IO.allocateMemory(size, false);
    if (at == 0) {
      throw new OutOfMemoryError("native memory: " + size + " bytes");
    }
    LIVE.incrementAndGet();
    return at;
  }

  static void free(long at) {
    IO.freeMemory(at);
    LIVE.decrementAndGet();
  }

  /** How many pieces of memory are allocated and not freed, in this JVM. */
  static long live() {
    return LIVE.get();
  }

  /** Takes everything back, keeping the chunks of the common size for what comes. */
  void reset() {
    oversized.forEach(Memory::free);
    oversized.clear();
    used = 0;
    taken = 0;
    next = 0;
    end = 0;
  }

  /**
   * A string as the kernel takes it, ended by a NUL.
   *
   * @throws OperationException if it holds a NUL itself: the kernel would take the part before that
   *     for the whole, such as another file's name
   */
  long string(ByteString value) {
    if (value.latin1().indexOf('\0') >= 0) {
      throw new OperationException(
          "cannot give the kernel the string "
              + value
              + ": it holds a NUL, and would be cut there");
    }
    int length = value.length();
    long at = allocate(length + 1L);
    IO.putByteArray(at, value.toBytes(), 0, length);
    IO.putByte(at + length, (byte) 0);
    return at;
  }

  long string(String value) {
    return string(ByteString.utf8(value));
  }

  long bytes(byte[] value) {
    long at = allocate(value.length);
    IO.putByteArray(at, value, 0, value.length);
    return at;
  }

  /** An array of pointers to strings, ended by a null pointer, as execve takes it. */
  long strings(List<ByteString> values) {
    long at = allocate(8L * (values.size() + 1));
    for (int i = 0; i < values.size(); i++) {
      IO.putLong(at + 8L * i, string(values.get(i)));
    }
    IO.putLong(at + 8L * values.size(), 0);
    return at;
  }

  @Override
  public void close() {
    reset();
    chunks.forEach(Memory::free);
    chunks.clear();
  }
}
