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
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A registry that wants to see credentials elsewhere, or us to go where it can't. */
class CredentialLeakTest {
  private static final String PASSWORD = "hunter2-secret";
  private static final Credentials USER = new Credentials.Basic("joe", PASSWORD);
  private static final String BASIC = "Basic " + Redaction.basic((Credentials.Basic) USER);

  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");
  private final byte[] manifest = image.manifest.toBytes();
  private final Descriptor layer = image.manifest.layers().get(0);
  private FakeServer server;
  private FakeServer elsewhere;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    elsewhere = FakeServer.plain();
    client = builder().build();
    server.on("GET /v2/app/manifests/.*", this::guardedManifest);
    byte[] content = image.blobs.get(layer);
    elsewhere.on("GET /blob", answer -> answer.send(200, content));
  }

  private RegistryClientBuilder builder() {
    return RegistryClient.builder()
        .timing(new FakeTiming())
        .retries(0)
        .credentials((registry, repository) -> Optional.of(USER));
  }

  private void guardedManifest(FakeServer.Answer answer) throws IOException {
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

  private ImageReference app() {
    return server.reference("app:1");
  }

  /** CVE-2020-15157. */
  @Test
  void redirectToAnotherPortCarriesNoCredentials() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*",
        answer -> answer.with("Location", "http://" + elsewhere.address() + "/blob").send(307));
    try (RemoteContent opened = client.open(app());
        InputStream in = opened.open(layer)) {
      assertThat(in.readAllBytes()).isEqualTo(image.blobs.get(layer));
    }
    assertThat(server.authorizations).contains(BASIC);
    assertThat(elsewhere.requests).containsExactly("GET /blob");
    assertThat(elsewhere.authorizations).isEmpty();
  }

  @Test
  void redirectToAnotherNameOfTheSameHostCarriesNoCredentials() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*",
        answer ->
            answer.with("Location", "http://localhost:" + elsewhere.port() + "/blob").send(302));
    try (RemoteContent opened = client.open(app());
        InputStream in = opened.open(layer)) {
      in.readAllBytes();
    }
    assertThat(elsewhere.requests).containsExactly("GET /blob");
    assertThat(elsewhere.authorizations).isEmpty();
  }

  @Test
  void redirectThatComesBackCarriesNoCredentialsEither() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*",
        answer -> answer.with("Location", "http://" + elsewhere.address() + "/back").send(307));
    server.on("GET /chosen-elsewhere", answer -> answer.send(200, image.blobs.get(layer)));
    elsewhere.on(
        "GET /back",
        answer ->
            answer.with("Location", "http://" + server.address() + "/chosen-elsewhere").send(307));
    try (RemoteContent opened = client.open(app())) {
      server.authorizations.clear();
      try (InputStream in = opened.open(layer)) {
        in.readAllBytes();
      }
    }
    assertThat(server.authorizations).containsExactly(BASIC); // the blob's own request
  }

  /** CVE-2020-15157's other half: a challenge by somebody else. */
  @Test
  void challengeByAnotherHostIsNotMet() throws IOException {
    elsewhere.on(
        "GET /guarded", answer -> answer.with("WWW-Authenticate", "Basic realm=\"x\"").send(401));
    server.on(
        "GET /v2/app/blobs/.*",
        answer -> answer.with("Location", "http://" + elsewhere.address() + "/guarded").send(307));
    try (RemoteContent opened = client.open(app())) {
      assertThatThrownBy(() -> opened.open(layer))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("answered 401");
    }
    assertThat(elsewhere.authorizations).isEmpty();
  }

  @Test
  void redirectsWithoutAnEndAreGivenUp() throws IOException {
    server.on(
        "GET /v2/app/blobs/.*", answer -> answer.with("Location", "/v2/app/blobs/x").send(307));
    try (RemoteContent opened = client.open(app())) {
      assertThatThrownBy(() -> opened.open(layer)).hasMessageContaining("over 5 redirects");
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

  @Test
  void uploadToALocationElsewhereCarriesNoCredentials() throws IOException {
    server.on("HEAD /v2/app/blobs/.*", this::guardedMissing);
    server.on(
        "POST /v2/app/blobs/uploads/",
        answer ->
            answer
                .with("Location", "http://" + elsewhere.address() + "/upload?state=s3cr3t")
                .send(202));
    elsewhere.on("PUT /upload", answer -> answer.send(201));
    byte[] content = image.blobs.get(layer);
    client.writer(app()).blob(layer, () -> new ByteArrayInputStream(content));
    assertThat(server.authorizations).contains(BASIC);
    assertThat(elsewhere.requests)
        .containsExactly("PUT /upload?state=s3cr3t&digest=" + layer.digest());
    assertThat(elsewhere.authorizations).isEmpty();
  }

  private void guardedMissing(FakeServer.Answer answer) throws IOException {
    if (answer.header("Authorization") == null) {
      answer.with("WWW-Authenticate", "Basic realm=\"x\"").send(401);
      return;
    }
    answer.send(404);
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
          .hasMessageContaining("it is plain HTTP, and the registry speaks TLS");
      tls.on("POST .*", answer -> answer.with("Location", plain + "/upload").send(202));
      tls.on("HEAD .*", answer -> answer.with("Location", plain + "/blob").send(307));
      assertThatThrownBy(() -> secure.find(reference))
          .hasMessageContaining("it is plain HTTP, and the registry speaks TLS");
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
          .hasMessageContaining("in 1 tries")
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
            .addresses(CredentialLeakTest::addresses)
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

  /** CVE-2023-26054's kin: no secret in any message, even when the server says it back. */
  @Test
  void noMessageHoldsASecret() throws IOException {
    String token = "token-that-nobody-may-see";
    elsewhere.on("GET /token", answer -> answer.sendText(200, "{\"token\":\"" + token + "\"}"));
    server.on(
        "DELETE .*",
        answer -> {
          String header = answer.header("Authorization");
          answer
              .with(
                  "WWW-Authenticate",
                  "Bearer realm=\"http://" + elsewhere.address() + "/token?key=k3y-secret\"")
              .sendText(
                  401,
                  "{\"errors\":[{\"code\":\"DENIED\",\"message\":\""
                      + header
                      + " "
                      + PASSWORD
                      + " "
                      + BASIC
                      + "\"}]}");
        });
    String shown = shown(() -> client.delete(app()));
    assertThat(shown).contains("answered 401", "joe", "***");
    assertThat(elsewhere.requests).isNotEmpty();
    assertThat(shown).doesNotContain(PASSWORD, token, BASIC.substring(6), "k3y-secret");
    elsewhere.on(
        "GET /token", answer -> answer.sendText(403, "{\"details\":\"" + PASSWORD + "\"}"));
    elsewhere.on("POST /token", answer -> answer.send(403));
    try (RegistryClient other = builder().build()) {
      String refused = shown(() -> other.delete(app()));
      assertThat(refused).contains("answered 403", "/token");
      assertThat(refused).doesNotContain(PASSWORD, BASIC.substring(6), "k3y-secret");
    }
  }

  /** Something that fails. */
  private interface Failing {
    void run() throws IOException;
  }

  private static String shown(Failing failing) {
    StringWriter shown = new StringWriter();
    try {
      failing.run();
    } catch (IOException | RuntimeException e) {
      e.printStackTrace(new PrintWriter(shown));
    }
    return shown.toString();
  }

  @Test
  void toStringHoldsNoSecret() {
    for (Credentials each :
        List.of(
            USER,
            new Credentials.IdentityToken(PASSWORD),
            new Credentials.RegistryToken(PASSWORD))) {
      assertThat(each.toString()).doesNotContain(PASSWORD);
    }
  }

  @Test
  void tokenThatNoHeaderCanHoldIsRefused() {
    elsewhere.on(
        "GET /token",
        answer -> answer.sendText(200, "{\"token\":\"a\\r\\nX-Other: b\",\"expires_in\":60}"));
    server.on(
        "DELETE .*",
        answer ->
            answer
                .with(
                    "WWW-Authenticate", "Bearer realm=\"http://" + elsewhere.address() + "/token\"")
                .send(401));
    assertThatThrownBy(() -> client.delete(app()))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("no token that a header can hold");
  }

  @Test
  void credentialsThatCannotBeReadAreNotAskedForAgain() {
    FakeTiming timing = new FakeTiming();
    try (RegistryClient broken =
        builder()
            .timing(timing)
            .retries(5)
            .credentials(
                (registry, repository) -> {
                  throw new IOException("auth.json is no JSON");
                })
            .build()) {
      assertThatThrownBy(() -> broken.open(app()))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot get the credentials for " + server.address())
          .hasMessageContaining("auth.json is no JSON");
      assertThat(timing.sleeps).isEmpty();
    }
  }

  @Test
  void registryThatIsNeverContentIsAskedTwiceAtMost() {
    server.on(
        "DELETE .*", answer -> answer.with("WWW-Authenticate", "Basic realm=\"x\"").send(401));
    assertThatThrownBy(() -> client.delete(app()))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("Basic[user joe]");
    assertThat(server.requests.stream().filter(each -> each.startsWith("DELETE"))).hasSize(2);
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
