package dev.cooper.progress;

import dev.cooper.event.BuildEvent;
import dev.cooper.event.BuildListener;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells the listener of one Cooper what happens: one event at a time, in order, and apart from the
 * thread it happens in, which a listener that blocks must not hold for ever.
 *
 * <p>That thread waits until the event was told; but once its {@link Patience} is over, it is
 * interrupted or the Cooper is closed, half a second at most, and not at all after another has
 * waited in vain. The event then is told when the listener comes back. Thread-safe.
 */
public final class EventChannel {
  private static final long GRACE_NANOS = 500_000_000L;

  /** How often who waits looks at its patience: a cancellation wakes nobody here. */
  private static final long LOOK_AGAIN_NANOS = 50_000_000L;

  /** Of a listener that never comes back no more is kept. */
  private static final int MOST = 1000;

  private static final int IDLE_SECONDS = 5;
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Executor THREADS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          EventChannel::daemon);

  private final BuildListener listener;
  private final Deque<Told> waiting = new ArrayDeque<>();
  private final BooleanSupplier closed;

  /** Whether some thread is in the listener, or about to be. */
  private boolean busy;

  /** Whether it was waited for in vain since an event was last told. */
  private boolean stuck;

  private volatile @Nullable Thread teller;

  /** An event on its way. */
  private static final class Told {
    final BuildEvent event;
    final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();
    boolean done;
    @Nullable RuntimeException thrown;
    @Nullable Error error;

    Told(BuildEvent event) {
      this.event = event;
    }

    /** In a thread of ours; the listener finds the classes that the teller's thread would find. */
    void tell(BuildListener to) {
      Thread.currentThread().setContextClassLoader(loader);
      try {
        to.on(event);
      } catch (RuntimeException e) {
        thrown = e;
      } catch (Error e) {
        error = e;
      } finally {
        Thread.currentThread().setContextClassLoader(null);
      }
    }

    void check() {
      if (thrown != null) {
        throw thrown;
      }
      if (error != null) {
        throw error;
      }
    }
  }

  /**
   * A channel to a listener.
   *
   * @param closed whether everybody has to come to an end
   */
  public EventChannel(BuildListener listener, BooleanSupplier closed) {
    this.listener = listener;
    this.closed = closed;
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(null, work, "cooper-events-" + COUNT.incrementAndGet(), 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null); // else it would keep the first caller's alive
    return thread;
  }

  /** Tells what happens on the way, of which nothing depends on whether it was heard. */
  public void tell(BuildEvent event) {
    tell(event, Patience.NONE);
  }

  /** Tells an event, and waits for that with patience; throws what the listener throws. */
  public void tell(BuildEvent event, Patience patience) {
    if (isTold(event)) {
      return;
    }
    Told told = new Told(event);
    boolean idle;
    synchronized (this) {
      if (waiting.size() >= MOST) {
        return;
      }
      waiting.add(told);
      idle = !busy;
      busy = true;
    }
    if (idle) {
      THREADS.execute(this::tellAll);
    }
    await(told, patience);
  }

  /**
   * Tells an event in this thread, which may be held by the listener for ever.
   *
   * @param wanted asked when it is this event's turn: whether it still is to be told
   */
  public void tellHere(BuildEvent event, BooleanSupplier wanted) {
    if (isTold(event)) {
      return;
    }
    if (!awaitTurn(wanted)) {
      return;
    }
    teller = Thread.currentThread();
    try {
      if (wanted.getAsBoolean()) {
        listener.on(event);
      }
    } finally {
      teller = null;
      endTurn();
    }
  }

  /** Nobody listens, or the listener itself made it happen: it would wait for itself. */
  private boolean isTold(BuildEvent event) {
    if (listener == BuildListener.NONE) {
      return true;
    }
    boolean own = teller == Thread.currentThread();
    if (own) {
      listener.on(event);
    }
    return own;
  }

  /** Returns false where it is waited for in vain: nobody may be held by a listener for ever. */
  private synchronized boolean awaitTurn(BooleanSupplier wanted) {
    boolean interrupted = false;
    while (busy && wanted.getAsBoolean() && !closed.getAsBoolean()) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, LOOK_AGAIN_NANOS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    boolean free = !busy;
    busy = true;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return free;
  }

  private void endTurn() {
    boolean more;
    synchronized (this) {
      stuck = false;
      more = !waiting.isEmpty();
      busy = more;
      notifyAll();
    }
    if (more) {
      THREADS.execute(this::tellAll);
    }
  }

  private void tellAll() {
    Told told = next();
    while (told != null) {
      teller = Thread.currentThread();
      told.tell(listener);
      teller = null;
      synchronized (this) {
        told.done = true;
        stuck = false;
        notifyAll();
      }
      told = next();
    }
  }

  private synchronized @Nullable Told next() {
    Told told = waiting.poll();
    busy = told != null;
    if (!busy) {
      notifyAll();
    }
    return told;
  }

  private void await(Told told, Patience patience) {
    boolean interrupted = false;
    long end = Long.MAX_VALUE;
    synchronized (this) {
      while (!told.done && (end == Long.MAX_VALUE || System.nanoTime() - end < 0)) {
        if (end == Long.MAX_VALUE && (interrupted || closed.getAsBoolean() || patience.isOver())) {
          end = System.nanoTime() + (stuck ? 0 : GRACE_NANOS);
          continue;
        }
        try {
          TimeUnit.NANOSECONDS.timedWait(this, LOOK_AGAIN_NANOS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      stuck = !told.done;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    told.check();
  }
}
