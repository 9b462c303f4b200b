package dev.cooper.spi;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process's streams and limits.
 *
 * <p>The outputs are written to in a thread that is not the caller's, by one thread at a time. One
 * that blocks holds the process once its pipe is full, but neither its timeout nor its
 * cancellation: half a second after those, what was not taken is dropped, and a call that is under
 * way may come to its end after the process's.
 *
 * @param in what it reads, or null for an empty standard input
 * @param out takes its standard output
 * @param err takes its standard error
 * @param timeout after how long it is killed, or null for never
 * @param cancellation kills it when cancelled
 * @param started told of the process once it was started
 */
public record ProcessIo(
    @Nullable InputStream in,
    OutputStream out,
    OutputStream err,
    @Nullable Duration timeout,
    Cancellation cancellation,
    Consumer<LiveProcess> started) {
  /**
   * Of a process that nobody asks about.
   *
   * @param in what it reads, or null for an empty standard input
   * @param out takes its standard output
   * @param err takes its standard error
   * @param timeout after how long it is killed, or null for never
   * @param cancellation kills it when cancelled
   */
  public ProcessIo(
      @Nullable InputStream in,
      OutputStream out,
      OutputStream err,
      @Nullable Duration timeout,
      Cancellation cancellation) {
    this(in, out, err, timeout, cancellation, live -> {});
  }
}
