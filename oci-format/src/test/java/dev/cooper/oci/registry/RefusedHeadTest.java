package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.TestImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A registry that does not say to HEAD what it has, and one that says nothing at all. */
class RefusedHeadTest {
  private final TestImage image = TestImage.of("x");
  private final FakeTiming timing = new FakeTiming();
  private FakeServer server;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    client = RegistryClient.builder().timing(timing).build();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 405, 500, 501, 502, 503})
  void imageIsSentWhereTheUploadIsOpen(int status) throws IOException {
    server.on("HEAD .*", answer -> answer.send(status));
    server.on(
        "POST /v2/app/blobs/uploads/",
        answer -> answer.with("Location", "/v2/app/blobs/uploads/1").send(202));
    server.on("PUT /v2/app/.*", answer -> answer.with("Docker-Content-Digest", "x").send(201));
    Descriptor layer = image.manifest.layers().get(0);
    byte[] content = image.blobs.get(layer);
    byte[] manifest = image.manifest.toBytes();
    RemoteWriter writer = client.writer(server.reference("app:1"));

    writer.blob(layer, () -> new ByteArrayInputStream(content));
    Descriptor described = Descriptor.of(MediaType.OCI_MANIFEST, manifest);
    assertThat(writer.has(described, "1")).isFalse();
    writer.manifest(described, manifest, "1");

    assertThat(server.requests)
        .anyMatch(each -> each.startsWith("PUT /v2/app/blobs/uploads/1?digest="))
        .contains("PUT /v2/app/manifests/1");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 405, 500, 501, 503})
  void imageIsFoundByGetWhereHeadIsRefused(int status) throws IOException {
    server.on("HEAD .*", answer -> answer.send(status));
    byte[] manifest = image.manifest.toBytes();
    server.on(
        "GET /v2/app/manifests/1",
        answer -> answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, manifest));
    assertThat(client.find(server.reference("app:1")).orElseThrow().digest())
        .isEqualTo(image.descriptor.digest());
    assertThat(client.find(server.reference("app:2"))).isEmpty();
  }

  /** A name or a port that was mistyped is told at once, and nothing of credentials. */
  @Test
  void unknownHostIsFinal() {
    assertThatThrownBy(() -> client.open(ImageReference.parse("no-such-host.invalid/app:1")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("no address is known for this host, in one try")
        .hasMessageContaining("check the registry's name and port")
        .hasMessageNotContaining("credentials");
    assertThat(timing.sleeps).isEmpty();
  }

  @Test
  void refusedConnectionIsTriedOnceMore() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> client.open(ImageReference.parse("127.0.0.1:" + port + "/app:1")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("in 2 tries; nothing ever answered there")
        .hasMessageNotContaining("credentials");
    assertThat(timing.sleeps).hasSize(1);
  }
}
