package dev.cooper.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cooper.PlainRuntime;
import dev.cooper.TestImages;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.oci.registry.RemoteContent;
import dev.cooper.transfer.ImageImport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry that gives a layer slowly, and others who share its store. */
class SlowRegistryTest {
  private static final Platform PLATFORM = Platform.current();

  @TempDir Path temp;
  private final Map<String, byte[]> served = new ConcurrentHashMap<>();
  private final List<String> blobs = new CopyOnWriteArrayList<>();
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch open = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void stop() {
    open.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] body = served.get(path);
      if (body == null) {
        exchange.sendResponseHeaders(path.equals("/v2/") ? 200 : 404, -1);
        return;
      }
      exchange.getResponseHeaders().add("Content-Type", MediaType.OCI_MANIFEST.value());
      exchange.sendResponseHeaders(200, body.length);
      boolean layer = path.contains("/blobs/") && body.length > 1000;
      if (layer) {
        blobs.add(path);
      }
      if (layer && path.contains("slow")) {
        exchange.getResponseBody().write(body, 0, 10);
        exchange.getResponseBody().flush();
        asked.countDown();
        await(open);
        exchange.getResponseBody().write(body, 10, body.length - 10);
      } else {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** The same layer for all; compressed it is another blob of the same diffID. */
  private void serve(String repository, Compression compression) throws IOException {
    byte[] tar = TestImages.greeting("x");
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = compression.compress(packed)) {
      out.write(tar);
    }
    byte[] layer = compression == Compression.NONE ? tar : padded(packed.toByteArray());
    MediaType type =
        compression == Compression.NONE ? MediaType.OCI_LAYER : MediaType.OCI_LAYER_GZIP;
    byte[] config = ImageConfig.of(PLATFORM).withDiffId(Digest.sha256(tar)).toBytes();
    Descriptor layerBlob = Descriptor.of(type, layer);
    Descriptor configBlob = Descriptor.of(MediaType.OCI_CONFIG, config);
    String place = "/v2/" + repository;
    served.put(place + "/blobs/" + layerBlob.digest(), layer);
    served.put(place + "/blobs/" + configBlob.digest(), config);
    served.put(
        place + "/manifests/latest",
        Manifest.of(MediaType.OCI_MANIFEST, configBlob, List.of(layerBlob)).toBytes());
  }

  /** With an empty member of gzip after another, so that it is long enough to be known by that. */
  private static byte[] padded(byte[] gzip) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(gzip);
    while (all.size() <= 1000) {
      ByteArrayOutputStream empty = new ByteArrayOutputStream();
      Compression.GZIP.compress(empty).close();
      all.write(empty.toByteArray());
    }
    return all.toByteArray();
  }

  private StoredImage pull(Store store, String repository) throws IOException {
    ImageReference reference =
        ImageReference.parse("127.0.0.1:" + server.getAddress().getPort() + "/" + repository);
    try (RegistryClient client =
            RegistryClient.builder().credentials(CredentialsProvider.NONE).build();
        RemoteContent content = client.open(reference)) {
      return new ImageImport(store, new PlainRuntime(path -> {}), notice -> {})
          .one(content, content.root().descriptor(), PLATFORM, reference);
    }
  }

  /** Nobody need wait for a pull that failed before it asked for the layer. */
  private StoredImage pullOrTell(Store store) throws IOException {
    try {
      return pull(store, "slow");
    } finally {
      asked.countDown();
    }
  }

  @Test
  void layerThatComesSlowlyHoldsUpNobodyElse() throws Exception {
    serve("slow", Compression.NONE);
    serve("fast", Compression.GZIP);
    try (Store one = TestImages.open(temp.resolve("store"));
        Store two = TestImages.open(temp.resolve("store"))) {
      Future<StoredImage> slow = threads.submit(() -> pullOrTell(one));
      await(asked);
      if (slow.isDone()) {
        slow.get(); // which throws why
      }
      for (Store each : new Store[] {two, one}) {
        StoredImage fast = threads.submit(() -> pull(each, "fast")).get(60, TimeUnit.SECONDS);
        assertThat(fast.config().diffIds()).hasSize(1);
      }
      assertThat(slow.isDone()).isFalse();
      open.countDown();
      assertThat(slow.get().config().diffIds()).hasSize(1);
      assertThat(one.layer(slow.get().config().diffIds().get(0)).resolve("tree/greeting"))
          .hasContent("x");
    }
  }

  /** Several who want the same blob at once read it once. */
  @Test
  void blobThatSeveralWantIsReadOnce() throws Exception {
    serve("app", Compression.NONE);
    try (Store one = TestImages.open(temp.resolve("store"));
        Store two = TestImages.open(temp.resolve("store"))) {
      List<Future<StoredImage>> all =
          List.of(
              threads.submit(() -> pull(one, "app")),
              threads.submit(() -> pull(two, "app")),
              threads.submit(() -> pull(one, "app")));
      for (Future<StoredImage> each : all) {
        each.get();
      }
      assertThat(blobs).hasSize(1);
    }
  }

  @Test
  void turnWhoseHolderHasStalledIsNotWaitedFor() throws Exception {
    Digest blob = Digest.sha256(new byte[] {1});
    try (Store store = TestImages.open(temp.resolve("store"))) {
      try (FileLocks.Held held = new FetchLock(store, blob).await(() -> {})) {
        assertThat(held).isNotNull();
        Path gain = store.lockFile("gain-" + blob.hex().substring(0, 3));
        Files.setLastModifiedTime(gain, FileTime.fromMillis(System.currentTimeMillis() - 60_000));
        Future<FileLocks.Held> other =
            threads.submit(
                () -> new FetchLock(store, blob, Duration.ofSeconds(30)).await(() -> {}));
        assertThat(other.get(60, TimeUnit.SECONDS)).isNull();
      }
      try (FileLocks.Held held = new FetchLock(store, blob).await(() -> {})) {
        assertThat(held).isNotNull();
      }
    }
  }
}
