package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where a token service leads to, and by which TLS it is trusted. */
class TokenServiceTest extends HostileRegistry {
  private FakeServer tokens;

  @BeforeEach
  void serve() throws IOException {
    tokens = elsewhere;
    guard(server, "http://" + tokens.address() + "/token");
  }

  private static void guard(FakeServer registry, String realm) {
    registry.on(
        "GET /v2/app/tags/list",
        answer -> {
          if ("Bearer t1".equals(answer.header("Authorization"))) {
            answer.sendText(200, "{\"tags\":[\"1\"]}");
            return;
          }
          answer.with("WWW-Authenticate", "Bearer realm=\"" + realm + "\"").send(401);
        });
  }

  private void redirect(String path, String to) {
    tokens.on("(GET|POST) " + path, answer -> answer.with("Location", to).send(307));
  }

  private static void give(FakeServer from, String path) {
    from.on("(GET|POST) " + path, answer -> answer.sendText(200, "{\"token\":\"t1\"}"));
  }

  private RegistryClient identity() {
    return builder()
        .credentials((registry, name) -> Optional.of(new Credentials.IdentityToken("refresh-me")))
        .build();
  }

  @Test
  void redirectOnTheSameHostIsFollowedWithThePassword() throws IOException {
    redirect("/token", "/other?x=1");
    give(tokens, "/other");
    assertThat(client.tags(app())).containsExactly("1");
    assertThat(tokens.authorizations).containsExactly(BASIC, BASIC);
    redirect("/token", "/posted");
    give(tokens, "/posted");
    try (RegistryClient posting = identity()) {
      assertThat(posting.tags(app())).containsExactly("1");
    }
  }

  @Test
  void redirectToAnotherHostIsFollowedWithoutThePassword() throws IOException {
    try (FakeServer third = FakeServer.plain()) {
      redirect("/token", "http://" + third.address() + "/token");
      give(third, "/token");
      assertThat(client.tags(app())).containsExactly("1");
      assertThat(third.authorizations).isEmpty();
      assertThat(third.requests).hasSize(1);
    }
  }

  @Test
  void redirectToAnotherHostIsNotFollowedWithARefreshToken() throws IOException {
    try (FakeServer third = FakeServer.plain();
        RegistryClient posting = identity()) {
      redirect("/token", "http://" + third.address() + "/token");
      give(third, "/token");
      assertThatThrownBy(() -> posting.tags(app()))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("answered 307")
          .hasMessageNotContaining("refresh-me");
      assertThat(third.requests).isEmpty();
    }
  }

  @Test
  void redirectsWithoutAnEndAreGivenUp() {
    redirect("/token", "/token");
    assertThatThrownBy(() -> client.tags(app()))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("GET http://" + tokens.address() + "/token")
        .hasMessageContaining("over 5 redirects")
        .hasMessageContaining("with credentials Basic[user joe]");
    assertThat(tokens.requests).hasSize(6);
  }

  @Test
  void redirectFromTlsToPlainHttpIsRefused() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    try (FakeServer tls = FakeServer.tls(certificate);
        FakeServer third = FakeServer.plain();
        RegistryClient plain = builder().tls(name -> tlsFor(name, tls, certificate)).build()) {
      guard(server, "https://" + tls.address() + "/token");
      tls.on(
          "GET /token",
          answer -> answer.with("Location", "http://" + third.address() + "/token").send(302));
      assertThatThrownBy(() -> plain.tags(app()))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("a redirect of the token service")
          .hasMessageContaining("plain HTTP");
      assertThat(third.requests).isEmpty();
    }
  }

  /** Trusts one server alone, so that the registry on this machine stays one of plain HTTP. */
  private static Optional<SSLContext> tlsFor(
      String name, FakeServer trusted, TestCertificate certificate) throws IOException {
    try {
      return name.equals(trusted.address())
          ? TestTls.of(certificate).context(name)
          : Optional.empty();
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  /** What skopeo's --tls-verify=false does, too; but storage elsewhere has to prove who it is. */
  @Test
  void insecureRegistrysTokenServiceOnTheSameHostIsNotVerifiedButItsStoreIs() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    try (FakeServer registry = FakeServer.tls(certificate);
        FakeServer service = FakeServer.tls(certificate);
        FakeServer store = FakeServer.tls(certificate);
        RegistryClient insecure = builder().endpoints(TokenServiceTest::insecure).build()) {
      guard(registry, "https://" + service.address() + "/token");
      give(service, "/token");
      ImageReference app = registry.reference("app:1");
      assertThat(insecure.tags(app)).containsExactly("1");
      registry.on("GET /v2/app/manifests/.*", this::unguardedManifest);
      registry.on(
          "GET /v2/app/blobs/.*",
          answer -> answer.with("Location", "https://" + store.address() + "/blob").send(307));
      try (RemoteContent content = insecure.open(app)) {
        assertThatThrownBy(() -> content.open(layer).close())
            .isInstanceOf(RegistryException.class)
            .hasMessageContaining("certification path");
      }
      assertThat(store.requests).isEmpty();
    }
  }

  private void unguardedManifest(FakeServer.Answer answer) throws IOException {
    answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, manifest);
  }

  private static List<Endpoint> insecure(ImageReference name) {
    return List.of(new Endpoint(name.registry(), name.repository(), true, false));
  }
}
