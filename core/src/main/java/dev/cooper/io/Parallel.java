package dev.cooper.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs tasks on as many threads as there are processors. */
public final class Parallel {
  private Parallel() {}

  /** Something to do. */
  public interface Task {
    void run() throws IOException;
  }

  /**
   * Runs tasks to their end; if one fails, those that run are interrupted and waited for.
   *
   * @throws IOException the first task's that failed, likewise its unchecked exceptions
   */
  public static void run(List<Task> tasks) throws IOException {
    int threads = Math.min(tasks.size(), Runtime.getRuntime().availableProcessors());
    if (threads <= 1) {
      for (Task task : tasks) {
        task.run();
      }
      return;
    }
    ExecutorService pool = Executors.newFixedThreadPool(threads, Parallel::daemon);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (Task task : tasks) {
        Callable<Boolean> call =
            () -> {
              task.run();
              return true;
            };
        all.add(pool.submit(call));
      }
      await(all);
    } finally {
      pool.shutdownNow();
      awaitEnd(pool);
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(null, work, "cooper-layer", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    return thread;
  }

  private static void await(List<Future<?>> all) throws IOException {
    try {
      for (Future<?> each : all) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw rethrown(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private static IOException rethrown(ExecutionException e) {
    @Nullable Throwable cause = e.getCause();
    if (cause instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof IOException io ? io : new IOException(e);
  }

  /** Tasks hold locks and staged files, which nobody may take for abandoned. */
  private static void awaitEnd(ExecutorService pool) {
    boolean interrupted = false;
    while (!pool.isTerminated()) {
      try {
        pool.awaitTermination(1, java.util.concurrent.TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** A consumer that many threads may call, which calls another from one at a time. */
  public static Consumer<String> oneAtATime(Consumer<String> consumer) {
    Object lock = new Object();
    return text -> {
      synchronized (lock) {
        consumer.accept(text);
      }
    };
  }
}
