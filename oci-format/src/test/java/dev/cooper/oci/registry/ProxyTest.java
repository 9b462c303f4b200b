package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A proxy between us and a registry, which may want to know who we are. */
class ProxyTest {
  private static final Authenticator JOE =
      new Authenticator() {
        @Override
        protected PasswordAuthentication getPasswordAuthentication() {
          return new PasswordAuthentication("joe", "hunter2".toCharArray());
        }
      };

  private final List<String> shown = new CopyOnWriteArrayList<>();
  private FakeServer server;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.plain();
    server.on(
        "GET /v2/app/tags/list",
        answer -> {
          shown.add(String.valueOf(answer.header("Proxy-Authorization")));
          answer.sendText(200, "{\"tags\":[\"1\"]}");
        });
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private RegistryClientBuilder builder() {
    return RegistryClient.builder()
        .retries(0)
        .proxyAuthenticator(JOE)
        .endpoints(name -> List.of(new Endpoint(name.registry(), name.repository(), true, false)));
  }

  @Test
  void proxyIsAskedForWhatIsElsewhereAndShownWhoWeAre() throws IOException {
    try (RegistryClient client =
        builder()
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      assertThat(client.tags(ImageReference.parse("far.test:80/app:1"))).containsExactly("1");
      assertThat(shown)
          .containsExactly("Basic " + Redaction.basic(new Credentials.Basic("joe", "hunter2")));
    }
  }

  @Test
  void registryThatNeedsNoProxyIsNotShownWhoWeAreToOne() throws IOException {
    try (RegistryClient client = builder().proxy(ProxySelector.of(null)).build()) {
      assertThat(client.tags(server.reference("app:1"))).containsExactly("1");
      assertThat(shown).containsExactly("null");
    }
  }

  @Test
  void proxyThatRefusesSaysWhatTheJavaRuntimeWants() {
    server.on("GET .*", answer -> answer.with("Proxy-Authenticate", "Basic realm=\"p\"").send(407));
    try (RegistryClient client =
        builder()
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      assertThatThrownBy(() -> client.catalog("far.test:80"))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("answered 407 by the proxy")
          .hasMessageNotContaining("hunter2");
    }
  }

  @Test
  void proxyOfAnotherKindIsToldWhereItWouldBeUsedAndCanBeReplaced() throws IOException {
    ProxySettings socks =
        ProxySettings.of(Map.of("HTTP_PROXY", "socks5://p:1", "HTTPS_PROXY", "socks5://p:1"), null);
    try (RegistryClient client = builder().proxy(socks.selector()).build()) {
      assertThat(client.tags(server.reference("app:1"))).containsExactly("1");
      assertThatThrownBy(() -> client.catalog("far.test:80"))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("HTTPS_PROXY: found the scheme socks5");
    }
    try (RegistryClient client =
        builder()
            .proxy(socks.selector())
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", server.port())))
            .build()) {
      assertThat(client.tags(ImageReference.parse("far.test:80/app:1"))).containsExactly("1");
    }
  }
}
