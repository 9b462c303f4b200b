package dev.cooper.command;

/**
 * How much of the machine a command may use, together with all that it starts; immutable. Docker's
 * options, under their names.
 *
 * <p>A limit is a control group's (cgroups(7)). Where this JVM can make none the command fails with
 * what was found and what to do; where nothing is limited no control group is touched.
 *
 * @param memory bytes, or 0 for no limit
 * @param swap bytes beside the memory, or -1 for no limit
 * @param cpus processors, or 0 for no limit
 * @param pids processes and threads, or 0 for no limit
 * @param ioWeight its share of the disk, 1 to 10000, or 0 for the usual one
 * @param readBps bytes a second read from the store's disk, or 0 for no limit
 * @param writeBps bytes a second written to the store's disk, or 0 for no limit
 */
public record Resources(
    long memory, long swap, double cpus, long pids, int ioWeight, long readBps, long writeBps) {
  /** No limits. */
  public static final Resources UNLIMITED = new Resources(0, -1, 0, 0, 0, 0, 0);

  private static final int MOST_WEIGHT = 10_000;

  /** As Docker: with less not even a shell starts. */
  private static final long LEAST_MEMORY = 6 << 20;

  /**
   * Checks that they are limits.
   *
   * @param memory bytes, or 0 for no limit
   * @param swap bytes beside the memory, or -1 for no limit
   * @param cpus processors, or 0 for no limit
   * @param pids processes and threads, or 0 for no limit
   * @param ioWeight its share of the disk, 1 to 10000, or 0 for the usual one
   * @param readBps bytes a second read from the store's disk, or 0 for no limit
   * @param writeBps bytes a second written to the store's disk, or 0 for no limit
   * @throws IllegalArgumentException if one is below its range, or swap is limited and memory is
   *     not
   */
  public Resources {
    if (memory > 0 && memory < LEAST_MEMORY) {
      throw new IllegalArgumentException(
          "invalid memory "
              + memory
              + ": expected bytes, 6291456 (6 MiB) or more, or 0 for no limit; 512 MiB are 512L << 20");
    }
    boolean inRange =
        memory >= 0
            && swap >= -1
            && cpus >= 0
            && cpus <= Short.MAX_VALUE
            && pids >= 0
            && ioWeight >= 0
            && ioWeight <= MOST_WEIGHT
            && readBps >= 0
            && writeBps >= 0;
    if (!inRange || swap >= 0 && memory == 0) {
      throw new IllegalArgumentException(
          "these are no limits: memory "
              + memory
              + ", swap "
              + swap
              + ", cpus "
              + cpus
              + ", pids "
              + pids
              + ", ioWeight "
              + ioWeight
              + ", readBps "
              + readBps
              + ", writeBps "
              + writeBps
              + ": none is negative, a weight is at most 10000, and swap is limited with the memory only");
    }
  }

  /**
   * How much memory; {@code --memory}.
   *
   * @param bytes beyond which a process of it is killed; 0 for no limit
   * @return these limits with that
   */
  public Resources memory(long bytes) {
    return new Resources(bytes, swap, cpus, pids, ioWeight, readBps, writeBps);
  }

  /**
   * How much swap beside the memory; docker's {@code --memory-swap} is both together.
   *
   * @param bytes 0 for none; -1 for no limit
   * @return these limits with that
   */
  public Resources swap(long bytes) {
    return new Resources(memory, bytes, cpus, pids, ioWeight, readBps, writeBps);
  }

  /**
   * How many processors' time; {@code --cpus}.
   *
   * @param processors such as 1.5; 0 for no limit
   * @return these limits with that
   */
  public Resources cpus(double processors) {
    return new Resources(memory, swap, processors, pids, ioWeight, readBps, writeBps);
  }

  /**
   * How many processes and threads; {@code --pids-limit}.
   *
   * @param most beyond which none can be started; 0 for no limit
   * @return these limits with that
   */
  public Resources pids(long most) {
    return new Resources(memory, swap, cpus, most, ioWeight, readBps, writeBps);
  }

  /**
   * Which share of the disk where others want it too; docker's {@code --blkio-weight}, on the scale
   * of control groups' second version.
   *
   * @param weight 1 to 10000, others have 100; 0 for the usual one
   * @return these limits with that
   */
  public Resources ioWeight(int weight) {
    return new Resources(memory, swap, cpus, pids, weight, readBps, writeBps);
  }

  /**
   * How fast it reads from the disk that the store is on; {@code --device-read-bps}.
   *
   * @param bytes a second; 0 for no limit
   * @return these limits with that
   */
  public Resources readBps(long bytes) {
    return new Resources(memory, swap, cpus, pids, ioWeight, bytes, writeBps);
  }

  /**
   * How fast it writes to the disk that the store is on; {@code --device-write-bps}.
   *
   * @param bytes a second; 0 for no limit
   * @return these limits with that
   */
  public Resources writeBps(long bytes) {
    return new Resources(memory, swap, cpus, pids, ioWeight, readBps, bytes);
  }

  /**
   * Whether nothing is limited.
   *
   * @return true if all are without limit
   */
  public boolean isUnlimited() {
    return equals(UNLIMITED);
  }
}
