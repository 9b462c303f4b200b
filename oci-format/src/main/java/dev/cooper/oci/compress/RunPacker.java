package dev.cooper.oci.compress;

/** Deflates the runs of one block, in order. */
interface RunPacker {
  /** Starts a block: indexes that follow are of this array, and what is before its window isn't. */
  void begin(byte[] input, int windowStart);

  /** Notes bytes that are sent otherwise, but may be referred to. */
  void pass(int start, int end);

  /** Deflates bytes to whole bytes, of blocks that are not the last. */
  void encode(int start, int end, BitOutput out);

  /** Gives back what is not the heap's; a block may begin again afterwards. */
  void release();
}
