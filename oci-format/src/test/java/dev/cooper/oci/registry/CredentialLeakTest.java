package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A registry that wants to see credentials elsewhere, or in a message. */
class CredentialLeakTest extends HostileRegistry {
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
}
