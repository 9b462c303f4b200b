package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessEnd.Cause;
import dev.cooper.spi.ProcessIo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The loop that moves what comes through a process's pipes until the process is gone and its output
 * is taken.
 *
 * <p>No call of the loop's can be held by anybody: output is taken in another thread, and what the
 * loop waits for is waited for no longer than until the time is up, a cancellation or an interrupt.
 * From then on, whoever takes the output has half a second.
 */
final class ProcessWatch {
  /** How often it looks for itself: a keeper that was killed from outside writes no event. */
  private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;

  /** How often a process is killed until it is gone: it may not have been there yet. */
  private static final long KILL_AGAIN_NANOS = 20_000_000L;

  /** How soon it looks again for an output's end: a child of another lane may still hold it. */
  private static final long CLOSING_NANOS = 1_000_000L;

  private static final long GRACE_NANOS = 500_000_000L;
  private static final Duration LONGEST = Duration.ofDays(10_000);

  private final ProcessIo io;
  private final ProcessPipes pipes;
  private final OutputRelay relay;
  private final long deadline;
  private Cause cause = Cause.EXIT;
  private long graceEnd = Long.MAX_VALUE;

  ProcessWatch(ProcessIo io, ProcessPipes pipes) {
    this.io = io;
    this.pipes = pipes;
    this.relay = new OutputRelay(pipes::wake);
    this.deadline = deadline(io.timeout());
  }

  /** A time beyond what the clock counts is no limit. */
  private static long deadline(@Nullable Duration timeout) {
    return timeout == null || timeout.compareTo(LONGEST) > 0
        ? Long.MAX_VALUE
        : System.nanoTime() + timeout.toNanos();
  }

  /**
   * Moves output until the process is gone; kills it when its time is up, or when cancelled or
   * interrupted.
   *
   * @param gone ends what it may have left, before its output is read to the end
   */
  Cause watch(Lane lane, Runnable kill, Runnable gone) {
    io.cancellation().watch(pipes::wake);
    try {
      untilGone(lane, kill);
      gone.run();
      untilTaken();
      requireInput();
      return cause;
    } catch (IOException e) {
      if (io.cancellation().isCancelled()) {
        kill.run(); // whoever cancelled it has closed its end of the output
        return Cause.CANCELLED;
      }
      throw new UncheckedIOException("the process's output could not be passed on", e);
    } finally {
      relay.giveUp();
      io.cancellation().watch(null);
    }
  }

  private void untilGone(Lane lane, Runnable kill) throws IOException {
    while (!pipes.isDone()) {
      boolean killed = cause != Cause.EXIT || pipes.inputFailure() != null;
      pipes.await(killed ? KILL_AGAIN_NANOS : untilDeadline(), relay.hasRoom());
      pipes.transfer(relay);
      relay.check();
      look(Cause.TIMEOUT);
      if (cause != Cause.EXIT || pipes.inputFailure() != null) {
        kill.run();
      }
      // Throws if the keeper is gone.
      if (lane.isDone() && !pipes.isDone()) {
        pipes.await(0, relay.hasRoom());
        pipes.transfer(relay);
      }
    }
  }

  /** Everyone who could write is gone: what is left is read to its end, and taken. */
  private void untilTaken() throws IOException {
    while (pipes.isOpen() && !isOver()) {
      pipes.await(relay.hasRoom() ? CLOSING_NANOS : untilOver(), relay.hasRoom());
      pipes.transfer(relay);
      relay.check();
      look(Cause.OUTPUT_NOT_TAKEN);
    }
    pipes.flush(relay);
    while (!relay.isIdle() && !isOver()) {
      pipes.await(untilOver(), false);
      look(Cause.OUTPUT_NOT_TAKEN);
    }
    relay.check();
  }

  private boolean isOver() {
    return System.nanoTime() - graceEnd >= 0;
  }

  private long untilOver() {
    return graceEnd == Long.MAX_VALUE ? untilDeadline() : Math.max(0, graceEnd - System.nanoTime());
  }

  private long untilDeadline() {
    return deadline == Long.MAX_VALUE
        ? LOOK_AGAIN_NANOS
        : Math.max(0, Math.min(LOOK_AGAIN_NANOS, deadline - System.nanoTime()));
  }

  /** Notes once why it has to come to an end. */
  private void look(Cause late) {
    if (cause != Cause.EXIT) {
      return;
    }
    if (Thread.currentThread().isInterrupted()) {
      cause = Cause.INTERRUPTED;
    } else if (io.cancellation().isCancelled()) {
      cause = Cause.CANCELLED;
    } else if (deadline != Long.MAX_VALUE && System.nanoTime() - deadline >= 0) {
      cause = late;
    }
    if (cause != Cause.EXIT) {
      graceEnd = System.nanoTime() + GRACE_NANOS;
    }
  }

  /** A command that has read half of its input has not done what it was asked to. */
  private void requireInput() {
    Throwable failure = pipes.inputFailure();
    if (failure != null && cause == Cause.EXIT) {
      throw new OperationException(
          "cannot read the command's input, so it was killed: " + failure, failure);
    }
  }
}
