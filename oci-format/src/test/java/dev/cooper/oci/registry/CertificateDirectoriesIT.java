package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Certificates that OpenSSL made, in whole handshakes.
 *
 * <pre>
 * made/ca.crt signs made/server.crt; made/clients.crt signs the clients'
 * certs.d/localhost:5000/       what is tested
 * server.d/server/              the other side: server.cert, server.key, clients.crt
 * </pre>
 */
@Timeout(120)
class CertificateDirectoriesIT {
  private static final String REGISTRY = "localhost:5000";

  @TempDir Path directory;
  private OpenSsl openssl;
  private Path made;
  private Path settings;

  @BeforeEach
  void create() throws IOException {
    made = Files.createDirectory(directory.resolve("made"));
    settings = Files.createDirectories(directory.resolve("certs.d").resolve(REGISTRY));
    openssl = new OpenSsl(made);
    openssl.authority("ca");
    openssl.authority("clients");
    openssl.key("server", "EC");
    openssl.certificate("server", "ca");
    Path server = Files.createDirectories(directory.resolve("server.d/server"));
    Files.copy(made.resolve("server.key"), server.resolve("server.key"));
    Files.copy(made.resolve("server.crt"), server.resolve("server.cert"));
    Files.copy(made.resolve("clients.crt"), server.resolve("clients.crt"));
  }

  private Optional<SSLContext> context() throws IOException {
    return CertificateDirectories.of(List.of(directory.resolve("certs.d"))).context(REGISTRY);
  }

  private void give(String name, String as) throws IOException {
    Files.copy(made.resolve(name), settings.resolve(as));
  }

