package dev.cooper.tree;

import dev.cooper.oci.OperationException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the entries of one image may take of the heap at once: half of it.
 *
 * <p>Contents stream, but names and attributes are held; a small archive can have millions of them,
 * and who runs out of memory takes the whole JVM with it. Thread-safe: layers are read in parallel.
 */
public final class HeapBudget {
  /** What a directory takes until its times are set. */
  static final int DIRECTORY = 256;

  /** What an entry takes as a part of a tree, without its names. */
  static final int NODE = 400;

  private final long limit;
  private final AtomicLong taken = new AtomicLong();

  public HeapBudget() {
    this(Runtime.getRuntime().maxMemory() / 2);
  }

  public HeapBudget(long limit) {
    this.limit = limit;
  }

  /**
   * Takes some bytes.
   *
   * @throws OperationException if there are not as many
   */
  void take(long bytes) {
    if (taken.addAndGet(bytes) > limit) {
      throw new OperationException(
          "the names and attributes of the image's entries take over "
              + limit
              + " bytes, half of this JVM's heap: if it is to be trusted, give the JVM more, with -Xmx");
    }
  }
}
