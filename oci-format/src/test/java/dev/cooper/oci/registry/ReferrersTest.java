package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.TestImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A registry that knows referrers itself, as OCI's distribution-spec 1.1 asks. */
class ReferrersTest {
  private static final MediaType SIGNATURE = new MediaType("application/vnd.example.signature");
  private static final MediaType BILL = new MediaType("application/vnd.example.sbom+json");

  private final TestImage image = TestImage.of("x");
  private FakeServer server;
  private RegistryClient client;
  private ImageReference subject;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    client = RegistryClient.builder().timing(new FakeTiming()).build();
    subject = server.reference("app:1").withDigest(image.descriptor.digest());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private static Descriptor artifact(int number, MediaType type) {
    Descriptor plain = Descriptor.of(MediaType.OCI_MANIFEST, new byte[] {(byte) number});
    return Referrers.described(plain, type, Map.of());
  }

  @Test
  void referrersComeFromEachPageAndAreFilteredWhereTheRegistryDoesNot() throws IOException {
    server.on(
        "GET /v2/app/referrers/.*",
        answer -> {
          boolean second = answer.query().contains("page=2");
          byte[] page =
              Index.of(
                      second
                          ? List.of(artifact(3, SIGNATURE))
                          : List.of(artifact(1, SIGNATURE), artifact(2, BILL)))
                  .toBytes();
          if (!second) {
            answer.with("Link", "<?page=2>; rel=\"next\"");
          }
          answer.with("Content-Type", MediaType.OCI_INDEX.value()).send(200, page);
        });
    assertThat(client.referrers(subject, null).manifests())
        .containsExactly(artifact(1, SIGNATURE), artifact(2, BILL), artifact(3, SIGNATURE));
    assertThat(client.referrers(subject, SIGNATURE).manifests())
        .containsExactly(artifact(1, SIGNATURE), artifact(3, SIGNATURE));
    assertThat(server.requests)
        .contains(
            "GET /v2/app/referrers/"
                + image.descriptor.digest()
                + "?artifactType=application%2Fvnd.example.signature");
  }

  @Test
  void referrersOfATagAreRefused() {
    ImageReference tag = server.reference("app:1");
    assertThatThrownBy(() -> client.referrers(tag, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no digest");
  }

  @Test
  void manifestWithASubjectThatTheRegistryNotedIsListedByNobodyElse() throws IOException {
    Descriptor config = Descriptor.of(MediaType.OCI_EMPTY, new byte[] {'{', '}'});
    byte[] bytes =
        new Manifest(
                MediaType.OCI_MANIFEST,
                config,
                List.of(config),
                new TreeMap<>(),
                image.descriptor.withPlatform(null),
                SIGNATURE,
                Map.of())
            .toBytes();
    Digest digest = Digest.sha256(bytes);
    server.on(
        "PUT /v2/app/manifests/.*",
        answer ->
            answer
                .with("OCI-Subject", image.descriptor.digest().toString())
                .with("Docker-Content-Digest", digest.toString())
                .send(201));
    client.writer(subject).manifest(Descriptor.of(MediaType.OCI_MANIFEST, bytes), bytes, null);
    assertThat(server.requests)
        .filteredOn(each -> !each.endsWith("/v2/"))
        .containsExactly("PUT /v2/app/manifests/" + digest);
  }

  @Test
  void manifestStoredUnderAnotherDigestIsRefused() {
    byte[] bytes = image.manifest.toBytes();
    server.on(
        "PUT /v2/app/manifests/.*",
        answer ->
            answer.with("Docker-Content-Digest", Digest.sha256(new byte[0]).toString()).send(201));
    assertThatThrownBy(() -> client.writer(subject).manifest(image.descriptor, bytes, "1"))
        .hasMessageContaining("expected " + image.descriptor.digest());
    assertThatThrownBy(() -> client.writer(subject).manifest(image.descriptor, new byte[] {1}, "1"))
        .hasMessageContaining("found 1 bytes");
  }

  @Test
  void deletionThatTheRegistryDoesNotAllowSaysSo() {
    server.on(
        "DELETE .*",
        answer ->
            answer.sendText(
                405,
                "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"The operation is"
                    + " unsupported.\"}]}"));
    assertThatThrownBy(() -> client.delete(subject))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("answered 405 (UNSUPPORTED: The operation is unsupported.)");
  }

  /** Two at once, where clients keep the list: neither takes the other's entry away. */
  @Test
  void referrersThatAreAddedAtOnceAreAllListed() throws Exception {
    byte[][] index = {Index.of(List.of()).toBytes()};
    String tag = "/v2/app/manifests/sha256-" + image.descriptor.digest().hex();
    server.on(
        "GET " + tag,
        answer -> answer.with("Content-Type", MediaType.OCI_INDEX.value()).send(200, index[0]));
    server.on(
        "PUT " + tag,
        answer -> {
          index[0] = answer.body;
          answer.send(201);
        });
    server.on("PUT /v2/app/manifests/.*", answer -> answer.send(201));
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (RegistryClient other = RegistryClient.builder().timing(new FakeTiming()).build()) {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        byte[] bytes = signature(i);
        RemoteWriter writer = (i % 2 == 0 ? client : other).writer(subject);
        all.add(
            threads.submit(
                () -> {
                  writer.manifest(Descriptor.of(MediaType.OCI_MANIFEST, bytes), bytes, null);
                  return true;
                }));
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(Index.parse(index[0]).manifests()).hasSize(16);
  }

  /** Another JVM wrote in between. */
  @Test
  void referrerThatWasOverwrittenIsListedOnceMore() throws IOException {
    byte[] empty = Index.of(List.of()).toBytes();
    byte[][] index = {empty};
    int[] puts = {0};
    String tag = "/v2/app/manifests/sha256-" + image.descriptor.digest().hex();
    server.on(
        "GET " + tag,
        answer -> answer.with("Content-Type", MediaType.OCI_INDEX.value()).send(200, index[0]));
    server.on(
        "PUT " + tag,
        answer -> {
          index[0] = puts[0]++ == 0 ? empty : answer.body;
          answer.send(201);
        });
    server.on("PUT /v2/app/manifests/.*", answer -> answer.send(201));
    byte[] bytes = signature(0);
    client.writer(subject).manifest(Descriptor.of(MediaType.OCI_MANIFEST, bytes), bytes, null);
    assertThat(puts[0]).isEqualTo(2);
    assertThat(Index.parse(index[0]).manifests()).hasSize(1);
  }

  private byte[] signature(int number) {
    Descriptor config = Descriptor.of(MediaType.OCI_EMPTY, new byte[] {'{', '}'});
    return new Manifest(
            MediaType.OCI_MANIFEST,
            config,
            List.of(config),
            new TreeMap<>(Map.of("number", Integer.toString(number))),
            image.descriptor.withPlatform(null),
            SIGNATURE,
            Map.of())
        .toBytes();
  }
}
