package dev.cooper.oci.registry;

import java.net.http.HttpClient;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * One of the Java runtime's HTTP clients, and the thread of its own that it waits for sockets with.
 *
 * <p>Before Java 21 a client can't be closed: its thread ends some seconds after a garbage
 * collection has found that nobody holds the client, and a JVM that is to exit waits 0.3 s for a
 * thread that waits in a system call. But in every version an interrupt ends that thread, which is
 * found by the group of threads that it is born into. Thread-safe.
 */
final class EndableClient {
  private static final long END_SECONDS = 1;
  private static final ThreadGroup GROUP = new ThreadGroup(root(), "cooper-registry");

  private final HttpClient client;
  private final Set<Thread> threads;

  private EndableClient(HttpClient client, Set<Thread> threads) {
    this.client = client;
    this.threads = threads;
  }

  /** Not that of whoever is first: it would be kept for as long as this class. */
  private static ThreadGroup root() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }

  /** Builds a client. One at a time, so that it is known whose a new thread is. */
  static synchronized EndableClient of(HttpClient.Builder builder) {
    Set<Thread> before = threads();
    FutureTask<HttpClient> building = new FutureTask<>(builder::build);
    Thread thread = new Thread(GROUP, building, "cooper-registry-builder", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null); // else the client's own thread would keep the caller's
    thread.start();
    HttpClient client = built(building);
    Set<Thread> born = threads();
    born.removeAll(before);
    born.remove(thread);
    return new EndableClient(client, born);
  }

  /**
   * Waits without end, as a build does not take long, and a half-made client could not be ended.
   */
  private static HttpClient built(FutureTask<HttpClient> building) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return building.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof RuntimeException failure) {
            throw failure;
          }
          throw new IllegalStateException("no HTTP client can be made", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Set<Thread> threads() {
    Thread[] found = new Thread[GROUP.activeCount() + 16];
    while (true) {
      int count = GROUP.enumerate(found, false);
      if (count < found.length) {
        return new HashSet<>(Arrays.asList(found).subList(0, count));
      }
      found = new Thread[2 * found.length];
    }
  }

  HttpClient client() {
    return client;
  }

  /** Ends its thread, and with it whatever connection is open. */
  void end() {
    threads.forEach(Thread::interrupt);
    try {
      for (Thread thread : threads) {
        TimeUnit.SECONDS.timedJoin(thread, END_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // they end all the same
    }
  }
}
