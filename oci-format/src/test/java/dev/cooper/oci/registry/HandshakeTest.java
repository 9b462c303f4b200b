package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * TLS that breaks before it has begun.
 *
 * <pre>
 *   client ── relay, which breaks its first connections ── registry of TLS
 * </pre>
 */
class HandshakeTest {
  @TempDir Path temp;
  private final FakeTiming timing = new FakeTiming();
  private final AtomicInteger toBreak = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private TestCertificate certificate;
  private FakeServer registry;
  private ServerSocket relay;
  private volatile boolean resets;

  @BeforeEach
  void start() throws Exception {
    certificate = TestCertificate.create(temp);
    registry = FakeServer.tls(certificate);
    registry.on("GET /v2/app/tags/list", answer -> answer.sendText(200, "{\"tags\":[\"1\"]}"));
    relay = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    thread(this::serve);
  }

  @AfterEach
  void stop() throws IOException {
    relay.close();
    registry.close();
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "test-relay");
    thread.setDaemon(true);
    thread.start();
  }

  private void serve() {
    while (!relay.isClosed()) {
      try {
        Socket client = relay.accept();
        connections.incrementAndGet();
        if (toBreak.getAndDecrement() > 0) {
          broken(client);
        } else {
          thread(() -> relayed(client));
        }
      } catch (IOException e) {
        return; // closed by the test
      }
    }
  }

  private void broken(Socket client) throws IOException {
    try (client) {
      client.getInputStream().readNBytes(16); // of the client's first words
      if (resets) {
        client.setSoLinger(true, 0);
      } else {
        InputStream rest = client.getInputStream();
        rest.readNBytes(rest.available()); // or what is unread makes a reset of it
      }
    }
  }

  private void relayed(Socket client) {
    try (client;
        Socket server = new Socket("127.0.0.1", registry.port())) {
      thread(() -> pipe(client, server));
      server.getInputStream().transferTo(client.getOutputStream());
    } catch (IOException e) {
      // The client went away, which ends the relay too.
    }
  }

  private static void pipe(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // The other end hung up.
    }
  }

  private RegistryClientBuilder builder(boolean insecure) throws Exception {
    return RegistryClient.builder()
        .timing(timing)
        .tls(TestTls.of(certificate))
        .endpoints(
            name -> List.of(new Endpoint(name.registry(), name.repository(), insecure, false)));
  }

  private ImageReference app() {
    return ImageReference.parse("127.0.0.1:" + relay.getLocalPort() + "/app:1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void handshakeThatIsCutOffIsTriedAgain(boolean reset) throws Exception {
    resets = reset;
    toBreak.set(3); // the Java runtime's client may have made another try itself
    try (RegistryClient client = builder(false).build()) {
      assertThat(client.tags(app())).containsExactly("1");
    }
    assertThat(connections).hasValueGreaterThanOrEqualTo(4);
    assertThat(timing.sleeps).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void handshakeThatIsCutOffDoesNotLeadToPlainHttp(boolean reset) throws Exception {
    resets = reset;
    toBreak.set(1);
    try (RegistryClient client = builder(true).build()) {
      assertThat(client.tags(app())).containsExactly("1");
      assertThat(client.tags(app())).containsExactly("1");
    }
  }

  @Test
  void certificateThatNobodyTrustsIsFinalEvenWherePlainHttpIsAllowed() throws Exception {
    TestCertificate other = TestCertificate.another(Files.createTempDirectory(temp, "o"));
    try (RegistryClient client = builder(true).tls(TestTls.of(other)).build()) {
      assertThatThrownBy(() -> client.tags(app()))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("PKIX path");
    }
    assertThat(timing.sleeps).isEmpty();
    assertThat(connections).hasValue(1);
  }

  /** A handshake answered by "HTTP/1.1 400": nothing but plain HTTP is spoken there. */
  @Test
  void serverOfPlainHttpIsSpokenToInPlainHttpWhereAllowed() throws Exception {
    try (ServerSocket plain = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
      thread(() -> answer(plain));
      ImageReference app = ImageReference.parse("127.0.0.1:" + plain.getLocalPort() + "/app:1");
      try (RegistryClient client = builder(true).build()) {
        assertThat(client.tags(app)).containsExactly("1");
      }
    }
  }

  private static void answer(ServerSocket plain) {
    while (!plain.isClosed()) {
      try (Socket client = plain.accept()) {
        String begin =
            new String(client.getInputStream().readNBytes(3), StandardCharsets.ISO_8859_1);
        String body = "{\"tags\":[\"1\"]}";
        String answer =
            (begin.equals("GET") ? "HTTP/1.1 200 OK" : "HTTP/1.1 400 Bad Request")
                + "\r\nConnection: close\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body;
        client.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
        client.shutdownOutput();
        client.getInputStream().readAllBytes();
      } catch (IOException e) {
        // The test's end, or the client's.
      }
    }
  }
}
