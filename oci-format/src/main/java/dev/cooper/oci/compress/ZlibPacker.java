package dev.cooper.oci.compress;

import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Deflates with the JDK's zlib, at one of its levels. */
final class ZlibPacker implements RunPacker {
  private static final int WINDOW = 32 * 1024;
  private static final int STEP = 64 * 1024;

  private final int level;
  private @Nullable Deflater deflater;
  private byte[] input = new byte[0];
  private int floor;

  ZlibPacker(int level) {
    this.level = level;
  }

  @Override
  public void begin(byte[] bytes, int windowStart) {
    input = bytes;
    floor = windowStart;
  }

  /** The window is set for every run anyway. */
  @Override
  public void pass(int start, int end) {}

  @Override
  public void encode(int start, int end, BitOutput out) {
    Deflater zlib = deflater == null ? new Deflater(level, true) : deflater;
    deflater = zlib;
    int window = Math.max(floor, start - WINDOW);
    zlib.reset();
    zlib.setDictionary(input, window, start - window);
    zlib.setInput(input, start, end - start);
    for (int n = -1; n != 0; ) {
      out.reserve(STEP);
      n = zlib.deflate(out.bytes(), out.size(), STEP, Deflater.SYNC_FLUSH);
      out.advance(n);
    }
  }

  @Override
  public void release() {
    if (deflater != null) {
      deflater.end();
      deflater = null;
    }
  }
}
