package dev.cooper.spi;

/**
 * How much of the machine a process may use, with all that it starts.
 *
 * @param memory bytes, or 0 for no limit
 * @param swap bytes beside the memory, or -1 for no limit
 * @param cpus processors, or 0 for no limit
 * @param pids processes and threads, or 0 for no limit
 * @param ioWeight 1 to 10000, or 0 for the usual share
 * @param readBps bytes a second from the disk of the root, or 0 for no limit
 * @param writeBps bytes a second to the disk of the root, or 0 for no limit
 */
public record ProcessResources(
    long memory, long swap, double cpus, long pids, int ioWeight, long readBps, long writeBps) {
  /** No limits. */
  public static final ProcessResources UNLIMITED = new ProcessResources(0, -1, 0, 0, 0, 0, 0);

  /**
   * Whether nothing is limited.
   *
   * @return true if all are without limit
   */
  public boolean isUnlimited() {
    return memory == 0
        && swap < 0
        && cpus == 0
        && pids == 0
        && ioWeight == 0
        && readBps == 0
        && writeBps == 0;
  }
}
