package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One blob at a time: what waits for itself would do so for ever. */
@Timeout(60)
class TransferLimitsTest extends HostileRegistry {
  private final List<byte[]> stored = new CopyOnWriteArrayList<>();
  private final byte[] content = image.blobs.get(layer);

  /** A registry that mounts nothing. */
  @BeforeEach
  void serve() {
    server.on("HEAD /v2/copy/blobs/.*", answer -> answer.send(404));
    server.on("GET /v2/app/blobs/.*", answer -> answer.send(200, content));
    server.on(
        "POST /v2/copy/blobs/uploads/",
        answer -> answer.with("Location", "/v2/copy/blobs/uploads/1").send(202));
    server.on(
        "P(UT|ATCH) /v2/copy/blobs/uploads/1",
        answer -> {
          stored.add(answer.body);
          boolean patch = answer.exchange().getRequestMethod().equals("PATCH");
          answer.with("Location", "/v2/copy/blobs/uploads/1").send(patch ? 202 : 201);
        });
  }

  @Test
  void copyWithinOneRegistryNeedsOneTransfer() throws IOException {
    try (RegistryClient one = builder().parallelPerHost(1).build();
        RemoteContent from = one.open(app())) {
      one.writer(server.reference("copy:1")).blob(layer, () -> from.open(layer), List.of("app"));
    }
    assertThat(stored).containsExactly(content);
  }

  @Test
  void downloadThatIsUploadedInPiecesNeedsOneTransferEachWay() throws IOException {
    try (RegistryClient one = builder().parallelPerHost(1).build();
        RemoteContent from = one.open(app());
        InputStream in = from.open(layer)) {
      assertThat(one.writer(server.reference("copy:1")).blob(layer.mediaType(), in))
          .isEqualTo(Descriptor.of(layer.mediaType(), content));
    }
    assertThat(stored).contains(content);
  }

  /** In pieces after a proxy that cuts long requests off, from a source in the same registry. */
  @Test
  void copyInPiecesNeedsOneTransfer() throws IOException {
    boolean[] refused = {false};
    FakeServer.Handler all = answer -> answer.send(413);
    FakeServer.Handler stores =
        answer -> {
          stored.add(answer.body);
          answer.send(201);
        };
    server.on(
        "PUT /v2/copy2/blobs/uploads/1",
        answer -> {
          (refused[0] ? stores : all).answer(answer);
          refused[0] = true;
        });
    server.on("HEAD /v2/copy2/blobs/.*", answer -> answer.send(404));
    server.on(
        "P(OST|ATCH) /v2/copy2/blobs/uploads/1?",
        answer -> {
          stored.add(answer.body);
          answer.with("Location", "/v2/copy2/blobs/uploads/1").send(202);
        });
    try (RegistryClient one = builder().parallelPerHost(1).build();
        RemoteContent from = one.open(app())) {
      one.writer(server.reference("copy2:1")).blob(layer, () -> from.open(layer));
    }
    assertThat(stored).contains(content);
  }

  @Test
  void listenerThatThrowsHoldsNoTransferBack() throws IOException {
    boolean[] angry = {true};
    try (RegistryClient one =
            builder()
                .parallelPerHost(1)
                .progress(
                    event -> {
                      if (angry[0]) {
                        throw new IllegalStateException("a listener's own");
                      }
                    })
                .build();
        RemoteContent from = one.open(app())) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      assertThatThrownBy(() -> from.open(layer)).hasMessageContaining("a listener's own");
      assertThatThrownBy(() -> writer.blob(layer, () -> new ByteArrayInputStream(content)))
          .hasMessageContaining("a listener's own");
      angry[0] = false;
      try (InputStream in = from.open(layer)) {
        angry[0] = true;
        assertThatThrownBy(in::close).hasMessageContaining("a listener's own");
        angry[0] = false;
      }
      try (InputStream in = from.open(layer)) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
      writer.blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
    }
  }
}
