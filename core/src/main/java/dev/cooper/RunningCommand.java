package dev.cooper;

import dev.cooper.spi.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.ToIntFunction;

/**
 * A command that runs while the caller does something else. Thread-safe.
 *
 * <p>Its outputs have to be read, or it waits once 64 KiB of one lie there. Closing cancels it.
 */
public final class RunningCommand implements AutoCloseable {
  private static final int BUFFER = 64 << 10;

  private final PipedInputStream out = new PipedInputStream(BUFFER);
  private final PipedInputStream err = new PipedInputStream(BUFFER);
  private final Cancellation cancellation = new Cancellation();
  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private final CompletableFuture<Boolean> begun = new CompletableFuture<>();

  /** Where a running command's outputs go, what cancels it, and whom to tell that it has begun. */
  record Streams(OutputStream out, OutputStream err, Cancellation cancellation, Runnable begun) {}

  private final Network network;

  private RunningCommand(Network network) {
    this.network = network;
  }

  static RunningCommand start(String label, Network network, ToIntFunction<Streams> body) {
    RunningCommand command = new RunningCommand(network);
    PipedOutputStream toOut =
        Io.run("cannot make a pipe", () -> new PipedOutputStream(command.out));
    PipedOutputStream toErr =
        Io.run("cannot make a pipe", () -> new PipedOutputStream(command.err));
    Thread thread = new Thread(() -> command.run(body, toOut, toErr), "cooper-run-" + label);
    thread.setDaemon(true);
    thread.start();
    // Only once it has the container may the caller go on: else the caller's next call could win.
    if (!command.begun.join()) {
      command.await();
    }
    return command;
  }

  private void run(ToIntFunction<Streams> body, OutputStream toOut, OutputStream toErr) {
    try (toOut;
        toErr) {
      end.complete(
          body.applyAsInt(
              new Streams(toOut, toErr, cancellation, () -> begun.complete(Boolean.TRUE))));
    } catch (RuntimeException | Error | IOException e) {
      end.completeExceptionally(e);
    } finally {
      begun.complete(Boolean.FALSE);
    }
  }

  /**
   * Its standard output, as it comes.
   *
   * @return ends when the command does
   */
  public InputStream stdout() {
    return out;
  }

  /**
   * Its standard error, as it comes.
   *
   * @return ends when the command does
   */
  public InputStream stderr() {
    return err;
  }

  /**
   * Which port of the host leads to one of its own; it does once the command listens there.
   *
   * @param containerPort as {@link Network#publish} took it
   * @return the port at 127.0.0.1 of the host
   * @throws IllegalArgumentException if that was not published
   */
  public int port(int containerPort) {
    return network
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
   * Waits for its end.
   *
   * @return its exit status; 128 and the signal's number if a signal ended it
   * @throws CommandFailedException if it was cancelled, or its time was up
   * @throws dev.cooper.oci.OperationException if it could not be started
   */
  public int await() {
    try {
      return end.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }

  /**
   * Whether it is over.
   *
   * @return true once {@link #await} would not wait
   */
  public boolean isDone() {
    return end.isDone();
  }

  /** Whether it still runs. */
  @Override
  public String toString() {
    return "RunningCommand[" + (isDone() ? "ended" : "running") + "]";
  }

  /** Kills it with all that it started; what it wrote and nobody read is dropped. */
  public void cancel() {
    cancellation.cancel();
    Io.run(
        "cannot close a pipe",
        () -> {
          out.close();
          err.close();
          return true;
        });
  }

  /** Cancels it, if it still runs, and waits until it is gone. */
  @Override
  public void close() {
    if (!end.isDone()) {
      cancel();
      end.handle((status, failure) -> status).join();
    }
  }
}