  /** Who the server takes the client for, after a handshake that checks the server's name too. */
  private String handshake(SSLContext client, boolean wantsCertificate) throws Exception {
    SSLContext side =
        CertificateDirectories.of(List.of(directory.resolve("server.d")))
            .context("server")
            .orElseThrow();
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    try (SSLServerSocket server =
        (SSLServerSocket) side.getServerSocketFactory().createServerSocket(0, 1, loopback)) {
      server.setNeedClientAuth(wantsCertificate);
      CompletableFuture<String> peer = CompletableFuture.supplyAsync(() -> accept(server));
      try (SSLSocket socket =
          (SSLSocket) client.getSocketFactory().createSocket(loopback, server.getLocalPort())) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        assertThat(socket.getInputStream().read()).isEqualTo('x');
      }
      return peer.get();
    }
  }

  private static String accept(SSLServerSocket server) {
    try (SSLSocket socket = (SSLSocket) server.accept()) {
      socket.getOutputStream().write('x');
      return socket.getNeedClientAuth() ? socket.getSession().getPeerPrincipal().getName() : "";
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void contextTrustsTheDirectorysAuthorities() throws Exception {
    assertThat(context()).isEmpty();
    assertThatThrownBy(() -> handshake(SSLContext.getDefault(), false))
        .isInstanceOf(SSLHandshakeException.class);
    give("ca.crt", "ca.crt");
    assertThat(handshake(context().orElseThrow(), false)).isEmpty();
    Files.delete(settings.resolve("ca.crt"));
    give("clients.crt", "other.crt");
    assertThatThrownBy(() -> handshake(context().orElseThrow(), false))
        .isInstanceOf(SSLHandshakeException.class);
    give("ca.crt", "ca.crt");
    assertThat(handshake(context().orElseThrow(), false)).isEmpty();
  }

  @Test
  void contextReadsSeveralCertificatesOfOneFile() throws Exception {
    Files.writeString(
        settings.resolve("bundle.crt"),
        "a comment\n"
            + Files.readString(made.resolve("clients.crt"))
            + "\r\n"
            + Files.readString(made.resolve("ca.crt")).replace("\n", "\r\n"));
    assertThat(handshake(context().orElseThrow(), false)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "RSA, pkcs8",
    "EC, pkcs8",
    "ED25519, pkcs8",
    "RSA, pkcs1",
    "EC, sec1",
    "EC, parameters",
  })
  void contextShowsTheClientsCertificate(String type, String form) throws Exception {
    openssl.key("me", type);
    openssl.certificate("me", "clients");
    switch (form) {
      case "pkcs1" -> openssl.run("rsa -in me.key -traditional -out me.key");
      case "sec1" -> openssl.run("ec -in me.key -out me.key");
      case "parameters" -> {
        openssl.run("ecparam -name prime256v1 -genkey -out me.key");
        openssl.certificate("me", "clients");
      }
      default -> assertThat(Files.readString(made.resolve("me.key"))).contains("BEGIN PRIVATE");
    }
    if (!form.equals("pkcs8")) {
      assertThat(Files.readString(made.resolve("me.key"))).contains("BEGIN " + type + " PRIVATE");
    }
    give("ca.crt", "ca.crt");
    give("me.crt", "client.cert");
    give("me.key", "client.key");
    assertThat(handshake(context().orElseThrow(), true)).isEqualTo("CN=me");
  }

  @Test
  void contextOfAClientsCertificateAloneTrustsWhomTheSystemTrusts() throws Exception {
    openssl.key("me", "EC");
    openssl.certificate("me", "clients");
    TestHost host = new TestHost(directory);
    host.variables.put("SSL_CERT_FILE", made.resolve("ca.crt").toString());
    Path place = directory.resolve("home/.config/containers/certs.d").resolve(REGISTRY);
    Files.createDirectories(place);
    Files.copy(made.resolve("me.crt"), place.resolve("client.cert"));
    Files.copy(made.resolve("me.key"), place.resolve("client.key"));
    CertificateDirectories directories = CertificateDirectories.of(host.environment());
    assertThat(handshake(directories.context(REGISTRY).orElseThrow(), true)).isEqualTo("CN=me");
    host.variables.put("SSL_CERT_FILE", made.resolve("clients.crt").toString());
    SSLContext other =
        CertificateDirectories.of(host.environment()).context(REGISTRY).orElseThrow();
    assertThatThrownBy(() -> handshake(other, true)).isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void unverifiedShowsTheClientsCertificateUnlessAuthoritiesAreGiven() throws Exception {
    CertificateDirectories all = CertificateDirectories.of(List.of(directory.resolve("certs.d")));
    assertThat(all.unverified(REGISTRY)).isEmpty();
    assertThat(all.unverified("other.test")).isEmpty();
    openssl.key("me", "EC");
    openssl.certificate("me", "clients");
    give("me.crt", "client.cert");
    give("me.key", "client.key");
    assertThat(handshake(all.unverified(REGISTRY).orElseThrow(), true)).isEqualTo("CN=me");
    assertThatThrownBy(() -> handshake(context().orElseThrow(), true))
        .isInstanceOf(SSLHandshakeException.class);
    give("clients.crt", "ca.crt");
    assertThat(all.unverified(REGISTRY)).isEmpty();
  }

  @Test
  void contextWhenTheKeyIsAnothersSaysSo() throws IOException {
    for (String type : List.of("RSA", "EC", "ED25519")) {
      openssl.key("me", type);
      openssl.certificate("me", "clients");
      for (String other : List.of("RSA", "EC", "ED25519")) {
        openssl.key("other", other);
        Files.deleteIfExists(settings.resolve("client.cert"));
        Files.deleteIfExists(settings.resolve("client.key"));
        give("me.crt", "client.cert");
        give("other.key", "client.key");
        assertThatThrownBy(this::context)
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("client.cert: found the certificate of another key");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pkcs8 -topk8 -in me.key", "rsa -in me.key -traditional -aes128"})
  void contextWhenTheKeyIsEncryptedSaysSo(String convert) throws IOException {
    openssl.key("me", "RSA");
    openssl.certificate("me", "clients");
    openssl.run(convert + " -passout pass:secret -out secret.key");
    give("me.crt", "client.cert");
    give("secret.key", "client.key");
    assertThatThrownBy(this::context)
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("client.key: found an encrypted private key");
  }
}
