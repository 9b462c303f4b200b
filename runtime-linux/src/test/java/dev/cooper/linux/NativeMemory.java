package dev.cooper.linux;

/** What the runtime has allocated outside of the heap, told to tests of other packages. */
public final class NativeMemory {
  private NativeMemory() {}

  /**
   * Counts the pieces of native memory that the runtime has allocated and not freed.
   *
   * @return how many
   */
  public static long live() {
    return Memory.live();
  }
}
