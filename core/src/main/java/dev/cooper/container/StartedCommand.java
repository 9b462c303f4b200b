package dev.cooper.container;

import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.command.StartOptions;
import dev.cooper.io.Futures;
import dev.cooper.spi.Cancellation;
import dev.cooper.spi.LiveProcess;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A command that runs in a thread of its own: its outputs, its end, and its cancellation. */
public final class StartedCommand {
  private static final int BUFFER = 64 << 10;

  private final Command command;
  private final ContainerFiles files;
  private final @Nullable OutputPipe out;
  private final @Nullable OutputPipe err;
  private final TailOutput tail = new TailOutput(BUFFER);
  private final Cancellation cancellation = new Cancellation();
  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private final CompletableFuture<Boolean> begun = new CompletableFuture<>();
  private volatile @Nullable LiveProcess process;

  public StartedCommand(Command command, ContainerFiles files, StartOptions options) {
    this.command = command;
    this.files = files;
    this.out = options.streamed() ? new OutputPipe(BUFFER) : null;
    this.err = options.streamed() ? new OutputPipe(BUFFER) : null;
  }

  /**
   * Begins to run it.
   *
   * @param body runs it; it is given what to call once the container is this command's
   */
  public void begin(ToIntFunction<Runnable> body) {
    Thread thread = new Thread(() -> run(body), "cooper-run-" + files.label());
    thread.setDaemon(true);
    thread.start();
    // Only once it has the container may the caller go on: else the caller's next call could win.
    boolean interrupted = false;
    while (!begun.isDone()) {
      try {
        begun.get();
      } catch (InterruptedException e) {
        interrupted = true;
        cancel();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e); // it is never completed so
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!begun.join()) {
      Futures.result(end);
    }
  }

  private void run(ToIntFunction<Runnable> body) {
    try {
      end.complete(body.applyAsInt(() -> begun.complete(Boolean.TRUE)));
    } catch (RuntimeException | Error e) {
      end.completeExceptionally(e);
    } finally {
      begun.complete(Boolean.FALSE);
      endOutput();
      tail.end();
    }
  }

  private void endOutput() {
    if (out != null && err != null) {
      out.finish();
      err.finish();
    }
  }

  public Command command() {
    return command;
  }

  /** What messages call its container. */
  public String container() {
    return files.label();
  }

  /** The network that it runs in, with the ports that were chosen for it. */
  public Network network() {
    return files.runs().network(command);
  }

  public Cancellation cancellation() {
    return cancellation;
  }

  /** Kills it with all that it started. */
  public void cancel() {
    cancellation.cancel();
    endOutput();
  }

  /** Cancels it, if it still runs, and waits until it is gone. */
  public void stop() {
    if (!end.isDone()) {
      cancel();
      end.handle((status, failure) -> true).join();
    }
  }

  /** Takes one of its outputs. */
  OutputStream output(boolean error) {
    OutputPipe pipe = error ? err : out;
    return pipe == null ? new EventOutput(files, error, tail) : new TeeOutput(pipe.end(), tail);
  }

  /** What its caller reads of one of its outputs; null if that goes to the listener. */
  public @Nullable OutputPipe pipe(boolean error) {
    return error ? err : out;
  }

  /** The end of what it has written. */
  public TailOutput tail() {
    return tail;
  }

  /** To look for a pattern in what it writes. */
  public OutputSearch search(Pattern pattern) {
    return new OutputSearch(tail, pattern, cancellation::isCancelled);
  }

  /** Done with its exit status, or with why it has none. */
  public CompletableFuture<Integer> end() {
    return end;
  }

  void started(LiveProcess live) {
    process = live;
  }

  public boolean isListening(int port) {
    LiveProcess live = process;
    return live != null && live.listensOn(port);
  }
}
