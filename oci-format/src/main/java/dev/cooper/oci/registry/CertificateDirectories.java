package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Certificates for single registries, by the directories of containers-certs.d(5) and Docker's.
 *
 * <p>For a registry the first directory counts that is there: {@code
 * ~/.config/containers/certs.d/HOST[:PORT]}, {@code /etc/containers/certs.d/HOST[:PORT]}, {@code
 * /etc/docker/certs.d/HOST[:PORT]}. In it, {@code *.crt} are authorities that are trusted besides
 * the Java runtime's and the system's, and each {@code NAME.cert} with its {@code NAME.key} is a
 * certificate that the client shows. All are PEM; keys are RSA's, EC's or EdDSA's, in PKCS#8 or in
 * OpenSSL's older forms, without a passphrase.
 *
 * <p>The files are read again at each call. Immutable, thread-safe.
 */
public final class CertificateDirectories implements TlsProvider {
  /** What a host and a port can consist of: nothing that leads to another directory. */
  private static final Pattern REGISTRY = Pattern.compile("[A-Za-z0-9\\[][A-Za-z0-9._:\\[\\]-]*");

  private static final char[] NO_PASSWORD = {};
  private static final byte[] SAMPLE = {1};

  private final List<Path> directories;
  private final HostEnvironment host;

  private CertificateDirectories(List<Path> directories, HostEnvironment host) {
    this.directories = List.copyOf(directories);
    this.host = host;
  }

  /**
   * The directories where Podman, Buildah, Skopeo and Docker look.
   *
   * @return a provider that reads them when it is asked
   */
  public static CertificateDirectories standard() {
    return of(HostEnvironment.current());
  }

  /**
   * Other directories.
   *
   * @param directories each with one directory for each {@code HOST[:PORT]}; the first one counts
   *     that knows a registry
   * @return a provider that reads them when it is asked
   */
  public static CertificateDirectories of(List<Path> directories) {
    return new CertificateDirectories(directories, HostEnvironment.current());
  }

  static CertificateDirectories of(HostEnvironment host) {
    return new CertificateDirectories(
        List.of(
            host.configHome().resolve("containers").resolve("certs.d"),
            host.systemContainers().resolve("certs.d"),
            host.root().resolve("etc").resolve("docker").resolve("certs.d")),
        host);
  }

  /**
   * The TLS settings for a registry.
   *
   * @param registry host, and port if there is one
   * @return empty if no directory knows it
   * @throws ContentException naming the file, if one is malformed, or a certificate has no key
   * @throws IOException if one can't be read
   */
  @Override
  public Optional<SSLContext> context(String registry) throws IOException {
    Optional<Path> directory = directory(registry);
    return directory.isEmpty() ? Optional.empty() : context(directory.get(), false);
  }

  /**
   * The client's certificate alone, where there are no authorities to verify the registry by.
   *
   * @param registry host, and port if there is one
   * @return empty if no directory knows it, or knows authorities
   * @throws ContentException naming the file, if one is malformed, or a certificate has no key
   * @throws IOException if one can't be read
   */
  @Override
  public Optional<SSLContext> unverified(String registry) throws IOException {
    Optional<Path> directory = directory(registry);
    return directory.isEmpty() || !SettingsFiles.list(directory.get(), ".crt").isEmpty()
        ? Optional.empty()
        : context(directory.get(), true);
  }

  private Optional<Path> directory(String registry) {
    return REGISTRY.matcher(registry).matches()
        ? directories.stream()
            .map(each -> each.resolve(registry))
            .filter(Files::isDirectory)
            .findFirst()
        : Optional.empty();
  }

  private Optional<SSLContext> context(Path directory, boolean unverified) throws IOException {
    List<X509Certificate> authorities = new ArrayList<>();
    for (Path each : SettingsFiles.list(directory, ".crt")) {
      authorities.addAll(PemFile.read(each).certificates());
    }
    for (Path each : SettingsFiles.list(directory, ".key")) {
      requirePartner(each, ".cert", "its certificate");
    }
    try {
      KeyStore clients = clients(directory);
      if (authorities.isEmpty() && clients.size() == 0) {
        return Optional.empty();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      TrustManager[] trust =
          unverified ? new TrustManager[] {new Anybody()} : trustManagers(authorities);
      context.init(keyManagers(clients), trust, null);
      return Optional.of(context);
    } catch (GeneralSecurityException e) {
      throw new ContentException(
          directory + ": certificates that the Java runtime refuses: " + e.getMessage(), e);
    }
  }

  private static KeyStore clients(Path directory) throws IOException, GeneralSecurityException {
    KeyStore store = emptyStore();
    for (Path file : SettingsFiles.list(directory, ".cert")) {
      Path key = requirePartner(file, ".key", "its key (an authority's file ends in .crt)");
      X509Certificate[] chain = PemFile.read(file).certificates().toArray(X509Certificate[]::new);
      PrivateKey secret = PemFile.read(key).key();
      if (!belongTogether(secret, chain[0].getPublicKey())) {
        throw new ContentException(file + ": found the certificate of another key than " + key);
      }
      store.setKeyEntry(file.toString(), secret, NO_PASSWORD, chain);
    }
    return store;
  }

  /** Whether one verifies what the other signs; the JDK compares no halves of a pair. */
  private static boolean belongTogether(PrivateKey secret, PublicKey open)
      throws GeneralSecurityException {
    String algorithm = signature(secret);
    if (!algorithm.equals(signature(open))) {
      return false;
    }
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(secret);
    signature.update(SAMPLE); // EdDSA's verifies no empty message
    byte[] signed = signature.sign();
    signature.initVerify(open);
    signature.update(SAMPLE);
    try {
      return signature.verify(signed);
    } catch (SignatureException e) {
      return false; // of another length
    }
  }

  private static String signature(Key key) {
    return switch (key.getAlgorithm()) {
      case "RSA" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      // The halves of one pair call themselves EdDSA and Ed25519.
      case "Ed25519", "Ed448" -> "EdDSA";
      default -> key.getAlgorithm();
    };
  }

  private static Path requirePartner(Path file, String ending, String what) {
    String name = file.toString();
    Path partner = Path.of(name.substring(0, name.lastIndexOf('.')) + ending);
    if (!Files.exists(partner)) {
      throw new ContentException(file + ": found no " + partner.getFileName() + " with " + what);
    }
    return partner;
  }

  private static KeyManager @Nullable [] keyManagers(KeyStore clients)
      throws GeneralSecurityException {
    if (clients.size() == 0) {
      return null;
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(clients, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  /** The runtime's authorities and more, in one store: one set of rules checks all of them. */
  private TrustManager[] trustManagers(List<X509Certificate> more)
      throws GeneralSecurityException, IOException {
    if (more.isEmpty()) {
      return SystemTrust.managers(host);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    List<X509Certificate> all = new ArrayList<>(more);
    for (TrustManager each : factory.getTrustManagers()) {
      if (each instanceof X509TrustManager manager) {
        all.addAll(List.of(manager.getAcceptedIssuers()));
      }
    }
    KeyStore store = emptyStore();
    for (int i = 0; i < all.size(); i++) {
      store.setCertificateEntry("authority-" + i, all.get(i));
    }
    factory.init(store);
    return SystemTrust.besides(factory.getTrustManagers(), host);
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  /** Which directories it reads. */
  @Override
  public String toString() {
    return "CertificateDirectories" + directories;
  }
}
