package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a registry and its token service are shown, and how often. */
class AuthorizerTest {
  private static final Credentials USER = new Credentials.Basic("joe", "hunter2");

  private final FakeTiming timing = new FakeTiming();
  private final List<String> shown = new CopyOnWriteArrayList<>();
  private FakeServer server;
  private FakeServer tokens;
  private volatile String right = "Bearer t1";

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    tokens = FakeServer.plain();
    server.on(
        "GET /v2/app/tags/list",
        answer -> {
          shown.add(String.valueOf(answer.header("Authorization")));
          if (right.equals(answer.header("Authorization"))) {
            answer.sendText(200, "{\"tags\":[\"1\"]}");
            return;
          }
          answer
              .with(
                  "WWW-Authenticate",
                  "Bearer realm=\"http://"
                      + tokens.address()
                      + "/token?a=b\",service=\"s p\",scope=\"repository:app:pull"
                      + " repository:shared/base:pull\"")
              .send(401);
        });
  }

  @AfterEach
  void stop() {
    server.close();
    tokens.close();
  }

  private RegistryClient client(Credentials credentials) {
    return RegistryClient.builder()
        .timing(timing)
        .retries(1)
        .credentials((registry, repository) -> Optional.ofNullable(credentials))
        .build();
  }

  private void gives(String method, String body) {
    tokens.on(method + " /token", answer -> answer.sendText(200, body));
  }

  /** Nexus says 400, others hide with 403 and 404 what an anonymous client may not read. */
  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 404})
  void refusalWithoutAChallengeLooksForOneAtTheRootOnce(int status) throws IOException {
    String basic = "Basic " + Redaction.basic((Credentials.Basic) USER);
    server.on("GET /v2/", answer -> answer.with("WWW-Authenticate", "BASIC realm=x").send(401));
    server.on(
        "GET /v2/other/tags/list",
        answer -> {
          if (basic.equals(answer.header("Authorization"))) {
            answer.sendText(200, "{\"tags\":[\"1\"]}");
          } else {
            answer.send(status);
          }
        });
    server.on(
        "HEAD /v2/other/blobs/.*",
        answer -> answer.send(basic.equals(answer.header("Authorization")) ? 200 : status));
    try (RegistryClient client = client(USER)) {
      assertThat(client.tags(server.reference("other:1"))).containsExactly("1");
      assertThat(client.tags(server.reference("other:1"))).containsExactly("1");
      Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, new byte[] {1});
      assertThat(client.writer(server.reference("other:1")).has(blob)).isTrue();
    }
    // The first looks whether plain HTTP is spoken.
    assertThat(server.requests).filteredOn("GET /v2/"::equals).hasSize(2);
    assertThat(server.requests)
        .filteredOn(each -> each.startsWith("GET /v2/other/tags"))
        .hasSize(3);
  }

  @Test
  void refusalWithoutCredentialsOrAChallengeStaysWhatItIs() throws IOException {
    server.on("GET /v2/", answer -> answer.send(200));
    server.on("GET /v2/other/tags/list", answer -> answer.send(404));
    for (Credentials each : new Credentials[] {null, USER}) {
      server.requests.clear();
      try (RegistryClient client = client(each)) {
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(() -> client.tags(server.reference("other:1")))
              .isInstanceOf(RegistryException.class)
              .hasMessageContaining("answered 404");
        }
      }
      assertThat(server.requests).filteredOn("GET /v2/"::equals).hasSize(each == null ? 1 : 2);
      assertThat(server.authorizations).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "300",
        "\"300\"",
        "300.0",
        "3e2",
        "\"\"",
        "\"soon\"",
        "null",
        "-1",
        "0",
        "true",
        "[]",
        "{}",
        "99999999999999999999",
        "1e400",
        "1e-400",
        "9223372036854775808",
        "\"99999999999999999999\""
      })
  void expiresInIsAHintAlone(String value) throws IOException {
    gives("GET", "{\"token\":\"t1\",\"expires_in\":" + value + "}");
    try (RegistryClient client = client(USER)) {
      assertThat(tags(client)).containsExactly("1");
    }
  }

  private List<String> tags(RegistryClient client) throws IOException {
    return client.tags(server.reference("app:1"));
  }

  @Test
  void tokenIsAskedForWithTheChallengesScopesAndOurs() throws IOException {
    gives("GET", "{\"token\":\"t1\"}");
    try (RegistryClient client = client(USER)) {
      assertThat(tags(client)).containsExactly("1");
      assertThat(tags(client)).containsExactly("1");
    }
    assertThat(tokens.requests)
        .containsExactly(
            "GET /token?a=b&account=joe&service=s+p&scope=repository%3Aapp%3Apull"
                + "&scope=repository%3Ashared%2Fbase%3Apull");
    assertThat(tokens.authorizations)
        .containsExactly("Basic " + Redaction.basic((Credentials.Basic) USER));
    assertThat(shown).containsExactly("null", "Bearer t1", "Bearer t1");
  }

  @Test
  void tokenIsAskedForAnewWhenItsTimeIsNearlyOver() throws IOException {
    gives("GET", "{\"access_token\":\"t1\",\"expires_in\":100}");
    try (RegistryClient client = client(USER)) {
      tags(client);
      timing.pass(Duration.ofSeconds(89));
      tags(client);
      assertThat(tokens.requests).hasSize(1);
      timing.pass(Duration.ofSeconds(1));
      tags(client);
      assertThat(tokens.requests).hasSize(2);
    }
  }

  @Test
  void tokenThatTheRegistryTakesNoMoreIsAskedForAnewOnce() throws IOException {
    gives("GET", "{\"token\":\"t1\"}");
    try (RegistryClient client = client(USER)) {
      tags(client);
      right = "Bearer t2";
      gives("GET", "{\"token\":\"t2\"}");
      assertThat(tags(client)).containsExactly("1");
      right = "Bearer never";
      assertThatThrownBy(() -> tags(client))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("answered 401")
          .hasMessageContaining("asked with credentials Basic[user joe]");
      assertThat(tokens.requests).hasSize(3);
    }
  }

  @Test
  void identityTokenIsPostedAsARefreshToken() throws IOException {
    List<String> forms = new CopyOnWriteArrayList<>();
    tokens.on(
        "POST /token",
        answer -> {
          forms.add(new String(answer.body, StandardCharsets.US_ASCII));
          answer.sendText(200, "{\"access_token\":\"t1\"}");
        });
    try (RegistryClient client = client(new Credentials.IdentityToken("refresh/me"))) {
      assertThat(tags(client)).containsExactly("1");
    }
    assertThat(forms)
        .containsExactly(
            "client_id=cooper&service=s+p"
                + "&scope=repository%3Aapp%3Apull+repository%3Ashared%2Fbase%3Apull"
                + "&grant_type=refresh_token&refresh_token=refresh%2Fme");
    assertThat(tokens.authorizations).isEmpty();
  }

  @Test
  void passwordIsPostedWhereTheServiceKnowsNoGet() throws IOException {
    tokens.on("GET /token", answer -> answer.send(405));
    List<String> forms = new CopyOnWriteArrayList<>();
    tokens.on(
        "POST /token",
        answer -> {
          forms.add(new String(answer.body, StandardCharsets.US_ASCII));
          answer.sendText(200, "{\"access_token\":\"t1\"}");
        });
    try (RegistryClient client = client(USER)) {
      assertThat(tags(client)).containsExactly("1");
    }
    assertThat(forms)
        .singleElement()
        .asString()
        .endsWith("grant_type=password&username=joe&password=hunter2");
  }

  @Test
  void registryTokenIsShownAsItIs() throws IOException {
    try (RegistryClient client = client(new Credentials.RegistryToken("t1"))) {
      assertThat(tags(client)).containsExactly("1");
    }
    assertThat(shown).containsExactly("null", "Bearer t1");
    assertThat(tokens.requests).isEmpty();
  }

  @Test
  void manyThreadsFetchOneToken() throws Exception {
    gives("GET", "{\"token\":\"t1\"}");
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (RegistryClient client = client(USER)) {
      List<Future<List<String>>> all = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        all.add(threads.submit(() -> tags(client)));
      }
      for (Future<List<String>> each : all) {
        assertThat(each.get()).containsExactly("1");
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(tokens.requests).hasSize(1);
  }

  @Test
  void tokenServiceThatRefusesSaysWhoAsked() {
    tokens.on(
        "GET /token",
        answer -> answer.sendText(401, "{\"details\":\"incorrect username or password\"}"));
    try (RegistryClient client = client(USER)) {
      assertThatThrownBy(() -> tags(client))
          .isInstanceOf(RegistryException.class)
          .hasMessage(
              "GET http://"
                  + tokens.address()
                  + "/token: answered 401 (incorrect username or password); a token was asked for"
                  + " with credentials Basic[user joe]: the credentials provider given");
    }
  }

  @Test
  void tokenServiceThatIsBusyIsAskedAgain() throws IOException {
    int[] asked = {0};
    tokens.on(
        "GET /token",
        answer -> {
          if (asked[0]++ == 0) {
            answer.with("Retry-After", "3").send(429);
            return;
          }
          answer.sendText(200, "{\"token\":\"t1\"}");
        });
    try (RegistryClient client = client(null)) {
      assertThat(tags(client)).containsExactly("1");
    }
    assertThat(timing.sleeps).containsExactly(Duration.ofSeconds(3));
  }

  // --- credentials that change

  private volatile int provided;

  /** Gives the first, then the second and so on, and the last for ever; null is none. */
  private RegistryClient clientOf(Credentials... inTurn) {
    return RegistryClient.builder()
        .timing(timing)
        .retries(1)
        .credentials(
            (registry, repository) ->
                Optional.ofNullable(inTurn[Math.min(provided++, inTurn.length - 1)]))
        .build();
  }

  private void basicFor(Credentials.Basic user) {
    server.on(
        "GET /v2/basic/tags/list",
        answer -> {
          shown.add(String.valueOf(answer.header("Authorization")));
          if (("Basic " + Redaction.basic(user)).equals(answer.header("Authorization"))) {
            answer.sendText(200, "{\"tags\":[\"1\"]}");
          } else {
            answer.with("WWW-Authenticate", "Basic realm=\"x\"").send(401);
          }
        });
  }

  @Test
  void loginIsNoticedByTheRequestThatIsRefused() throws IOException {
    Credentials.Basic joe = new Credentials.Basic("joe", "hunter2");
    basicFor(joe);
    try (RegistryClient client = clientOf(null, null, null, joe)) {
      for (int i = 1; i <= 2; i++) {
        assertThatThrownBy(() -> client.tags(server.reference("basic:1")))
            .hasMessageContaining("answered 401")
            .hasMessageContaining("asked anonymously");
        assertThat(provided).isEqualTo(i); // once a call, and never in a loop
      }
      provided = 3;
      assertThat(client.tags(server.reference("basic:1"))).containsExactly("1");
      assertThat(client.tags(server.reference("basic:1"))).containsExactly("1");
      assertThat(provided).isEqualTo(4);
    }
  }

  @Test
  void loginIsNoticedWhereAnybodyGetsATokenThatAllowsNothing() throws IOException {
    tokens.on(
        "GET /token",
        answer ->
            answer.sendText(
                200,
                answer.header("Authorization") == null
                    ? "{\"token\":\"anybodys\"}"
                    : "{\"token\":\"t1\"}"));
    try (RegistryClient client = clientOf(null, USER)) {
      assertThatThrownBy(() -> tags(client)).hasMessageContaining("answered 401");
      assertThat(tags(client)).containsExactly("1");
      assertThat(provided).isEqualTo(2);
    }
  }

  @Test
  void loginIsNoticedAfterTheStatus403() throws IOException {
    server.on(
        "GET /v2/closed/tags/list",
        answer -> {
          if ("Bearer t1".equals(answer.header("Authorization"))) {
            answer.sendText(200, "{\"tags\":[\"1\"]}");
          } else {
            answer.send(403);
          }
        });
    tokens.on(
        "GET /token",
        answer ->
            answer.sendText(
                200,
                answer.header("Authorization") == null
                    ? "{\"token\":\"anybodys\"}"
                    : "{\"token\":\"t1\"}"));
    right = "Bearer anybodys";
    try (RegistryClient client = clientOf(null, null, USER)) {
      assertThat(tags(client)).containsExactly("1");
      assertThatThrownBy(() -> client.tags(server.reference("closed:1")))
          .hasMessageContaining("answered 403");
      assertThat(client.tags(server.reference("closed:1"))).containsExactly("1");
    }
  }

  @Test
  void passwordThatWasChangedIsNoticedInTheSameCall() throws IOException {
    Credentials.Basic before = new Credentials.Basic("joe", "hunter2");
    Credentials.Basic after = new Credentials.Basic("joe", "hunter3");
    basicFor(before);
    try (RegistryClient client = clientOf(before, after)) {
      assertThat(client.tags(server.reference("basic:1"))).containsExactly("1");
      basicFor(after);
      assertThat(client.tags(server.reference("basic:1"))).containsExactly("1");
      assertThat(provided).isEqualTo(2);
    }
  }

  @Test
  void passwordThatTheTokenServiceRefusesIsAskedForAnewInTheSameCall() throws IOException {
    Credentials.Basic after = new Credentials.Basic("joe", "hunter3");
    gives("GET", "{\"token\":\"t1\"}");
    try (RegistryClient client = clientOf(USER, after)) {
      assertThat(tags(client)).containsExactly("1");
      tokens.on(
          "GET /token",
          answer -> {
            boolean good =
                ("Basic " + Redaction.basic(after)).equals(answer.header("Authorization"));
            answer.sendText(good ? 200 : 401, good ? "{\"token\":\"t1\"}" : "{}");
          });
      timing.pass(Duration.ofHours(2));
      assertThat(tags(client)).containsExactly("1");
      assertThat(provided).isEqualTo(2);
    }
  }

  @Test
  void passwordThatStaysWrongIsTriedOnceACall() {
    basicFor(new Credentials.Basic("joe", "another"));
    try (RegistryClient client = clientOf(USER)) {
      for (int i = 1; i <= 2; i++) {
        assertThatThrownBy(() -> client.tags(server.reference("basic:1")))
            .hasMessageContaining("answered 401")
            .hasMessageContaining("asked with credentials Basic[user joe]");
        assertThat(shown).hasSize(i + 1); // the first one without, to learn what is wanted
        assertThat(provided).isEqualTo(i);
      }
    }
  }
}
