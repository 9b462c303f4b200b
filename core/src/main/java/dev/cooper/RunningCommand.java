package dev.cooper;

import dev.cooper.command.Network;
import dev.cooper.command.StartOptions;
import dev.cooper.container.OutputPipe;
import dev.cooper.container.StartedCommand;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.NotReadyException;
import dev.cooper.io.Futures;
import dev.cooper.oci.OperationException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A command that runs while the caller does something else. Thread-safe.
 *
 * <p>What it writes goes to the listener, and the last of it is kept: nobody has to read anything.
 * Who wants to read the outputs itself starts the command with {@link StartOptions#streams}, and
 * then has to read both. Closing cancels it.
 */
public final class RunningCommand implements AutoCloseable {
  private static final long LOOK_AGAIN_NANOS = 20_000_000L;

  private final StartedCommand started;

  RunningCommand(StartedCommand started) {
    this.started = started;
  }

  // --- its outputs

  /**
   * Its standard output, as it comes; the command waits while 64 KiB lie there unread.
   *
   * @return ends when the command does; closing it drops what still comes
   * @throws IllegalStateException if it was not started with {@link StartOptions#streams}
   */
  public InputStream stdout() {
    return stream(false);
  }

  /**
   * Its standard error, as it comes; the command waits while 64 KiB lie there unread.
   *
   * @return ends when the command does; closing it drops what still comes
   * @throws IllegalStateException if it was not started with {@link StartOptions#streams}
   */
  public InputStream stderr() {
    return stream(true);
  }

  private InputStream stream(boolean error) {
    OutputPipe pipe = started.pipe(error);
    if (pipe == null) {
      throw new IllegalStateException(
          "cannot read the output of \""
              + started.command()
              + "\" as a stream: it goes to the listener: start it with start(command, o -> o.streams()), or use tail()");
    }
    return pipe;
  }

  /**
   * The end of what it has written so far to both its outputs, in UTF-8.
   *
   * @return at most 64 Ki characters
   */
  public String tail() {
    return started.tail().text();
  }

  // --- waiting

  /**
   * Which port of the host leads to one of its own.
   *
   * <p>Connections to it are accepted from the start, also while nothing listens inside: they then
   * are reset, or wait. {@link #awaitPort} tells when the command listens.
   *
   * @param containerPort as {@link Network#publish} took it
   * @return the port at 127.0.0.1 of the host
   * @throws IllegalArgumentException if that was not published
   */
  public int port(int containerPort) {
    return started
        .network()
        .hostPort(containerPort)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "port "
                        + containerPort
                        + " is not published: use network(Network.PRIVATE.publish(0, "
                        + containerPort
                        + "))"));
  }

  /**
   * Waits until the command, or a process that it started, listens on a TCP port, by the kernel's
   * own list of its network: nothing is connected to.
   *
   * <p>In the host's network only sockets that the command's own processes hold open count.
   *
   * @param containerPort the port that it listens on, at any address
   * @param most how long to wait
   * @return the port that leads there at 127.0.0.1 of the host: the published one, or the same one
   *     in the host's network; where neither is, the same one, inside
   * @throws CommandFailedException if the command ends before it listens
   * @throws NotReadyException if it does not listen in time; the command still runs then
   * @throws OperationException if this thread is interrupted
   */
  public int awaitPort(int containerPort, Duration most) {
    Objects.requireNonNull(most, "most");
    if (containerPort < 1 || containerPort > 65535) {
      throw new IllegalArgumentException(
          "invalid port " + containerPort + ": expected 1 to 65535, where the command listens");
    }
    String wanted = "listened on port " + containerPort;
    long began = System.nanoTime();
    while (!started.isListening(containerPort)) {
      if (most.minusNanos(System.nanoTime() - began).isNegative()) {
        throw late(wanted, most, "");
      }
      if (isOver(LOOK_AGAIN_NANOS, wanted)) {
        throw ended(wanted);
      }
    }
    return started.network().hostPort(containerPort).orElse(containerPort);
  }

  /**
   * Waits until what the command writes, to either output, matches a pattern.
   *
   * <p>The text may have been written before, as long as {@link #tail} has it. With {@link
   * StartOptions#streams} somebody has to read the streams meanwhile.
   *
   * <p>The pattern is matched in the calling thread, and the command does not wait for it. The time
   * counts for the match too: a pattern that backtracks without end, as {@code (a+)+b} may, ends
   * with it, with an interrupt or with {@link #cancel}. While the command writes much faster than
   * the pattern matches, over a million characters ahead, some of its output is not looked at.
   *
   * @param pattern found anywhere in the text; use {@link Pattern#MULTILINE} for {@code ^} and
   *     {@code $}
   * @param most how long to wait
   * @return the first match, with its groups
   * @throws CommandFailedException if the command ends before
   * @throws NotReadyException if nothing matches in time; the command still runs then
   * @throws OperationException if this thread is interrupted, or if the pattern recurses too deeply
   *     for its stack
   */
  public MatchResult awaitOutput(Pattern pattern, Duration most) {
    Objects.requireNonNull(pattern, "pattern");
    Objects.requireNonNull(most, "most");
    String wanted = "written what matches \"" + pattern + "\"";
    try {
      Optional<MatchResult> found = started.search(pattern).await(nanos(most));
      return found.orElseThrow(() -> ended(wanted));
    } catch (TimeoutException e) {
      throw late(wanted, most, e.getMessage() == null ? "" : " (" + e.getMessage() + ")");
    } catch (InterruptedException e) {
      throw interrupted("until it has " + wanted);
    }
  }

  private static long nanos(Duration most) {
    if (most.isNegative()) {
      return 0;
    }
    return most.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0 ? Long.MAX_VALUE : most.toNanos();
  }

  private boolean isOver(long nanos, String wanted) {
    return isDone(started.end().exceptionally(e -> -1), nanos, wanted);
  }

  private boolean isDone(Future<?> future, long nanos, String wanted) {
    try {
      future.get(nanos, TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true; // whoever asks for the result gets it thrown
    } catch (InterruptedException e) {
      throw interrupted("until it has " + wanted);
    }
  }

  private OperationException interrupted(String what) {
    Thread.currentThread().interrupt();
    return new OperationException(
        "the wait for \""
            + started.command()
            + "\" in container "
            + started.container()
            + " "
            + what
            + " was interrupted; the command still runs: close it to end it");
  }

  private NotReadyException late(String wanted, Duration most, String why) {
    return new NotReadyException(
        "\""
            + started.command()
            + "\" in container "
            + started.container()
            + " has not "
            + wanted
            + " within "
            + most
            + why,
        tail());
  }

  private RuntimeException ended(String wanted) {
    int status = end();
    return new CommandFailedException(
        started.command().toString(),
        started.container(),
        "ended with exit status " + status + " before it had " + wanted,
        status,
        tail());
  }

  /**
   * Waits for its end.
   *
   * <p>That does not depend on anybody who takes its output, unless it was started with {@link
   * StartOptions#streams}: then both streams have to be read or closed, as those of a {@link
   * Process}.
   *
   * @return its exit status; 128 and the signal's number if a signal ended it
   * @throws CommandFailedException if it was cancelled, or its time was up
   * @throws OperationException if it could not be started, or this thread is interrupted while the
   *     command still runs
   */
  public int await() {
    try {
      started.end().get();
    } catch (InterruptedException e) {
      throw interrupted("to end");
    } catch (ExecutionException e) {
      return end(); // throws
    }
    return end();
  }

  private int end() {
    return Futures.result(started.end());
  }

  /**
   * Whether it is over.
   *
   * @return true once {@link #await} would not wait
   */
  public boolean isDone() {
    return started.end().isDone();
  }

  /** Whether it still runs. */
  @Override
  public String toString() {
    return "RunningCommand[" + (isDone() ? "ended" : "running") + "]";
  }

  /**
   * Kills it with all that it started; what it wrote and nobody has taken half a second later is
   * dropped.
   */
  public void cancel() {
    started.cancel();
  }

  /**
   * Cancels it, if it still runs, and waits until it is gone: two seconds at most, whatever a
   * listener or reader does, beyond what the kernel needs to end its processes.
   */
  @Override
  public void close() {
    started.stop();
  }
}
