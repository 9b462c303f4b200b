package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
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

  @Test
  void noMoreUploadsThanAllowedRunAtATime() throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    server.on("HEAD /v2/many/blobs/.*", answer -> answer.send(404));
    server.on(
        "POST /v2/many/blobs/uploads/",
        answer -> answer.with("Location", "/v2/many/blobs/uploads/1").send(202));
    server.on(
        "PUT /v2/many/blobs/uploads/1",
        answer -> {
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          try {
            Thread.sleep(100); // long enough for another to come
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          running.decrementAndGet();
          answer.send(201);
        });
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try (RegistryClient two = builder().parallelPerHost(2).build()) {
      RemoteWriter writer = two.writer(server.reference("many:1"));
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        byte[] bytes = {(byte) i};
        Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, bytes);
        all.add(
            pool.submit(
                () -> {
                  writer.blob(blob, () -> new ByteArrayInputStream(bytes));
                  return blob;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(most).hasValue(2);
  }

  @Test
  void listenerIsToldHowFarEachBlobIs() throws IOException {
    byte[] large = new byte[3 << 20];
    Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, large);
    List<TransferEvent> events = new CopyOnWriteArrayList<>();
    server.on("HEAD /v2/copy/blobs/.*", answer -> answer.send(404));
    server.on("GET /v2/big/blobs/.*", answer -> answer.send(200, large));
    server.on(
        "GET /v2/big/manifests/1",
        answer -> answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, manifest));
    try (RegistryClient told = builder().progress(events::add).build()) {
      told.writer(server.reference("copy:1")).blob(blob, () -> new ByteArrayInputStream(large));
      requireWhole(events, Transfer.Direction.UPLOAD, blob);
      events.clear();
      try (RemoteContent from = told.open(server.reference("big:1"));
          InputStream in = from.open(blob)) {
        assertThat(in.readAllBytes()).isEqualTo(large);
      }
      requireWhole(events, Transfer.Direction.DOWNLOAD, blob);
    }
  }

  private static void requireWhole(
      List<TransferEvent> events, Transfer.Direction direction, Descriptor blob) {
    List<Long> done =
        events.stream()
            .filter(TransferEvent.Progressed.class::isInstance)
            .map(event -> ((TransferEvent.Progressed) event).done())
            .toList();
    assertThat(done).isSorted().hasSizeBetween(3, 7).endsWith(blob.size());
    assertThat(events.get(0)).isInstanceOf(TransferEvent.Started.class);
    assertThat(events)
        .allMatch(event -> event.transfer().direction() == direction)
        .allMatch(event -> event.transfer().blob().equals(blob));
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new TransferEvent.Ended(events.get(0).transfer(), Transfer.Outcome.TRANSFERRED));
  }
}
