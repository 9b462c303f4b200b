package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Duration;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TriesTest {
  private final FakeTiming timing = new FakeTiming();
  private final Settings settings = settings();

  private static Settings settings() {
    try (RegistryClient client = RegistryClient.builder().build()) {
      return client.settings();
    }
  }

  @Test
  void anotherWaitsTwiceAsLongEachTimeUpToHalfAMinute() throws IOException {
    Tries tries = new Tries(timing, 8);
    for (int i = 0; i < 8; i++) {
      assertThat(tries.another(new IOException("reset"))).isTrue();
    }
    assertThat(tries.another(new IOException("reset"))).isFalse();
    assertThat(tries.made()).isEqualTo(9);
    // Half of what it could be, as this chance is always zero.
    assertThat(timing.sleeps)
        .extracting(Duration::toMillis)
        .containsExactly(250L, 500L, 1000L, 2000L, 4000L, 8000L, 15000L, 15000L);
  }

  @Test
  void anotherWaitsByChanceBetweenHalfOfItAndAll() throws IOException {
    timing.chance = 0.5;
    Tries tries = new Tries(timing, 8);
    assertThat(tries.another(new IOException("reset"))).isTrue();
    timing.chance = 1;
    assertThat(tries.another(new IOException("reset"))).isTrue();
    assertThat(timing.sleeps).containsExactly(Duration.ofMillis(375), Duration.ofMillis(1000));
  }

  @Test
  void renewCountsAnew() throws IOException {
    Tries tries = new Tries(timing, 1);
    assertThat(tries.another(new IOException("reset"))).isTrue();
    tries.renew();
    assertThat(tries.another(new IOException("reset"))).isTrue();
    assertThat(tries.another(new IOException("reset"))).isFalse();
  }

  @Test
  void anotherWhenItWouldFailAgainIsFalse() throws IOException {
    Tries tries = new Tries(timing, 5);
    assertThat(tries.another(new SSLHandshakeException("unknown CA"))).isFalse();
    assertThat(tries.another(new IOException(new SSLHandshakeException("unknown CA")))).isFalse();
    assertThat(tries.another(new InterruptedIOException())).isFalse();
    assertThat(tries.another(new SourceException("disk", new IOException()))).isFalse();
    assertThat(timing.sleeps).isEmpty();
  }

  @Test
  void anotherWhenAHostThatNeverAnsweredIsUnknownIsFalse() throws IOException {
    ConnectException unknown = new ConnectException();
    unknown.initCause(new java.nio.channels.UnresolvedAddressException());
    assertThat(new Tries(timing, 5, () -> false).another(unknown)).isFalse();
    assertThat(new Tries(timing, 5, () -> false).another(new UnknownHostException("x"))).isFalse();
    assertThat(timing.sleeps).isEmpty();
    assertThat(new Tries(timing, 5, () -> true).another(unknown)).isTrue();
  }

  @Test
  void anotherWhenAConnectionIsRefusedIsTrueOnceUnlessTheHostHasAnswered() throws IOException {
    Tries tries = new Tries(timing, 5, () -> false);
    assertThat(tries.another(new ConnectException("Connection refused"))).isTrue();
    assertThat(tries.another(new ConnectException("Connection refused"))).isFalse();
    Tries known = new Tries(timing, 5, () -> true);
    for (int i = 0; i < 5; i++) {
      assertThat(known.another(new ConnectException("Connection refused"))).isTrue();
    }
    IOException late = new java.net.http.HttpConnectTimeoutException("connect timed out");
    late.initCause(new ConnectException("connect timed out"));
    Tries slow = new Tries(timing, 2, () -> false);
    assertThat(slow.another(late) && slow.another(late)).isTrue();
  }

  @Test
  void anotherWhenAHandshakeWasCutOffIsTrue() throws IOException {
    Tries tries = new Tries(timing, 5);
    IOException cut = new SSLHandshakeException("Remote host terminated the handshake");
    assertThat(tries.another(cut)).isTrue();
    IOException reset = new SSLHandshakeException("Connection reset");
    reset.initCause(new SocketException("Connection reset"));
    assertThat(tries.another(new IOException(reset))).isTrue();
    IOException untrusted = new SSLHandshakeException("PKIX path building failed");
    untrusted.initCause(new CertificateException("none"));
    assertThat(tries.another(untrusted)).isFalse();
    assertThat(tries.another(new SSLHandshakeException("Received fatal alert: bad_certificate")))
        .isFalse();
  }

  @Test
  void mayPassWhenTheStatusSaysSo() {
    for (int status : new int[] {408, 429, 500, 502, 503, 504}) {
      assertThat(Tries.mayPass(status)).as("%d", status).isTrue();
    }
    for (int status : new int[] {200, 206, 401, 403, 404, 416, 501, 505}) {
      assertThat(Tries.mayPass(status)).as("%d", status).isFalse();
    }
  }

  @Test
  void anotherWhenInterruptedThrowsAndStaysInterrupted() {
    Tries tries = new Tries(timing, 5);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> tries.another(new IOException("reset")))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  private Response busy(FakeServer server, String after) throws IOException {
    server.on("GET /busy", answer -> answer.with("Retry-After", after).send(429));
    RegistryHost host =
        new RegistryHost(
            new Endpoint(server.address(), "", true, false),
            settings,
            new Clients(settings),
            new Redaction());
    return host.send(Call.of("GET", "/busy", Scopes.NONE), "", host.once());
  }

  /** RFC 9110, section 10.2.3: seconds or a date, by our own clock. */
  @ParameterizedTest
  @CsvSource({
    "7, PT7S",
    "300, PT5M",
    "'Wed, 31 Jan 2024 12:00:42 GMT', PT42S",
    "'Wed, 31 Jan 2024 12:05:00 GMT', PT5M",
    "'Wed, 31 Jan 2024 11:00:00 GMT', PT0.25S",
    "soon, PT0.25S",
    "-1, PT0.25S",
  })
  void anotherWaitsAsLongAsTheServerAsks(String after, Duration waited) throws IOException {
    try (FakeServer server = FakeServer.plain()) {
      assertThat(new Tries(timing, 5).another(busy(server, after))).isTrue();
    }
    assertThat(timing.sleeps).containsExactly(waited);
  }

  @ParameterizedTest
  @ValueSource(strings = {"301", "999999999", "Wed, 31 Jan 2024 12:05:01 GMT"})
  void anotherWhenTheServerAsksForTooMuchIsFalse(String after) throws IOException {
    try (FakeServer server = FakeServer.plain();
        Response busy = busy(server, after)) {
      assertThat(new Tries(timing, 5).another(busy)).isFalse();
    }
    assertThat(timing.sleeps).isEmpty();
  }
}
