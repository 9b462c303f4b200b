package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.TestImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A registry that wants us to go where it should not lead us. */
class DestinationsTest extends HostileRegistry {
  @Test
  void redirectsWithoutAnEndAreGivenUp() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*", answer -> answer.with("Location", "/v2/app/blobs/x").send(307));
    try (RemoteContent opened = client.open(app())) {
      assertThatThrownBy(() -> opened.open(layer))
          .hasMessageContaining("over 5 redirects; asked with credentials Basic[user joe]");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://",
        "",
        "http://u:p@127.0.0.1/x"
      })
  void redirectToNoHttpUrlIsRefused(String location) throws IOException {
    server.on("GET /v2/app/blobs/.*", answer -> answer.with("Location", location).send(307));
    try (RemoteContent opened = client.open(app())) {
      assertThatThrownBy(() -> opened.open(layer))
          .isInstanceOfAny(OperationException.class, ContentException.class)
          .hasMessageNotContaining("u:p");
    }
  }

  /** The Java runtime's client knows no such host. */
  @Test
  void redirectToAHostWithAnUnderscoreSaysWhy() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*",
        answer -> answer.with("Location", "http://my_store:9000/x?secret=1").send(307));
    try (RemoteContent opened = client.open(app())) {
      assertThatThrownBy(() -> opened.open(layer))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("http://my_store:9000/x")
          .hasMessageContaining("the _ in its name")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void uploadStoredUnderAnotherDigestIsRefused() {
    server.on(
        "POST /v2/app/blobs/uploads/",
        answer -> answer.with("Location", "/v2/app/blobs/uploads/1").send(202));
    server.on(
        "PUT /v2/app/blobs/uploads/1",
        answer ->
            answer.with("Docker-Content-Digest", image.descriptor.digest().toString()).send(201));
    byte[] content = image.blobs.get(layer);
    assertThatThrownBy(
            () -> client.writer(app()).blob(layer, () -> new ByteArrayInputStream(content)))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("under another digest");
  }

  @Test
  void pageLinkToAnotherHostIsRefused() {
    server.on(
        "GET /v2/app/tags/list",
        answer ->
            answer
                .with("Link", "<http://" + elsewhere.address() + "/list>; rel=\"next\"")
                .sendText(200, "{\"tags\":[\"a\"]}"));
    assertThatThrownBy(() -> client.tags(app()))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("a Link to another host");
    assertThat(elsewhere.requests).isEmpty();
  }

  /** CVE-2019-10214, and a redirect and a Location of the same kind. */
  @Test
  void registryOfTlsMayNotLeadToPlainHttp() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    try (FakeServer tls = FakeServer.tls(certificate);
        RegistryClient secure = builder().tls(TestTls.of(certificate)).build()) {
      ImageReference reference = tls.reference("app:1");
      String plain = "http://127.0.0.1:" + elsewhere.port();
      tls.on(
          "GET .*",
          answer ->
              answer.with("WWW-Authenticate", "Bearer realm=\"" + plain + "/token\"").send(401));
      assertThatThrownBy(() -> secure.open(reference))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("it is plain HTTP, and that server speaks TLS");
      tls.on("POST .*", answer -> answer.with("Location", plain + "/upload").send(202));
      tls.on("HEAD .*", answer -> answer.with("Location", plain + "/blob").send(307));
      assertThatThrownBy(() -> secure.find(reference))
          .hasMessageContaining("it is plain HTTP, and that server speaks TLS");
      assertThat(elsewhere.requests).isEmpty();
      assertThat(tls.authorizations).isEmpty();
    }
  }

  /** No fallback to plain HTTP where nobody asked for it. */
  @Test
  void registryThatIsNotInsecureIsNotAskedInPlainHttp() {
    try (RegistryClient secure =
        builder()
            .connectTimeout(Duration.ofSeconds(1)) // it waits for more of what it can't read
            .endpoints(
                reference ->
                    List.of(
                        new Endpoint(reference.registry(), reference.repository(), false, false)))
            .build()) {
      assertThatThrownBy(() -> secure.open(app())).isInstanceOf(RegistryException.class);
      assertThat(server.requests).isEmpty();
    }
  }

  @Test
  void registryWhoseCertificateNobodyTrustsIsNotAsked() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    try (FakeServer tls = FakeServer.tls(certificate);
        RegistryClient secure =
            builder()
                .endpoints(
                    reference ->
                        List.of(
                            new Endpoint(
                                reference.registry(), reference.repository(), false, false)))
                .build();
        RegistryClient insecure = builder().build()) {
      assertThatThrownBy(() -> secure.open(tls.reference("app:1")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("in one try")
          .hasMessageContaining("certification path");
      assertThat(tls.requests).isEmpty();
      assertThat(insecure.find(tls.reference("app:1"))).isEmpty();
    }
  }

  /** SSRF by redirect, Location and realm: further inside than the registry is. */
  @ParameterizedTest
  @CsvSource({
    "http://127.0.0.1/x, loopback",
    "http://[::1]/x, loopback",
    "http://2130706433/x, loopback",
    "http://10.0.0.8/x, private",
    "http://192.168.1.1/x, private",
    "http://172.16.0.1/x, private",
    "http://100.64.0.1/x, private",
    "http://[fd00::1]/x, private",
    "http://169.254.169.254/latest, unusable",
    "http://0.0.0.0/x, unusable",
    "http://[::]/x, unusable",
    "http://[2002:0a00:0001::1]/x, private",
    "http://[2002:7f00:0001::1]/x, loopback",
    "http://[64:ff9b::10.0.0.8]/x, private",
    "http://[64:ff9b::169.254.169.254]/x, unusable",
    "http://[64:ff9b:1::1]/x, private",
    "http://[::127.0.0.1]/x, loopback",
    "http://inner.test/x, private",
    "http://mixed.test/x, loopback"
  })
  void publicRegistryMayNotLeadInside(String url, String kind) throws IOException {
    // The registry has a public address; that it is reached by a proxy lets it be here.
    try (RegistryClient outside =
        builder()
            .endpoints(
                reference ->
                    List.of(
                        new Endpoint(reference.registry(), reference.repository(), true, false)))
            .addresses(DestinationsTest::addresses)
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      ImageReference reference = ImageReference.parse("public.test/app:1");
      server.on("GET /v2/", answer -> answer.send(200));
      server.on("GET /v2/app/blobs/.*", answer -> answer.with("Location", url).send(307));
      String because = "its address is " + kind;
      try (RemoteContent opened = outside.open(reference)) {
        assertThatThrownBy(() -> opened.open(layer))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining(because);
      }
      server.on("POST .*", answer -> answer.with("Location", url).send(202));
      assertThatThrownBy(
              () ->
                  outside
                      .writer(reference)
                      .blob(layer, () -> new ByteArrayInputStream(new byte[0])))
          .hasMessageContaining(because);
      server.on(
          "DELETE .*",
          answer -> answer.with("WWW-Authenticate", "Bearer realm=\"" + url + "\"").send(401));
      assertThatThrownBy(() -> outside.delete(reference)).hasMessageContaining(because);
      assertThat(server.requests).allMatch(each -> each.contains(" /v2/"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http://inner.test/blob, true",
    "http://mixed.test/blob, false",
    "http://169.254.169.254/blob, false"
  })
  void publicRegistryMayLeadToPrivateAddressesWhereAsked(String url, boolean allowed)
      throws IOException {
    try (RegistryClient outside =
        builder()
            .endpoints(
                reference ->
                    List.of(
                        new Endpoint(reference.registry(), reference.repository(), true, false)))
            .addresses(DestinationsTest::addresses)
            .allowPrivateDestinations(true)
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      server.on("GET /v2/", answer -> answer.send(200));
      server.on("GET /v2/app/blobs/.*", answer -> answer.with("Location", url).send(307));
      server.on("GET /blob", answer -> answer.send(200, image.blobs.get(layer)));
      try (RemoteContent opened = outside.open(ImageReference.parse("public.test/app:1"))) {
        if (allowed) {
          assertThat(opened.open(layer).readAllBytes()).isEqualTo(image.blobs.get(layer));
        } else {
          assertThatThrownBy(() -> opened.open(layer)).isInstanceOf(OperationException.class);
        }
      }
    }
  }

  private static InetAddress[] addresses(String host) throws UnknownHostException {
    return switch (host) {
      case "public.test" -> new InetAddress[] {InetAddress.getByName("203.0.113.5")};
      case "inner.test" -> new InetAddress[] {InetAddress.getByName("10.1.2.3")};
      case "mixed.test" ->
          new InetAddress[] {
            InetAddress.getByName("203.0.113.6"), InetAddress.getByName("127.0.0.1")
          };
      default -> InetAddress.getAllByName(host);
    };
  }

  /** An answer lost after the piece arrived: the registry says how much of it is there. */
  @Test
  void pieceThatArrivedInPartIsCompleted() throws IOException {
    java.io.ByteArrayOutputStream stored = new java.io.ByteArrayOutputStream();
    int[] patches = {0};
    server.on(
        "POST /v2/app/blobs/uploads/",
        answer -> answer.with("Location", "/v2/app/blobs/uploads/1").send(202));
    server.on(
        "PATCH /v2/app/blobs/uploads/1",
        answer -> {
          int half = answer.body.length / 2;
          boolean first = patches[0]++ == 0;
          stored.write(answer.body, 0, first ? half : answer.body.length);
          answer.with("Location", "/v2/app/blobs/uploads/1").send(first ? 503 : 202);
        });
    server.on(
        "GET /v2/app/blobs/uploads/1",
        answer ->
            answer
                .with("Location", "/v2/app/blobs/uploads/1")
                .with("Range", "0-" + (stored.size() - 1))
                .send(204));
    server.on("PUT /v2/app/blobs/uploads/1", answer -> answer.send(201));
    byte[] content = ByteString.utf8("some content").toBytes();
    try (RegistryClient patient = builder().retries(2).build()) {
      Descriptor blob =
          patient.writer(app()).blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
      assertThat(stored.toByteArray()).isEqualTo(content);
      assertThat(server.requests).contains("PUT /v2/app/blobs/uploads/1?digest=" + blob.digest());
    }
  }

  @Test
  void mirrorIsAskedFirstAndWhatItLacksOrForgesComesFromTheRegistry() throws IOException {
    elsewhere.on(
        "GET /v2/mirrored/manifests/.*",
        answer -> answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, manifest));
    byte[] content = image.blobs.get(layer);
    server.on("GET /v2/app/blobs/.*", answer -> answer.send(200, content));
    Map<String, Endpoint> places =
        Map.of(
            "mirror", new Endpoint(elsewhere.address(), "mirrored", true, true),
            "itself", new Endpoint(server.address(), "app", true, false));
    try (RegistryClient mirrored =
        builder().endpoints(name -> List.of(places.get("mirror"), places.get("itself"))).build()) {
      try (RemoteContent opened = mirrored.open(app());
          InputStream in = opened.open(layer)) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
      assertThat(server.requests).noneMatch(each -> each.contains("manifests"));
      byte[] forged = TestImage.of("y").manifest.toBytes();
      elsewhere.on(
          "GET /v2/mirrored/manifests/.*",
          answer -> answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, forged));
      assertThat(mirrored.manifest(app().withDigest(image.descriptor.digest())).bytes().toBytes())
          .isEqualTo(manifest);
      assertThat(new String(manifest, StandardCharsets.UTF_8)).contains("layers");
    }
  }
}
