package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.TestImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A registry that gives something else than was asked for. */
class HostileContentTest {
  private static final String MANIFEST = "GET /v2/app/manifests/.*";
  private static final String BLOB = "GET /v2/app/blobs/.*";

  private final TestImage image = TestImage.of("x");
  private final byte[] manifest = image.manifest.toBytes();
  private FakeServer server;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    client = RegistryClient.builder().timing(new FakeTiming()).build();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private void gives(String type, byte[] body, String... headers) {
    server.on(
        MANIFEST,
        answer -> {
          for (int i = 0; i < headers.length; i += 2) {
            answer.with(headers[i], headers[i + 1]);
          }
          answer.with("Content-Type", type).send(200, body);
        });
  }

  private void assertRefused(String message) {
    assertRefused(server.reference("app:1"), message);
  }

  private void assertRefused(ImageReference reference, String message) {
    assertThatThrownBy(() -> client.open(reference))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("http://" + server.address() + "/v2/app/manifests/");
  }

  private RemoteContent opened() throws IOException {
    gives(MediaType.OCI_MANIFEST.value(), manifest);
    return client.open(server.reference("app:1"));
  }

  /** CVE-2021-41190: two readers could see two images. */
  @Test
  void manifestWhoseHeaderAndBodyDifferIsRefused() {
    gives(MediaType.OCI_INDEX.value(), manifest);
    assertRefused("a document is either a manifest or an index");
  }

  @Test
  void manifestOfDockersTypeUnderOcisHeaderIsRefused() {
    gives(MediaType.DOCKER_MANIFEST.value(), manifest);
    assertRefused("manifest.mediaType: found " + MediaType.OCI_MANIFEST);
  }

  /** CVE-2021-41190. */
  @Test
  void manifestThatIsAlsoAnIndexIsRefusedUnderEachHeader() {
    String text = new String(manifest, StandardCharsets.UTF_8);
    byte[] both = text.replaceFirst("\\{", "{\"manifests\":[],").getBytes(StandardCharsets.UTF_8);
    for (MediaType type : List.of(MediaType.OCI_MANIFEST, MediaType.OCI_INDEX)) {
      gives(type.value(), both);
      assertRefused("a document is either a manifest or an index");
    }
  }

