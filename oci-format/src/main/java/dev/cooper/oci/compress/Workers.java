package dev.cooper.oci.compress;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that all streams share: daemons, which end a few seconds after their last work. */
final class Workers {
  private static final int IDLE_SECONDS = 2;

  /** As many as there are processors, for work that computes and never waits for other work. */
  static final Executor COMPUTE = compute();

  /** As many as are asked for, for work that reads a stream and so may wait. */
  static final Executor READ =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          daemons("cooper-read-"));

  private Workers() {}

  static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  private static Executor compute() {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            processors(),
            processors(),
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            daemons("cooper-compute-"));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private static ThreadFactory daemons(String prefix) {
    AtomicInteger count = new AtomicInteger();
    return work -> {
      Thread thread = new Thread(null, work, prefix + count.incrementAndGet(), 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null); // else it would keep the first caller's alive
      return thread;
    };
  }
}
