package dev.cooper.oci.registry;

/** Tells a listener how one transfer gets on: in steps worth showing, and of one end. */
final class Progress {
  private static final long STEP = 512 * 1024;

  private final TransferListener listener;
  private final Transfer transfer;
  private long told;
  private boolean ended;

  Progress(TransferListener listener, Transfer transfer) {
    this.listener = listener;
    this.transfer = transfer;
    listener.on(new TransferEvent.Started(transfer));
  }

  synchronized void progressed(long done) {
    long distance = Math.abs(done - told);
    if (!ended && (distance >= STEP || (distance > 0 && done == transfer.blob().size()))) {
      told = done;
      listener.on(new TransferEvent.Progressed(transfer, done));
    }
  }

  synchronized void retried(String why) {
    if (!ended) {
      listener.on(new TransferEvent.Retried(transfer, why));
    }
  }

  synchronized void ended(Transfer.Outcome outcome) {
    if (!ended) {
      ended = true;
      listener.on(new TransferEvent.Ended(transfer, outcome));
    }
  }
}
