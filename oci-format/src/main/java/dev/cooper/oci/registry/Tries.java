package dev.cooper.oci.registry;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * How often one operation is tried, and what is waited in between: exponentially longer with
 * jitter, or what the server asks for (RFC 9110, "Retry-After").
 *
 * <p>Not thread-safe; one for each operation.
 */
final class Tries {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(30);

  /** Who asks for more is not waited for: a build would rather fail. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final int DOUBLINGS = 10;

  private final Timing timing;
  private final int retries;
  private final BooleanSupplier answered;
  private int failures;
  private int made = 1;
  private boolean inDoubt;

  Tries(Timing timing, int retries) {
    this(timing, retries, () -> true);
  }

  /**
   * For one operation.
   *
   * @param answered whether the server has ever answered: one that has may be starting anew, while
   *     a name or a port that never did is more likely mistyped
   */
  Tries(Timing timing, int retries, BooleanSupplier answered) {
    this.timing = timing;
    this.retries = retries;
    this.answered = answered;
  }

  /** How many there were. */
  int made() {
    return made;
  }

  /** The same, for a message. */
  String counted() {
    return made == 1 ? "in one try" : "in " + made + " tries";
  }

  /** Counts anew, as something was gained since the last failure. */
  void renew() {
    failures = 0;
  }

  /** Whether something may have been done by a try whose answer did not come. */
  boolean inDoubt() {
    return inDoubt;
  }

  /** Waits for the next try; false if there is none, or a failure that would come again. */
  boolean another(IOException failure) throws InterruptedIOException {
    return another(failure, () -> {});
  }

  /** The same, where somebody is told before the wait that there is one. */
  boolean another(IOException failure, Runnable told) throws InterruptedIOException {
    inDoubt = true;
    return mayPass(failure) && isWorthwhile(failure) && another(Duration.ZERO, told);
  }

  /**
   * Of a server that never answered: an unknown host is final, as for Docker and skopeo (the Java
   * runtime would not look it up again within 10 seconds either), and a refused connection is tried
   * once more, as it may be starting.
   */
  private boolean isWorthwhile(IOException failure) {
    if (answered.getAsBoolean()) {
      return true;
    }
    boolean refused = false;
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof UnresolvedAddressException || each instanceof UnknownHostException) {
        return false;
      }
      if (each instanceof HttpTimeoutException) {
        return true;
      }
      refused |= each instanceof ConnectException;
    }
    return !refused || failures == 0;
  }

  /** Waits for the next try; false if the answer is one to keep, or there is no further try. */
  boolean another(Response response) throws IOException {
    return another(response, () -> {});
  }

  /** The same, where somebody is told before the wait that there is one. */
  boolean another(Response response, Runnable told) throws IOException {
    if (!mayPass(response.status())) {
      return false;
    }
    inDoubt |= response.status() >= 500;
    Duration asked = response.header("Retry-After").flatMap(this::asked).orElse(Duration.ZERO);
    if (asked.compareTo(PATIENCE) > 0 || failures >= retries) {
      return false;
    }
    response.discard();
    return another(asked, told);
  }

  private boolean another(Duration atLeast, Runnable told) throws InterruptedIOException {
    if (failures >= retries) {
      return false;
    }
    told.run();
    Duration wait = FIRST.multipliedBy(1L << Math.min(failures, DOUBLINGS));
    wait = wait.compareTo(LONGEST) > 0 ? LONGEST : wait;
    // Between half and all of it: clients that failed together don't come back together.
    wait = Duration.ofMillis((long) (wait.toMillis() * (1 + timing.random()) / 2));
    failures++;
    made++;
    try {
      timing.sleep(wait.compareTo(atLeast) > 0 ? wait : atLeast);
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting to try again");
    }
    return true;
  }

  private static boolean mayPass(IOException failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if ((each instanceof SSLHandshakeException && !isCutOff(each))
          || each instanceof SSLPeerUnverifiedException
          || each instanceof SourceException
          || each instanceof MalformedAnswerException
          || each instanceof CancellationException
          || each instanceof InterruptedIOException) {
        return each instanceof java.net.SocketTimeoutException;
      }
    }
    return true;
  }

  /**
   * Whether a handshake ended as its connection did. The Java runtime throws the same for it as for
   * a certificate that nobody trusts.
   */
  static boolean isCutOff(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof EOFException
          || each instanceof SocketException
          || each instanceof ClosedChannelException
          || String.valueOf(each.getMessage()).startsWith("Remote host terminated")) {
        return true;
      }
    }
    return false;
  }

  static boolean mayPass(int status) {
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
  }

  private Optional<Duration> asked(String header) {
    try {
      if (header.matches("[0-9]{1,9}")) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(header)));
      }
      ZonedDateTime date = ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration until = Duration.between(timing.now(), date.toInstant());
      return until.isNegative() ? Optional.empty() : Optional.of(until);
    } catch (DateTimeException notOne) {
      return Optional.empty();
    }
  }
}
