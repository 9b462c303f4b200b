package dev.cooper.oci.registry;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a registry's {@code /v2/} wants to see, asked for once.
 *
 * <p>Some registries hide what an anonymous client may not read behind a 400, 403 or 404 without a
 * challenge; their root still makes one, which is where Docker looks first. Thread-safe.
 */
final class RootChallenge {
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable List<String> headers;

  /** Asks the root. */
  @FunctionalInterface
  interface Question {
    Response ask() throws IOException;
  }

  /** The challenges' headers; none if it makes none. */
  List<String> headers(Question question) throws IOException {
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting for a registry's challenge");
    }
    try {
      List<String> known = headers;
      if (known == null) {
        Response response = question.ask();
        known = response.headers("WWW-Authenticate");
        response.discard();
        headers = known;
      }
      return known;
    } finally {
      lock.unlock();
    }
  }
}
