package dev.cooper.linux;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The end of a keeper, to be waited for. Thread-safe.
 *
 * <p>A guard that somebody has stopped (SIGSTOP) would never see that its keeper is dead, and is
 * continued.
 */
final class KeeperEnd {
  private static final long LOOK_AGAIN_MILLIS = 200;

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile long guard;

  /** Below which process the keeper lives, as this JVM's /proc counts it. */
  void guardedBy(long pid) {
    guard = pid;
  }

  /** It has ended. */
  void come() {
    ended.countDown();
  }

  /** Waits until it has ended, interrupted or not. */
  void await() {
    boolean interrupted = false;
    boolean over = false;
    while (!over) {
      try {
        over = ended.await(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        if (!over && guard > 0 && ProcessTree.isStopped(guard)) {
          Trampoline.here(Sys.KILL, guard, Linux.SIGCONT);
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