  @Test
  void manifestOfSchemaOneIsRefused() {
    gives(
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8));
    assertRefused("expected an OCI or Docker (schema 2) manifest or index");
  }

  @Test
  void manifestWithoutTypeInHeaderAndBodyIsRefused() {
    gives("application/json", "{\"schemaVersion\":2}".getBytes(StandardCharsets.UTF_8));
    assertRefused("mediaType");
  }

  @Test
  void manifestUnderAnUnspecificHeaderIsWhatItsBodySays() throws IOException {
    gives("application/json; charset=utf-8", manifest);
    assertThat(client.open(server.reference("app:1")).root().descriptor().mediaType())
        .isEqualTo(MediaType.OCI_MANIFEST);
  }

  /** CVE-2025-24882: a pin that nobody checks. */
  @Test
  void pinnedDigestAnsweredWithOtherContentIsRefused() {
    byte[] other = TestImage.of("y").manifest.toBytes();
    ImageReference pinned = server.reference("app:1").withDigest(image.descriptor.digest());
    gives(MediaType.OCI_MANIFEST.value(), other);
    assertRefused(pinned, "expected " + image.descriptor.digest());
    gives(
        MediaType.OCI_MANIFEST.value(),
        other,
        "Docker-Content-Digest",
        image.descriptor.digest().toString());
    assertRefused(pinned, "expected " + image.descriptor.digest());
    assertThat(server.requests).contains("GET /v2/app/manifests/" + image.descriptor.digest());
  }

  /** By digest the bytes decide, and what a header says does not matter. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "",
        "x",
        "sha256:"
      })
  void pinnedDigestIsReadWhateverTheHeaderSays(String header) throws IOException {
    ImageReference pinned = server.reference("app:1").withDigest(image.descriptor.digest());
    server.on(
        "HEAD /v2/app/manifests/.*",
        answer ->
            answer
                .with("Docker-Content-Digest", header)
                .with("Content-Type", MediaType.OCI_MANIFEST.value())
                .with("Content-Length", "10")
                .send(200));
    gives(MediaType.OCI_MANIFEST.value(), manifest, "Docker-Content-Digest", header);
    Descriptor own = image.descriptor.withPlatform(null);
    assertThat(client.find(pinned)).contains(own);
    assertThat(client.open(pinned).root().descriptor()).isEqualTo(own);
  }

  @Test
  void pinnedDigestThatHeadAndBytesContradictIsRefused() {
    ImageReference pinned = server.reference("app:1").withDigest(image.descriptor.digest());
    byte[] other = "{\"schemaVersion\":2}".getBytes(StandardCharsets.UTF_8);
    gives(MediaType.OCI_MANIFEST.value(), other);
    assertRefused(pinned, "expected " + image.descriptor.digest());
  }

  /** A header that is no digest says nothing about a tag's content. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", " ", "\"\""})
  void tagIsReadWhenTheHeaderIsMalformed(String header) throws IOException {
    server.on(
        "HEAD " + MANIFEST.substring(4),
        answer -> answer.with("Docker-Content-Digest", header).send(200));
    gives(MediaType.OCI_MANIFEST.value(), manifest, "Docker-Content-Digest", header);
    Descriptor own = image.descriptor.withPlatform(null);
    assertThat(client.open(server.reference("app:1")).root().descriptor()).isEqualTo(own);
    assertThat(client.find(server.reference("app:1"))).contains(own);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json", "application/octet-stream", "binary/octet-stream", "text/plain",
        "application/json; charset=utf-8", "", "nonsense", "/"
      })
  void documentWithoutATypeUnderAGeneralHeaderIsReadByItsShape(String type) throws IOException {
    String text = new String(manifest, StandardCharsets.UTF_8);
    String own = "\"mediaType\":\"" + MediaType.OCI_MANIFEST + "\",";
    byte[] plain =
        text.replaceFirst(java.util.regex.Pattern.quote(own), "").getBytes(StandardCharsets.UTF_8);
    assertThat(plain).hasSizeLessThan(manifest.length);
    gives(type, plain);
    assertThat(client.open(server.reference("app:1")).root().descriptor())
        .isEqualTo(Descriptor.of(MediaType.OCI_MANIFEST, plain));
    byte[] index = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    gives(type, index);
    assertThat(client.open(server.reference("app:1")).root().descriptor())
        .isEqualTo(Descriptor.of(MediaType.OCI_INDEX, index));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
        "{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}",
        "{\"schemaVersion\":2,\"manifests\":null,\"layers\":null}",
        "{\"schemaVersion\":2}",
        "{\"schemaVersion\":1,\"fsLayers\":[]}",
        "{\"manifests\":[]}",
        "{\"schemaVersion\":2,\"manifests\":[],\"layer\u017f\":[]}",
        "[]"
      })
  void documentOfNoClearShapeIsRefused(String text) {
    gives("application/json", text.getBytes(StandardCharsets.UTF_8));
    assertRefused("manifest");
  }

  @Test
  void tagWhoseHeaderNamesAnotherDigestIsRefused() {
    gives(
        MediaType.OCI_MANIFEST.value(),
        manifest,
        "Docker-Content-Digest",
        Digest.sha256(new byte[0]).toString());
    assertRefused("not what its header says");
  }

  /** CVE-2024-3727: a digest is no path. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sha256:../../x",
        "sha256:ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
        "sha256:abc",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha256"
      })
  void malformedDigestIsRefusedBeforeAnythingIsAskedForByIt(String digest) throws IOException {
    String text = new String(manifest, StandardCharsets.UTF_8);
    gives(
        MediaType.OCI_MANIFEST.value(),
        text.replace(image.manifest.config().digest().toString(), digest)
            .getBytes(StandardCharsets.UTF_8));
    assertRefused("manifest.config.digest");
    assertThat(server.requests).noneMatch(each -> each.contains("/blobs/"));
  }

  private static Descriptor of(Descriptor blob, long size) {
    return Descriptor.of(blob.mediaType(), blob.digest(), size);
  }

  /** A descriptor whose size is not its blob's. */
  @Test
  void blobOfAnotherSizeIsRefused() throws IOException {
    Descriptor layer = image.manifest.layers().get(0);
    byte[] content = image.blobs.get(layer);
    server.on(BLOB, answer -> answer.send(200, content));
    try (RemoteContent opened = opened()) {
      for (long size : new long[] {layer.size() - 1, layer.size() + 1, 1L << 36}) {
        assertThatThrownBy(() -> opened.open(of(layer, size)))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("has " + layer.size() + " bytes, expected " + size);
      }
      assertThatThrownBy(() -> opened.open(of(layer, Long.MAX_VALUE)))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("over the limit layerBytes of 68719476736");
    }
  }

  @Test
  void blobThatHidesItsSizeIsFoundOutWhileItIsRead() throws IOException {
    Descriptor layer = image.manifest.layers().get(0);
    byte[] content = image.blobs.get(layer);
    server.on(
        BLOB,
        answer -> {
          answer.exchange().sendResponseHeaders(200, 0);
          answer.exchange().getResponseBody().write(content);
        });
    try (RemoteContent opened = opened()) {
      try (InputStream in = opened.open(of(layer, layer.size() - 1))) {
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("has more than");
      }
      try (InputStream in = opened.open(of(layer, layer.size() + 1))) {
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("failed after " + layer.size() + " of");
      }
    }
  }

  @Test
  void negativeSizeIsRefusedBeforeAnything() {
    String text = new String(manifest, StandardCharsets.UTF_8);
    gives(
        MediaType.OCI_MANIFEST.value(),
        text.replaceFirst("\"size\":[0-9]+", "\"size\":-1").getBytes(StandardCharsets.UTF_8));
    assertRefused("size: found -1");
  }

  @Test
  void blobOfOtherContentIsRefusedBeforeItsLastByte() throws IOException {
    Descriptor layer = image.manifest.layers().get(0);
    byte[] content = image.blobs.get(layer).clone();
    content[0]++;
    server.on(BLOB, answer -> answer.send(200, content));
    try (RemoteContent opened = opened();
        InputStream in = opened.open(layer)) {
      in.readNBytes(content.length - 1);
      assertThatThrownBy(in::read)
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("content of blob " + layer.digest() + " has the digest");
    }
  }

  /** A range that lies: other bytes under a header that says they are those asked for. */
  @Test
  void rangeThatLiesIsFoundOutByTheDigest() throws IOException {
    byte[] content = new byte[300_000];
    new java.util.Random(1).nextBytes(content);
    Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, content);
    server.on(
        BLOB,
        answer -> {
          String range = answer.header("Range");
          if (range == null) {
            answer.sendShort(200, content.length, java.util.Arrays.copyOf(content, 200_000));
            return;
          }
          int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
          answer
              .with(
                  "Content-Range",
                  "bytes " + from + "-" + (content.length - 1) + "/" + content.length)
              .send(206, java.util.Arrays.copyOf(content, content.length - from));
        });
    try (RemoteContent opened = opened();
        InputStream in = opened.open(blob)) {
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("content of blob " + blob.digest());
    }
  }

  @Test
  void embeddedDataThatDiffersIsRefused() {
    String text = new String(manifest, StandardCharsets.UTF_8);
    gives(
        MediaType.OCI_MANIFEST.value(),
        text.replaceFirst("\"size\":", "\"data\":\"AAAA\",\"size\":")
            .getBytes(StandardCharsets.UTF_8));
    assertRefused("embedded data");
  }

  /** As Docker reads it; a config that names layers does not fit it, and is refused. */
  @Test
  void manifestWithNullLayersHasNone() throws IOException {
    gives(
        MediaType.OCI_MANIFEST.value(),
        ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                + "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
                + "\"digest\":\""
                + image.manifest.config().digest()
                + "\",\"size\":2},\"layers\":null}")
            .getBytes(StandardCharsets.UTF_8));
    RemoteManifest root = client.open(server.reference("app:1")).root();
    assertThat(Manifest.parse(root.bytes().toBytes()).layers()).isEmpty();
    ImageConfig config = ImageConfig.of(Platform.of("linux", "amd64")).withDiffId(layerDigest());
    assertThatThrownBy(() -> config.requireLayers(Manifest.parse(root.bytes().toBytes())))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("found 0 layers, expected 1");
  }

  private static Digest layerDigest() {
    return Digest.sha256(new byte[0]);
  }

  @Test
  void manifestThatIsNestedTooDeepIsRefused() {
    gives(
        MediaType.OCI_MANIFEST.value(),
        ("{\"mediaType\":" + "[".repeat(100_000)).getBytes(StandardCharsets.UTF_8));
    assertRefused("no valid JSON");
  }

  @Test
  void manifestOverFourMebibytesIsRefusedByItsHeaderAlone() {
    server.on(
        MANIFEST,
        answer ->
            answer
                .with("Content-Type", MediaType.OCI_MANIFEST.value())
                .sendShort(200, ImageLimits.DEFAULT.documentBytes() + 1L, new byte[10]));
    assertRefused("over the limit documentBytes of 4194304");
  }

  @Test
  void manifestWithoutAnEndIsRefusedInBoundedMemory() {
    server.on(
        MANIFEST,
        answer -> answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).sendEndless(200));
    assertRefused("over the limit documentBytes of 4194304");
  }

  @Test
  void configOverFourMebibytesIsNotAskedFor() throws IOException {
    try (RemoteContent opened = opened()) {
      Descriptor config = of(image.manifest.config(), ImageLimits.DEFAULT.documentBytes() + 1L);
      assertThatThrownBy(() -> opened.read(config))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(
              "over the limit documentBytes of " + ImageLimits.DEFAULT.documentBytes());
    }
    assertThat(server.requests).noneMatch(each -> each.contains("/blobs/"));
  }

  @Test
  void indexEntryOfAnotherSizeOrTypeIsRefused() throws IOException {
    try (RemoteContent opened = opened()) {
      Descriptor root = opened.root().descriptor();
      assertThatThrownBy(() -> opened.read(of(root, root.size() + 1)))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("of " + root.size() + " bytes, expected");
      assertThatThrownBy(() -> opened.read(root.withMediaType(MediaType.OCI_INDEX)))
          .isInstanceOf(ContentException.class);
    }
  }

  @Test
  void errorPageWithoutAnEndIsCut() {
    server.on(MANIFEST, answer -> answer.sendEndless(403));
    assertThatThrownBy(() -> client.open(server.reference("app:1")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("answered 403");
  }

  @Test
  void errorTextIsShownWithoutControlCharactersAndBounded() {
    server.on(
        MANIFEST,
        answer ->
            answer.sendText(
                403,
                "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\u001b[2J\\n"
                    + "x".repeat(10_000)
                    + "\"}]}"));
    assertThatThrownBy(() -> client.open(server.reference("app:1")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("DENIED: no [2J x")
        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1000))
        .satisfies(e -> assertThat(((RegistryException) e).codes()).containsExactly("DENIED"));
  }

  @Test
  void tagListWithoutAnEndIsGivenUp() {
    server.on(
        "GET /v2/app/tags/list",
        answer ->
            answer
                .with("Link", "</v2/app/tags/list?n=1&last=a>; rel=\"next\"")
                .sendText(200, "{\"name\":\"app\",\"tags\":[\"a\"]}"));
    assertThatThrownBy(() -> client.tags(server.reference("app:1")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("a list without an end");
  }

  /** A byte now and then is as good as none: it would hold its reader for ever. */
  @Test
  void answerThatDripsIsGivenUp() throws IOException {
    server.on(
        MANIFEST,
        answer -> {
          answer.exchange().sendResponseHeaders(200, 0);
          try (OutputStream out = answer.exchange().getResponseBody()) {
            while (true) {
              out.write(' ');
              out.flush();
              LockSupport.parkNanos(20_000_000);
            }
          }
        });
    try (RegistryClient hasty =
        RegistryClient.builder()
            .timing(new FakeTiming())
            .retries(0)
            .stallTimeout(java.time.Duration.ofSeconds(2))
            .build()) {
      assertThatThrownBy(() -> hasty.open(server.reference("app:1")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("bytes came in");
    }
  }

  /** Limits count bytes too: a page of few entries can be as long as a document may be. */
  @Test
  void tagListOfLongEntriesIsGivenUp() {
    String entry = "x".repeat(4_000_000);
    AtomicInteger page = new AtomicInteger();
    server.on(
        "GET /v2/app/tags/list",
        answer ->
            answer
                .with(
                    "Link", "</v2/app/tags/list?last=" + page.incrementAndGet() + ">; rel=\"next\"")
                .sendText(200, "{\"name\":\"app\",\"tags\":[\"" + entry + "\"]}"));
    assertThatThrownBy(() -> client.tags(server.reference("app:1")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("bytes of memory");
    assertThat(page.get()).isLessThan(70);
  }

  @Test
  void tagListGoesOnFromPageToPage() throws IOException {
    server.on(
        "GET /v2/app/tags/list",
        answer -> {
          if (answer.query().contains("last=b")) {
            answer.sendText(200, "{\"name\":\"app\",\"tags\":null}");
            return;
          }
          String last = answer.query().contains("last=a") ? "b" : "a";
          answer
              .with("Link", "</v2/app/tags/list?last=" + last + ">; rel=\"next\"")
              .sendText(200, "{\"name\":\"app\",\"tags\":[\"" + last + "\"]}");
        });
    assertThat(client.tags(server.reference("app:1"))).containsExactly("a", "b");
  }

  private Descriptor foreign(String url) {
    byte[] content = {1, 2, 3};
    Descriptor plain = Descriptor.of(MediaType.OCI_FOREIGN_LAYER, content);
    return new Descriptor(
        plain.mediaType(),
        plain.digest(),
        plain.size(),
        new TreeMap<>(),
        null,
        List.of(url),
        null,
        null,
        Map.of());
  }

  @Test
  void foreignLayerIsNotFollowedUnlessAsked() throws IOException {
    try (FakeServer elsewhere = FakeServer.plain();
        RemoteContent opened = opened()) {
      elsewhere.on("GET /layer", answer -> answer.send(200, new byte[] {1, 2, 3}));
      Descriptor layer = foreign("http://" + elsewhere.address() + "/layer");
      assertThatThrownBy(() -> opened.open(layer))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("not followed unless asked");
      assertThat(elsewhere.requests).isEmpty();
      try (RegistryClient asked =
              RegistryClient.builder().timing(new FakeTiming()).allowForeignLayers(true).build();
          RemoteContent again = asked.open(server.reference("app:1"));
          InputStream in = again.open(layer)) {
        assertThat(in.readAllBytes()).containsExactly(1, 2, 3);
      }
      assertThat(elsewhere.authorizations).isEmpty();
    }
  }
}
