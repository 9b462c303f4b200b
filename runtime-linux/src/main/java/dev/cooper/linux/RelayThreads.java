package dev.cooper.linux;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that pass output on: daemons, which end a few seconds after their last work. */
final class RelayThreads {
  private static final int IDLE_SECONDS = 5;
  private static final AtomicInteger COUNT = new AtomicInteger();

  /** As many as are asked for: each may be held by the one who takes the output. */
  static final Executor ALL =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          RelayThreads::daemon);

  private RelayThreads() {}

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(null, work, "cooper-output-" + COUNT.incrementAndGet(), 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null); // else it would keep the first caller's alive
    return thread;
  }
}
