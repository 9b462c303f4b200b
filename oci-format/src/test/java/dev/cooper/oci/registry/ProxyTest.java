package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** A proxy that answers for a registry whose name nobody else knows. */
class ProxyTest {
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final byte[] index = Index.of(List.of()).toBytes();

  private HttpServer start() throws IOException {
    HttpServer proxy =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.createContext("/", this::answer);
    proxy.start();
    return proxy;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      seen.add(
          exchange.getRequestURI()
              + " proxy "
              + exchange.getRequestHeaders().getFirst("Proxy-Authorization")
              + " registry "
              + exchange.getRequestHeaders().getFirst("Authorization"));
      boolean known = exchange.getRequestHeaders().containsKey("Authorization");
      if (!known) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"r\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      exchange.getResponseHeaders().set("Content-Type", "application/vnd.oci.image.index.v1+json");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(index.length));
      }
      exchange.sendResponseHeaders(200, head ? -1 : index.length);
      if (!head) {
        exchange.getResponseBody().write(index);
      }
    }
  }

  @Test
  void requestsGoThroughTheProxyWithBothCredentials() throws IOException {
    HttpServer proxy = start();
    try {
      ProxySettings settings =
          ProxySettings.of(
              Map.of("HTTP_PROXY", "http://p:w@127.0.0.1:" + proxy.getAddress().getPort()), null);
      Credentials registry = new Credentials.Basic("r", "s");
      try (RegistryClient client =
          RegistryClient.builder()
              .proxy(settings.selector())
              .proxyAuthenticator(settings.authenticator().orElseThrow())
              .credentials((host, repository) -> Optional.of(registry))
              .endpoints(
                  RegistriesConf.EMPTY.with(RegistryRule.of("nowhere.invalid").withInsecure(true)))
              .retries(0)
              .build()) {
        assertThat(client.manifest(ImageReference.parse("nowhere.invalid/app:1")).descriptor())
            .extracting(Descriptor::size)
            .isEqualTo((long) index.length);
      }
      assertThat(seen)
          .isNotEmpty()
          .allMatch(each -> each.startsWith("http://nowhere.invalid/v2/"))
          .allMatch(each -> each.contains("proxy Basic " + TestHost.base64("p:w")))
          .anyMatch(each -> each.endsWith("registry Basic " + TestHost.base64("r:s")));
    } finally {
      proxy.stop(0);
    }
  }
}
