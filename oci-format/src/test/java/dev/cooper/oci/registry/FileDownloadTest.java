package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of servers that are no registries. */
class FileDownloadTest {
  private static final byte[] FILE = "all of it\n".repeat(20_000).getBytes(StandardCharsets.UTF_8);
  private static final String LAST_MODIFIED = "Fri, 13 Feb 2009 23:31:30 GMT";

  @TempDir Path temp;

  private final FakeTiming timing = new FakeTiming();
  private final AtomicInteger asked = new AtomicInteger();
  private final List<byte[]> received = new ArrayList<>();
  private Optional<String> time = Optional.empty();
  private FakeServer server;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    client = builder().build();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private RegistryClientBuilder builder() {
    return RegistryClient.builder().timing(timing).proxy(ProxySelector.of(null)).retries(3);
  }

  private URI url(String path) {
    return URI.create("http://" + server.address() + path);
  }

  private void read(URI url) throws IOException {
    client.file(
        url,
        (content, lastModified) -> {
          time = lastModified;
          received.add(content.readAllBytes());
        });
  }

  @Test
  void fileWhenTheServerIsBusyIsAskedForAgain() throws IOException {
    server.on(
        "GET /tool",
        answer -> {
          if (asked.incrementAndGet() <= 2) {
            answer.with("Retry-After", "7").send(503);
          } else {
            answer.with("Last-Modified", LAST_MODIFIED).send(200, FILE);
          }
        });
    read(url("/tool"));
    assertThat(received).containsExactly(FILE);
    assertThat(time).contains(LAST_MODIFIED);
    assertThat(timing.sleeps).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(7));
    assertThat(server.authorizations).isEmpty();
  }

  @Test
  void fileWhenTheConnectionBreaksIsReadFromItsBeginning() throws IOException {
    byte[] half = java.util.Arrays.copyOf(FILE, FILE.length / 2);
    server.on(
        "GET /tool",
        answer -> {
          if (asked.incrementAndGet() == 1) {
            answer.sendShort(200, FILE.length, half);
          } else {
            answer.send(200, FILE);
          }
        });
    read(url("/tool"));
    assertThat(received).containsExactly(FILE);
    assertThat(asked).hasValue(2);
  }

  @Test
  void fileWhenTheConnectionBreaksEachTimeFails() {
    server.on("GET /short", answer -> answer.sendShort(200, FILE.length + 1, FILE));
    assertThatThrownBy(() -> read(url("/short?token=canary")))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("GET " + url("/short"))
        .hasMessageContaining("in 4 tries")
        .hasMessageNotContaining("canary");
    assertThat(received).isEmpty();
    assertThat(server.requests).hasSize(4);
  }

  @Test
  void fileThatNeverComesIsNotWaitedForForEver() {
    CountDownLatch end = new CountDownLatch(1);
    FakeServer.Handler stall =
        answer -> {
          if (answer.query().equals("head")) {
            answer.exchange().sendResponseHeaders(200, FILE.length);
            answer.exchange().getResponseBody().write(1);
            answer.exchange().getResponseBody().flush();
          }
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    server.on("GET /stalls", stall);
    try (RegistryClient impatient =
        builder().stallTimeout(Duration.ofMillis(200)).retries(1).build()) {
      for (String url : List.of("/stalls", "/stalls?head")) {
        assertThatThrownBy(
                () -> impatient.file(url(url), (content, when) -> content.readAllBytes()))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("for 200 ms, in 2 tries");
      }
    } finally {
      end.countDown();
    }
  }

  @Test
  void fileThatIsNotThereIsAskedForOnce() {
    assertThatThrownBy(() -> read(url("/none")))
        .isInstanceOf(OperationException.class)
        .hasMessage("GET " + url("/none") + " answered 404 instead of 200");
    assertThat(server.requests).containsExactly("GET /none");
  }

  @Test
  void fileOfAnotherKindOfUrlIsRefusedWithoutItsSecrets() {
    for (String url :
        List.of("http://joe:canary@" + server.address() + "/x", "ftp://a/canary?x", "http:///x")) {
      assertThatThrownBy(() -> read(URI.create(url)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("only http and https")
          .hasMessageNotContaining("joe");
    }
    assertThat(server.requests).isEmpty();
  }

  @Test
  void fileThatCannotBeTakenIsNotReadAgain() {
    server.on("GET /tool", answer -> answer.send(200, FILE));
    IOException full = new IOException("No space left on device");
    assertThatThrownBy(
            () ->
                client.file(
                    url("/tool"),
                    (content, when) -> {
                      content.read();
                      throw full;
                    }))
        .isSameAs(full);
    assertThat(server.requests).hasSize(1);
    assertThat(timing.sleeps).isEmpty();
  }

  @Test
  void redirectsAreFollowedButNotForEver() throws IOException {
    server.on("GET /moved", answer -> answer.with("Location", "tool").send(302));
    server.on("GET /tool", answer -> answer.send(200, FILE));
    server.on("GET /round", answer -> answer.with("Location", "/round").send(301));
    read(url("/moved"));
    assertThat(received).containsExactly(FILE);
    assertThatThrownBy(() -> read(url("/round")))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("over 10 redirects");
  }

  @Test
  void redirectsLeadNeitherFromTlsToPlainHttpNorFromAnywhereToTheInside() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    server.on("GET /secret", answer -> answer.send(200, FILE));
    try (FakeServer tls = FakeServer.tls(certificate);
        RegistryClient secure = builder().tls(TestTls.of(certificate)).build()) {
      tls.on("GET /out", answer -> answer.with("Location", url("/secret").toString()).send(302));
      tls.on("GET /tool", answer -> answer.send(200, FILE));
      secure.file(
          URI.create("https://" + tls.address() + "/tool"),
          (content, when) -> received.add(content.readAllBytes()));
      assertThat(received).containsExactly(FILE);
      assertThatThrownBy(
              () -> secure.file(URI.create("https://" + tls.address() + "/out"), (c, when) -> {}))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("it is plain HTTP, and that server speaks TLS");
    }
    // A server somewhere else, which the proxy stands for, leads to this machine.
    server.on("GET /lead", answer -> answer.with("Location", url("/secret").toString()).send(302));
    try (RegistryClient outside =
        builder()
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      assertThatThrownBy(() -> outside.file(URI.create("http://192.0.2.1/lead"), (c, when) -> {}))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("its address is loopback");
    }
    assertThat(server.requests).containsExactly("GET /lead");
  }
}
