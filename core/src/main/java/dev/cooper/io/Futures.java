package dev.cooper.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Takes results of futures with the exceptions that they failed with. */
public final class Futures {
  private Futures() {}

  /** The result of a future, waited for; throws what it failed with, not wrapped. */
  public static <T> T result(CompletableFuture<T> future) {
    try {
      return future.join();
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
}
