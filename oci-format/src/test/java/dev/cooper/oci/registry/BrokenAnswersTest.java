package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers whose answers are no HTTP, or never become a whole one. */
@Timeout(60)
class BrokenAnswersTest {
  private static final String HEAD = "HTTP/1.1 200 OK\r\n";

  private final FakeTiming timing = new FakeTiming();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private ServerSocket server;

  /** Says something. */
  private interface Answer {
    void to(Socket client) throws IOException, InterruptedException;
  }

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    for (Socket each : open) {
      each.close();
    }
  }

  /** Answers every connection alike, without a look at what is asked. */
  private void answering(Answer answer) {
    daemon(
        () -> {
          while (true) {
            Socket client = server.accept();
            open.add(client);
            daemon(() -> answer.to(client));
          }
        });
  }

  /** Done until its socket is closed. */
  private interface Serving {
    void run() throws IOException, InterruptedException;
  }

  private static void daemon(Serving serving) {
    Thread thread =
        new Thread(
            () -> {
              try {
                serving.run();
              } catch (IOException | InterruptedException over) {
                Thread.currentThread().interrupt();
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static void say(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private RegistryClientBuilder builder() {
    return RegistryClient.builder().timing(timing).proxy(ProxySelector.of(null)).retries(3);
  }

  private URI url() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort() + "/x");
  }

  private ImageReference image() {
    return ImageReference.parse("127.0.0.1:" + server.getLocalPort() + "/x:1");
  }

  @Test
  void headersThatDripAreNotWaitedForForEver() {
    answering(
        client -> {
          say(client, HEAD + "X: ");
          while (true) {
            say(client, "a");
            Thread.sleep(10);
          }
        });
    try (RegistryClient client =
        builder().retries(1).stallTimeout(Duration.ofMillis(200)).build()) {
      assertThatThrownBy(() -> client.file(url(), (content, when) -> content.readAllBytes()))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("no answer came for 200 ms, in 2 tries");
    }
  }

  @Test
  void lengthThatIsNoNumberIsFinalAndToldInWords() {
    answering(client -> say(client, HEAD + "Content-Length: 18446744073709551617\r\n\r\nx"));
    try (RegistryClient client = builder().build()) {
      assertThatThrownBy(() -> client.file(url(), (content, when) -> content.readAllBytes()))
          .isInstanceOf(OperationException.class)
          .hasMessageStartingWith("GET " + url() + " failed: its headers hold a number that is ")
          .hasMessageContaining("18446744073709551617")
          .hasMessageNotContaining("NumberFormatException")
          .hasMessageEndingWith(", in one try");
      assertThatThrownBy(() -> client.open(image()))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("its headers hold a number that is ")
          .hasMessageContaining(", in one try; what answers there ")
          .hasMessageNotContaining("nothing ever answered");
    }
    assertThat(timing.sleeps).isEmpty();
  }

  @Test
  void interimAnswersWithoutAnEndAreToldFromSilence() {
    answering(
        client -> {
          while (true) {
            say(client, "HTTP/1.1 103 Early\r\n\r\n");
          }
        });
    try (RegistryClient client = builder().retries(0).stallTimeout(Duration.ofSeconds(2)).build()) {
      assertThatThrownBy(() -> client.open(image()))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("what answers there ")
          .hasMessageNotContaining("nothing ever answered");
    }
  }
}
