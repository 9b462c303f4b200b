package dev.cooper.io;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Closing, in a thread that was interrupted too: what it leaves half done, nobody would come back
 * to.
 */
public final class Uninterrupted {
  private Uninterrupted() {}

  /**
   * Does it to its end. A thread that is interrupted can neither wait for a lock nor use a file's
   * channel, so another one does it for that; the flag is kept.
   */
  public static void run(Runnable closing) {
    if (!Thread.currentThread().isInterrupted()) {
      closing.run();
      return;
    }
    FutureTask<?> task = new FutureTask<>(closing, true);
    Thread thread = new Thread(null, task, "cooper-close", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    thread.start();
    try {
      while (!isOver(task)) {}
    } finally {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isOver(FutureTask<?> task) {
    try {
      task.get();
      return true;
    } catch (InterruptedException e) {
      return false; // the flag was set, or is set again
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      if (e.getCause() instanceof RuntimeException thrown) {
        throw thrown;
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
