package dev.cooper.oci.registry;

import dev.cooper.oci.CooperException;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts whom the Java runtime trusts, and else whom the operating system does.
 *
 * <p>Many runtimes bring authorities of their own, and know none that an administrator gave to the
 * system, which every other program here trusts. The system's are only read when the runtime's do
 * not vouch for a server: from {@code $SSL_CERT_FILE}, else from where distributions keep them.
 * Thread-safe.
 */
final class SystemTrust extends X509ExtendedTrustManager {
  /** Debian and Alpine, Fedora and RHEL (older, newer), openSUSE, and Alpine once more. */
  private static final List<String> BUNDLES =
      List.of(
          "etc/ssl/certs/ca-certificates.crt",
          "etc/pki/tls/certs/ca-bundle.crt",
          "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
          "etc/ssl/ca-bundle.pem",
          "etc/ssl/cert.pem");

  private final X509ExtendedTrustManager runtime;
  private final HostEnvironment host;
  private @Nullable X509ExtendedTrustManager system;
  private boolean read;

  private SystemTrust(X509ExtendedTrustManager runtime, HostEnvironment host) {
    this.runtime = runtime;
    this.host = host;
  }

  /**
   * What a client uses that has no settings for a registry: the runtime's own context where its
   * properties name a store, which is then what was asked for.
   */
  static SSLContext context(HostEnvironment host) throws IOException, GeneralSecurityException {
    if (System.getProperty("javax.net.ssl.trustStore") != null
        || System.getProperty("javax.net.ssl.keyStore") != null) {
      return SSLContext.getDefault();
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers(host), null);
    return context;
  }

  /** Whom the runtime trusts and, unless its properties name a store, whom the system does. */
  static TrustManager[] managers(HostEnvironment host) throws GeneralSecurityException {
    TrustManager[] runtimes = managers((KeyStore) null);
    return System.getProperty("javax.net.ssl.trustStore") == null
        ? besides(runtimes, host)
        : runtimes;
  }

  /** The same managers, with the system's authorities behind each that decides about a peer. */
  static TrustManager[] besides(TrustManager[] managers, HostEnvironment host) {
    return Stream.of(managers)
        .map(
            each ->
                each instanceof X509ExtendedTrustManager manager
                    ? new SystemTrust(manager, host)
                    : each)
        .toArray(TrustManager[]::new);
  }

  private static TrustManager[] managers(@Nullable KeyStore store) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private synchronized @Nullable X509ExtendedTrustManager system() throws CertificateException {
    if (!read) {
      system = read();
      read = true;
    }
    return system;
  }

  private @Nullable X509ExtendedTrustManager read() throws CertificateException {
    Optional<Path> bundle =
        host.path("SSL_CERT_FILE")
            .or(() -> BUNDLES.stream().map(host.root()::resolve).filter(Files::exists).findFirst());
    if (bundle.isEmpty()) {
      return null;
    }
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int count = 0;
      for (X509Certificate each : PemFile.read(bundle.get()).certificates()) {
        store.setCertificateEntry("authority-" + count++, each);
      }
      return Stream.of(managers(store))
          .filter(X509ExtendedTrustManager.class::isInstance)
          .map(X509ExtendedTrustManager.class::cast)
          .findFirst()
          .orElse(null);
    } catch (IOException | GeneralSecurityException | CooperException e) {
      throw new CertificateException(
          "cannot read the system's authorities in " + bundle.get() + ": " + e.getMessage(), e);
    }
  }

  /** Asks one that is trusted, who throws if it does not trust the peer. */
  private interface Question {
    void ask(X509ExtendedTrustManager manager) throws CertificateException;
  }

  private void either(Question question) throws CertificateException {
    try {
      question.ask(runtime);
    } catch (CertificateException refused) {
      try {
        X509ExtendedTrustManager other = system();
        if (other != null) {
          question.ask(other);
          return;
        }
      } catch (CertificateException e) {
        refused.addSuppressed(e);
      }
      throw refused;
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    either(manager -> manager.checkServerTrusted(chain, type));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    either(manager -> manager.checkServerTrusted(chain, type, socket));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    either(manager -> manager.checkServerTrusted(chain, type, engine));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    runtime.checkClientTrusted(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    runtime.checkClientTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    runtime.checkClientTrusted(chain, type, engine);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return runtime.getAcceptedIssuers();
  }
}
