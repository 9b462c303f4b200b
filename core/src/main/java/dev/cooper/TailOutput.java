package dev.cooper;

import java.nio.charset.StandardCharsets;

/** Keeps the end of what is written. Not thread-safe. */
final class TailOutput {
  private final byte[] ring;
  private long written;

  TailOutput(int size) {
    ring = new byte[size];
  }

  void write(byte[] source, int offset, int length) {
    int from = Math.max(0, length - ring.length);
    written += from;
    for (int i = from; i < length; i++) {
      ring[(int) (written++ % ring.length)] = source[offset + i];
    }
  }

  String text() {
    if (written <= ring.length) {
      return new String(ring, 0, (int) written, StandardCharsets.UTF_8);
    }
    byte[] straight = new byte[ring.length];
    int begin = (int) (written % ring.length);
    System.arraycopy(ring, begin, straight, 0, ring.length - begin);
    System.arraycopy(ring, 0, straight, ring.length - begin, begin);
    return new String(straight, StandardCharsets.UTF_8);
  }
}
