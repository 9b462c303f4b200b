package dev.cooper.spi;

import dev.cooper.oci.layer.EntrySink;

/**
 * A tree that takes entries; what was written counts only after {@link #finish}. Not thread-safe.
 */
public interface TreeOutput extends EntrySink, AutoCloseable {
  /** Writes what is still held back, and the directories' times. */
  void finish();

  /** Lets go of the tree, finished or not. */
  @Override
  void close();
}
