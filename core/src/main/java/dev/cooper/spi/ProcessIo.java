package dev.cooper.spi;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A process's streams and limits.
 *
 * @param in what it reads, or null for an empty standard input
 * @param out takes its standard output
 * @param err takes its standard error
 * @param timeout after how long it is killed, or null for never
 * @param cancellation kills it when cancelled
 */
public record ProcessIo(
    @Nullable InputStream in,
    OutputStream out,
    OutputStream err,
    @Nullable Duration timeout,
    Cancellation cancellation) {}
