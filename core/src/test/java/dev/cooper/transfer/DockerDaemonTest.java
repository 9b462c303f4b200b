package dev.cooper.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.OperationException;
import dev.cooper.progress.Progress;
import dev.cooper.transfer.DockerDaemon.Patience;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that does not answer as one should; each test would hang if it were waited for. */
@Timeout(60)
class DockerDaemonTest {
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofHours(1);
  private static final String OK = "HTTP/1.0 200 OK\r\n\r\n";

  @TempDir Path temp;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<SocketChannel> open = new CopyOnWriteArrayList<>();
  private ServerSocketChannel server;
  private Path socket;

  /** Says something. */
  private interface Answer {
    void to(SocketChannel client) throws IOException;
  }

  @BeforeEach
  void listen() throws IOException {
    socket = temp.resolve("d");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    for (SocketChannel each : open) {
      each.close();
    }
  }

  /** Answers one connection after another, each of its requests' heads read before. */
  private void answering(Answer... answers) {
    Thread serving =
        new Thread(
            () -> {
              try {
                for (Answer each : answers) {
                  SocketChannel client = server.accept();
                  open.add(client);
                  ByteBuffer head = ByteBuffer.allocate(1000);
                  client.read(head);
                  requests.add(
                      new String(head.array(), 0, head.position(), StandardCharsets.US_ASCII));
                  each.to(client);
                }
              } catch (IOException over) {
                requests.add(over.toString());
              }
            });
    serving.setDaemon(true);
    serving.start();
  }

  private static void say(SocketChannel client, String text) throws IOException {
    client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static void pong(SocketChannel client) throws IOException {
    say(client, OK + "OK");
    client.close();
  }

  private static void nothing(SocketChannel client) {
    // It stays open.
  }

  /** One byte after the other, each before the time for one of them is up. */
  private static void drip(SocketChannel client) throws IOException {
    say(client, "HTTP/1.0 200 OK\r\nX: ");
    try {
      while (true) {
        say(client, "a");
        Thread.sleep(SHORT.toMillis() / 10);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private DockerDaemon daemon(Duration stall, Duration work) {
    return DockerDaemon.of("unix://" + socket, Progress.NONE, new Patience(stall, work));
  }

  private Path save(DockerDaemon daemon) throws IOException {
    Path archive = temp.resolve("archive");
    daemon.save("x:1", archive, ImageLimits.DEFAULT);
    return archive;
  }

  @Test
  void saveWhenItAnswersWritesWhatComes() throws Exception {
    answering(
        DockerDaemonTest::pong,
        client -> {
          say(client, OK + "a tar".repeat(50_000));
          client.close();
        });
    assertThat(save(daemon(LONG, LONG))).hasContent("a tar".repeat(50_000));
    assertThat(requests.get(0)).startsWith("GET /_ping HTTP/1.0\r\n");
    assertThat(requests.get(1)).startsWith("GET /images/x%3A1/get HTTP/1.0\r\n");
  }

  @Test
  void saveWhenItSaysNothingEnds() {
    answering(DockerDaemonTest::nothing);
    assertThatThrownBy(() -> save(daemon(SHORT, LONG)))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessageStartingWith("the Docker daemon at " + socket + " let 100 ms pass");
  }

  @Test
  void saveWhenItsHeadersDripEnds() {
    answering(DockerDaemonTest::pong, DockerDaemonTest::drip);
    assertThatThrownBy(() -> save(daemon(LONG, SHORT))).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void saveWhenTheImageNoLongerComesEnds() {
    answering(DockerDaemonTest::pong, client -> say(client, OK + "the beginning"));
    assertThatThrownBy(() -> save(daemon(SHORT, LONG)))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessageContaining("let 100 ms pass");
  }

  @Test
  void loadWhenItTakesNothingOrSaysNothingOfItEnds() throws Exception {
    Path large = Files.write(temp.resolve("large"), new byte[8 << 20]);
    Path small = Files.write(temp.resolve("small"), new byte[8]);
    answering(DockerDaemonTest::pong, DockerDaemonTest::nothing);
    assertThatThrownBy(() -> daemon(SHORT, LONG).load(large))
        .isInstanceOf(SocketTimeoutException.class);
    answering(DockerDaemonTest::pong, DockerDaemonTest::nothing);
    assertThatThrownBy(() -> daemon(LONG, SHORT).load(small))
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void saveWhenInterruptedSaysWhatWas() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    answering(DockerDaemonTest::pong, client -> asked.countDown());
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    CompletableFuture<Boolean> flag = new CompletableFuture<>();
    Thread saving =
        new Thread(
            () -> {
              try {
                save(daemon(LONG, LONG));
                end.complete(new AssertionError("it came to its end"));
              } catch (IOException | RuntimeException e) {
                flag.complete(Thread.currentThread().isInterrupted());
                end.complete(e);
              }
            });
    saving.start();
    asked.await();
    saving.interrupt();
    assertThat(end.get())
        .isInstanceOf(InterruptedIOException.class)
        .hasMessage("interrupted while waiting for the Docker daemon at " + socket);
    assertThat(flag).isCompletedWithValue(true);
  }

  @Test
  void loadWhenNobodyListensSaysWhatToDo() throws Exception {
    server.close();
    Path archive = Files.createFile(temp.resolve("empty"));
    assertThatThrownBy(() -> daemon(LONG, LONG).load(archive))
        .isInstanceOf(OperationException.class)
        .hasMessageStartingWith("cannot reach a Docker daemon at " + socket + ": ")
        .hasMessageEndingWith("start it, join its group, or set DOCKER_HOST");
  }
}
