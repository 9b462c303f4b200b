package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.CooperException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.layout.PeerTool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * TLS as whole JVMs speak it: through a proxy that asks for a password, with the system's trust.
 */
class TunnelIT {
  private static final String OPEN = "-Djdk.http.auth.tunneling.disabledSchemes=";

  @TempDir Path temp;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private TestCertificate certificate;
  private TestRegistry registry;
  private ServerSocket proxy;

  @BeforeEach
  void start() throws Exception {
    certificate = TestCertificate.create(temp);
    registry = TestRegistry.htpasswd(temp, certificate);
    proxy = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    thread(this::serve);
  }

  @AfterEach
  void stop() throws IOException {
    registry.close();
    proxy.close();
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "test-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  /** Lets nobody through to the registry, by whatever name, but joe. */
  private void serve() {
    while (!proxy.isClosed()) {
      try {
        Socket client = proxy.accept();
        thread(() -> tunnel(client));
      } catch (IOException e) {
        return; // closed by the test
      }
    }
  }

  private void tunnel(Socket client) {
    try (client) {
      BufferedReader head =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1), 1);
      String request = head.readLine();
      String password = "none";
      for (String line = head.readLine(); line != null && !line.isEmpty(); line = head.readLine()) {
        if (line.startsWith("Proxy-Authorization: ")) {
          password = line.substring("Proxy-Authorization: ".length());
        }
      }
      asked.add(request + " " + password);
      boolean known =
          password.equals(
              "Basic " + Redaction.basic(new Credentials.Basic("joe", "proxy-password")));
      String answer =
          known
              ? "HTTP/1.1 200 Connected\r\n\r\n"
              : "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
      client.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
      if (known) {
        try (Socket server = new Socket("127.0.0.1", registry.port())) {
          thread(() -> pipe(client, server));
          server.getInputStream().transferTo(client.getOutputStream());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void pipe(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // The other end hung up, which is how a tunnel ends.
    }
  }

  private String ask(String reference, Map<String, String> variables, String... flags)
      throws Exception {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.add("-XX:TieredStopAtLevel=1"); // it lives for a second
    line.addAll(List.of(flags));
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Asker.class.getName()));
    line.add(reference);
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    builder.environment().putAll(variables);
    Path output = temp.resolve("output");
    Process process = builder.redirectOutput(output.toFile()).start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  /** REFERENCE: prints the repositories of its registry, or why not. */
  static final class Asker {
    public static void main(String[] arguments) throws IOException {
      ProxySettings proxies = ProxySettings.standard();
      RegistryClientBuilder builder =
          RegistryClient.builder()
              .retries(0)
              .proxy(proxies.selector())
              .credentials(
                  (registry, repository) ->
                      Optional.of(new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD)));
      proxies.authenticator().ifPresent(builder::proxyAuthenticator);
      try (RegistryClient client = builder.build()) {
        System.out.println(client.catalog(ImageReference.parse(arguments[0]).registry()));
      } catch (CooperException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private Map<String, String> environment() {
    return Map.of(
        "HTTPS_PROXY",
        "http://joe:proxy-password@127.0.0.1:" + proxy.getLocalPort(),
        "SSL_CERT_FILE",
        certificate.certificateFile.toString());
  }

  @Test
  void proxyThatAsksForAPasswordIsToldItWhereTheRuntimeAllowsIt() throws Exception {
    PeerTool.require("docker-registry");
    assertThat(ask("far.test/app:1", environment(), OPEN)).isEqualTo("[]\n");
    assertThat(asked).isNotEmpty().allMatch(each -> each.startsWith("CONNECT far.test:443 "));
  }

  @Test
  void proxyThatAsksForAPasswordWhereTheRuntimeForbidsItSaysWhatToSet() throws Exception {
    assertThat(ask("far.test/app:1", environment()))
        .contains(OPEN)
        .doesNotContain("proxy-password");
    assertThat(asked).allMatch(each -> each.endsWith(" none"));
  }

  @Test
  void authorityThatOnlyTheSystemTrustsIsTrustedUnlessTheRuntimeWasGivenAStore() throws Exception {
    assertThat(ask("far.test/app:1", trusting(temp.resolve("missing")), OPEN))
        .contains("certificat");
    Path broken = Files.writeString(temp.resolve("broken"), "nothing");
    assertThat(ask("far.test/app:1", trusting(broken), OPEN)).contains("certificat");
    Path empty = temp.resolve("empty.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (OutputStream out = Files.newOutputStream(empty)) {
      store.store(out, "password".toCharArray());
    }
    assertThat(ask("far.test/app:1", environment(), OPEN, "-Djavax.net.ssl.trustStore=" + empty))
        .doesNotContain("[]");
  }

  private Map<String, String> trusting(Path authorities) {
    Map<String, String> changed = new HashMap<>(environment());
    changed.put("SSL_CERT_FILE", authorities.toString());
    return changed;
  }
}
