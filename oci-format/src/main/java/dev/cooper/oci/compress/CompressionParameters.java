package dev.cooper.oci.compress;

/**
 * How hard to compress, and with how many threads.
 *
 * <p>The bytes depend on the level alone, never on the threads.
 *
 * @param level 1 to 9 for gzip, 1 to 22 for zstd; 0 for the format's default
 * @param threads how many blocks may be worked on at a time; 0 for as many as there are processors
 */
public record CompressionParameters(int level, int threads) {
  /** Default level, all processors. */
  public static final CompressionParameters DEFAULT = new CompressionParameters(0, 0);

  private static final int MAX_LEVEL = 22;

  /**
   * Checks the ranges.
   *
   * @param level 1 to 9 for gzip, 1 to 22 for zstd; 0 for the format's default
   * @param threads how many blocks may be worked on at a time; 0 for as many as there are
   *     processors
   * @throws IllegalArgumentException if a value is out of every format's range
   */
  public CompressionParameters {
    if (level < 0 || level > MAX_LEVEL || threads < 0) {
      throw new IllegalArgumentException(
          "compression level " + level + " with " + threads + " threads");
    }
  }

  int levelOr(int standard) {
    return level == 0 ? standard : level;
  }

  int threadsOrAll() {
    return threads == 0 ? Workers.processors() : threads;
  }
}
