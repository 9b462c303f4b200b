package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Connections that break within a manifest or a list, and mirrors that give none. */
class DocumentFaultsTest {
  private static final byte[] INDEX = Index.of(List.of()).toBytes();
  private static final byte[] TAGS =
      ("{\"name\":\"app\",\"tags\":[\"1\"]}" + " ".repeat(5000)).getBytes(StandardCharsets.UTF_8);

  private final FakeTiming timing = new FakeTiming();
  private final AtomicInteger breaks = new AtomicInteger();
  private FakeServer server;
  private FakeServer mirror;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    mirror = FakeServer.plain();
    serve(server);
  }

  @AfterEach
  void stop() {
    mirror.close();
    server.close();
  }

  private void serve(FakeServer where) {
    where.on(
        "GET /v2/app/manifests/1",
        answer -> send(answer.with("Content-Type", MediaType.OCI_INDEX.value()), INDEX));
    where.on("GET /v2/app/tags/list", answer -> send(answer, TAGS));
    where.on(
        "GET /v2/app/referrers/.*",
        answer -> send(answer.with("Content-Type", MediaType.OCI_INDEX.value()), INDEX));
  }

  /** Half of it, as long as there are breaks left. */
  private void send(FakeServer.Answer answer, byte[] whole) throws IOException {
    if (breaks.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
      answer.send(200, whole);
      return;
    }
    answer.exchange().sendResponseHeaders(200, whole.length);
    answer.exchange().getResponseBody().write(Arrays.copyOf(whole, whole.length / 2));
    answer.exchange().getResponseBody().flush();
    try {
      Thread.sleep(100); // so that the answer's head does not go with the connection
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new IOException("cut");
  }

  private RegistryClient client(Endpoint... before) {
    Endpoint itself = new Endpoint(server.address(), "app", true, false);
    List<Endpoint> all =
        java.util.stream.Stream.concat(Arrays.stream(before), java.util.stream.Stream.of(itself))
            .toList();
    return RegistryClient.builder().timing(timing).retries(2).endpoints(name -> all).build();
  }

  @Test
  void documentsAreAskedForAgain() throws IOException {
    try (RegistryClient client = client()) {
      breaks.set(1);
      assertThat(client.manifest(server.reference("app:1")).bytes().toBytes()).isEqualTo(INDEX);
      assertThat(timing.sleeps).hasSize(1);
      breaks.set(2);
      assertThat(client.tags(server.reference("app:1"))).containsExactly("1");
      assertThat(timing.sleeps).hasSize(3);
      breaks.set(1);
      String digest = "app@" + Digest.sha256(INDEX);
      assertThat(client.referrers(server.reference(digest), null).manifests()).isEmpty();
      assertThat(timing.sleeps).hasSize(4);
    }
  }

  @Test
  void documentThatBreaksEachTimeIsAFailureThatNamesIt() {
    breaks.set(100);
    try (RegistryClient client = client()) {
      assertThatThrownBy(() -> client.open(server.reference("app:1")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("GET http://" + server.address() + "/v2/app/manifests/1")
          .hasMessageContaining("in 3 tries")
          .hasMessageContaining("without credentials");
      assertThatThrownBy(() -> client.tags(server.reference("app:1")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("/v2/app/tags/list");
    }
  }

  @Test
  void mirrorThatFailsIsNotWaitedFor() throws IOException {
    int unused;
    try (ServerSocket socket = new ServerSocket(0)) {
      unused = socket.getLocalPort();
    }
    mirror.on("GET .*", answer -> answer.with("Retry-After", "200").send(429));
    try (FakeServer cut = FakeServer.plain();
        RegistryClient client =
            client(
                new Endpoint("127.0.0.1:" + unused, "app", true, true),
                new Endpoint(mirror.address(), "app", true, true),
                new Endpoint(cut.address(), "app", true, true))) {
      serve(cut);
      breaks.set(1);
      assertThat(client.manifest(server.reference("app:1")).bytes().toBytes()).isEqualTo(INDEX);
      assertThat(timing.sleeps).isEmpty();
      assertThat(mirror.requests).hasSize(2); // /v2/ among them
      assertThat(cut.requests).hasSize(2);
      breaks.set(1); // what is left without a mirror is waited for
      cut.on("GET /v2/app/manifests/1", answer -> answer.send(503));
      assertThat(client.manifest(server.reference("app:1")).bytes().toBytes()).isEqualTo(INDEX);
      assertThat(timing.sleeps).hasSize(1);
    }
  }
}
