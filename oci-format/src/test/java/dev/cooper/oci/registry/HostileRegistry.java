package dev.cooper.oci.registry;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.TestImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A registry that answers as a test says, and a place elsewhere that it may lead to. */
abstract class HostileRegistry {
  static final String PASSWORD = "hunter2-secret";
  static final Credentials USER = new Credentials.Basic("joe", PASSWORD);
  static final String BASIC = "Basic " + Redaction.basic((Credentials.Basic) USER);

  @TempDir Path temp;
  final TestImage image = TestImage.of("x");
  final byte[] manifest = image.manifest.toBytes();
  final Descriptor layer = image.manifest.layers().get(0);
  FakeServer server;
  FakeServer elsewhere;
  RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    elsewhere = FakeServer.plain();
    client = builder().build();
    server.on("GET /v2/app/manifests/.*", this::guardedManifest);
    byte[] content = image.blobs.get(layer);
    elsewhere.on("GET /blob", answer -> answer.send(200, content));
  }

  RegistryClientBuilder builder() {
    return RegistryClient.builder()
        .timing(new FakeTiming())
        .retries(0)
        .credentials((registry, repository) -> Optional.of(USER));
  }

  void guardedManifest(FakeServer.Answer answer) throws IOException {
    if (!BASIC.equals(answer.header("Authorization"))) {
      answer.with("WWW-Authenticate", "Basic realm=\"x\"").send(401);
      return;
    }
    answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, manifest);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    elsewhere.close();
  }

  ImageReference app() {
    return server.reference("app:1");
  }
}
