package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.layout.TestImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tag is deleted in a registry that deletes manifests only, while somebody else pushes.
 *
 * <pre>
 *   the client ── the way ── docker-registry
 *                    └── somebody else, just before a manifest is deleted
 * </pre>
 */
class DeletionIT {
  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");
  private final TestImage another = TestImage.of("y");
  private final AtomicReference<Runnable> meanwhile = new AtomicReference<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private TestRegistry registry;
  private FakeServer way;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    registry = TestRegistry.plain(temp);
    way = FakeServer.plain();
    way.on("DELETE .*/manifests/sha256:.*", this::deleteAfterwards).on(".*", this::passOn);
    client = RegistryClient.builder().build();
    push(image, "1");
    push(another, "another");
  }

  @AfterEach
  void stop() {
    if (client != null) {
      client.close();
      way.close();
      registry.close();
    }
  }

  private void push(TestImage pushed, String tag) {
    try {
      RemoteWriter writer = client.writer(app(tag));
      for (Map.Entry<Descriptor, byte[]> each : pushed.blobs.entrySet()) {
        if (!each.getKey().mediaType().isManifest()) {
          writer.blob(each.getKey(), () -> new ByteArrayInputStream(each.getValue()), List.of());
        }
      }
      writer.manifest(pushed.descriptor, pushed.manifest.toBytes(), tag);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ImageReference app(String tag) {
    return registry.reference("team/app:" + tag);
  }

  private void deleteAfterwards(FakeServer.Answer answer) throws IOException {
    meanwhile.get().run();
    passOn(answer);
  }

  private void passOn(FakeServer.Answer answer) throws IOException {
    HttpExchange exchange = answer.exchange();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://" + registry.address() + exchange.getRequestURI()))
            .method(
                exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(answer.body));
    exchange.getRequestHeaders().getOrDefault("Accept", List.of()).stream()
        .forEach(accept -> request.header("Accept", accept));
    HttpResponse<byte[]> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    }
    boolean head = exchange.getRequestMethod().equals("HEAD");
    response
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (head || !name.equalsIgnoreCase("Content-Length")) {
                values.forEach(value -> answer.with(name, value));
              }
            });
    answer.send(response.statusCode(), response.body());
  }

  private void deleteTag(String tag, Runnable somebodyElse) throws IOException {
    meanwhile.set(somebodyElse);
    client.delete(way.reference("team/app:" + tag));
    assertThat(way.requests)
        .endsWith("DELETE /v2/team/app/manifests/" + image.descriptor.digest())
        .contains("DELETE /v2/team/app/manifests/" + tag);
  }

  @Test
  void tagThatSomebodyGivesTheManifestMeanwhileGoesWithIt() throws IOException {
    deleteTag("1", () -> push(image, "2"));
    assertThat(client.find(app("1"))).isEmpty();
    assertThat(client.find(app("2"))).isEmpty();
    assertThat(client.tags(app("1"))).containsExactly("another");
    // Its blobs are there still: to push it again is all that there is to do.
    push(image, "2");
    assertThat(client.find(app("2"))).isPresent();
    assertThat(client.find(app("1"))).isEmpty();
  }

  @Test
  void tagThatSomebodyMovesMeanwhileStaysWhereItLeadsThen() throws IOException {
    deleteTag("1", () -> push(another, "1"));
    assertThat(client.find(app("1")).orElseThrow().digest()).isEqualTo(another.descriptor.digest());
    assertThat(client.find(app("1").withDigest(image.descriptor.digest()))).isEmpty();
    assertThat(client.tags(app("1"))).containsExactlyInAnyOrder("1", "another");
  }
}
