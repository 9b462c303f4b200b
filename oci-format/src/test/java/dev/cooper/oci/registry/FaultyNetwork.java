package dev.cooper.oci.registry;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A registry behind a network that fails, and a client that does not wait for it. */
abstract class FaultyNetwork {
  static final String MANIFEST = "GET /v2/team/app/manifests/1";
  static final String BLOB = "GET /v2/team/app/blobs/.*";

  /** The proxy's kernel buffers hold less than this. */
  static final int SIZE = 40 << 20;

  @TempDir Path temp;
  final FakeTiming timing = new FakeTiming();
  final byte[] content = new byte[SIZE];
  final List<TransferEvent> events = new CopyOnWriteArrayList<>();
  TestRegistry registry;
  FaultProxy proxy;
  RegistryClient client;
  ImageReference reference;
  Descriptor blob;

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(content);
    blob = Descriptor.of(MediaType.OCI_LAYER, content);
    registry = TestRegistry.plain(temp);
    proxy = FaultProxy.before(registry);
    client = builder().build();
    reference = ImageReference.parse(proxy.address() + "/team/app:1");
  }

  RegistryClientBuilder builder() {
    return RegistryClient.builder()
        .timing(timing)
        .stallTimeout(Duration.ofSeconds(30))
        .progress(events::add);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    proxy.close();
    registry.close();
  }

  void pushed() throws IOException {
    RemoteWriter writer = client.writer(registry.reference("team/app:1"));
    writer.blob(blob, () -> new ByteArrayInputStream(content));
    byte[] config = {'{', '}'};
    Descriptor empty = Descriptor.of(MediaType.OCI_EMPTY, config);
    writer.blob(empty, () -> new ByteArrayInputStream(config));
    byte[] bytes = Manifest.of(MediaType.OCI_MANIFEST, empty, List.of(blob)).toBytes();
    writer.manifest(Descriptor.of(MediaType.OCI_MANIFEST, bytes), bytes, "1");
    events.clear();
  }
}
