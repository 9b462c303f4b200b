package dev.cooper.oci.compress;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One piece of a stream on its way: the bytes before it as a dictionary, its own, and what they
 * were packed to.
 *
 * <p>Filled and written by the stream's thread, packed by a worker; handed over through a task, so
 * there is no locking here.
 */
final class DeflateBlock {
  static final int SIZE = 512 * 1024;
  private static final int WINDOW = 32 * 1024;

  /** What is looked at by itself, whether it is to be deflated or stored. */
  private static final int SEGMENT = 16 * 1024;

  private static final int MAX_STORED = 0xffff;
  private static final byte[] ZEROS = new byte[WINDOW + SIZE];

  private final Entropy entropy = new Entropy();
  private final byte[] input = new byte[WINDOW + SIZE];
  private final BitOutput output = new BitOutput(SIZE / 2);
  private int dictionary;
  private int length;

  /** Starts anew, after a full block. */
  void begin(DeflateBlock before) {
    int end = WINDOW + before.length;
    System.arraycopy(before.input, end - WINDOW, input, 0, WINDOW);
    dictionary = WINDOW;
    length = 0;
  }

  boolean isFull() {
    return length == SIZE;
  }

  /** Takes as much as fits. */
  int add(byte[] source, int offset, int count) {
    int n = Math.min(count, SIZE - length);
    System.arraycopy(source, offset, input, WINDOW + length, n);
    length += n;
    return n;
  }

  /**
   * Packs it to whole bytes, in runs of segments that deflate can shrink and of those it can't.
   *
   * @param packer does the first kind
   * @param last whether the stream ends with it
   * @param zeros what a whole block of zeros after zeros was packed to, once one was: a file's hole
   *     has thousands of them
   * @return this
   */
  DeflateBlock deflate(RunPacker packer, boolean last, AtomicReference<byte @Nullable []> zeros) {
    output.reset();
    boolean zero = !last && isZero();
    byte @Nullable [] known = zero ? zeros.get() : null;
    if (known != null) {
      output.addBytes(known, 0, known.length);
      return this;
    }
    pack(packer, last);
    if (zero) {
      zeros.set(Arrays.copyOf(output.bytes(), output.size()));
    }
    return this;
  }

  private boolean isZero() {
    return length == SIZE
        && dictionary == WINDOW
        && input[WINDOW] == 0
        && input[WINDOW + SIZE - 1] == 0
        && Arrays.equals(input, ZEROS);
  }

  private void pack(RunPacker packer, boolean last) {
    int end = WINDOW + length;
    packer.begin(input, WINDOW - dictionary);
    packer.pass(WINDOW - dictionary, WINDOW);
    for (int start = WINDOW; start < end; ) {
      boolean packed = isPacked(start);
      int next = runEnd(start, packed);
      if (packed) {
        store(start, next);
        packer.pass(start, next);
      } else {
        packer.encode(start, next, output);
      }
      start = next;
    }
    if (last) {
      output.storedHeader(true, 0);
    }
  }

  private int runEnd(int start, boolean packed) {
    int end = WINDOW + length;
    int next = Math.min(end, start + SEGMENT);
    while (next < end && isPacked(next) == packed) {
      next = Math.min(end, next + SEGMENT);
    }
    return next;
  }

  private boolean isPacked(int start) {
    int window = Math.max(start - WINDOW, WINDOW - dictionary);
    return WINDOW + length - start >= SEGMENT && entropy.isPacked(input, window, start, SEGMENT);
  }

  private void store(int start, int end) {
    for (int at = start; at < end; at += MAX_STORED) {
      int n = Math.min(MAX_STORED, end - at);
      output.storedHeader(false, n);
      output.addBytes(input, at, n);
    }
  }

  void writeTo(OutputStream out) throws IOException {
    out.write(output.bytes(), 0, output.size());
  }
}
