package dev.cooper.linux;

/** Two programs of a lane: one is composed while the other runs. Not thread-safe. */
final class TreeBatches implements AutoCloseable {
  private static final int ROWS = 1024;

  private final Lane lane;
  private TreeBatch batch;
  private TreeBatch other;

  /** Programs of some bytes of memory each. */
  TreeBatches(Lane lane, int bytes) {
    this.lane = lane;
    batch = new TreeBatch(ROWS, bytes);
    other = new TreeBatch(ROWS, bytes);
  }

  /** The one that is composed; another one after {@link #room}. */
  TreeBatch current() {
    return batch;
  }

  /** Makes room for what belongs into one program. */
  void room(int rows, int bytes) {
    if (!batch.hasRoom(rows, bytes)) {
      turn();
    }
  }

  /** Hands the composed program over, once the one before it is done. */
  private void turn() {
    TreeBatch composed = batch;
    if (other.isSubmitted()) {
      other.finish(lane);
    }
    composed.submit(lane);
    batch = other;
    other = composed;
    batch.reset();
  }

  /** Hands over what is composed and waits for it; the lane is then free for other programs. */
  void settle() {
    turn();
    other.finish(lane);
  }

  @Override
  public void close() {
    batch.close();
    other.close();
  }

  /** Waits for what still runs, whatever became of it; the lane is then free for other programs. */
  void abandon() {
    if (other.isSubmitted()) {
      other.abandon(lane);
    }
  }
}
