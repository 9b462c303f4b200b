package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A key and a certificate that it signed itself, for 127.0.0.1 and localhost. */
final class TestCertificate {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static KeyStore first;

  final Path certificateFile;
  final Path keyFile;
  private final KeyStore store;

  private TestCertificate(Path directory, KeyStore store)
      throws GeneralSecurityException, IOException {
    this.store = store;
    certificateFile = directory.resolve("certificate.pem");
    keyFile = directory.resolve("key.pem");
    Files.writeString(certificateFile, pem("CERTIFICATE", certificate().getEncoded()));
    Files.writeString(keyFile, pem("PRIVATE KEY", key().getEncoded()));
  }

  /** Writes the one of this JVM to a directory; it is the same for all tests. */
  static synchronized TestCertificate create(Path directory) throws Exception {
    if (first == null) {
      first = generated(directory);
    }
    return new TestCertificate(directory, first);
  }

  /** One that {@link #create}'s tells nothing of. */
  static TestCertificate another(Path directory) throws Exception {
    return new TestCertificate(directory, generated(directory));
  }

  /** Makes one, with the Java runtime's own keytool. */
  private static KeyStore generated(Path directory) throws Exception {
    Path file = directory.resolve("keys.p12");
    Path log = directory.resolve("keytool.log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1",
                "-genkeypair",
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-alias",
                "test",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=ip:127.0.0.1,dns:localhost,dns:far.test",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + Files.readString(log, StandardCharsets.UTF_8));
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private static String pem(String what, byte[] der) {
    byte[] newline = {'\n'};
    return "-----BEGIN "
        + what
        + "-----\n"
        + Base64.getMimeEncoder(64, newline).encodeToString(der)
        + "\n-----END "
        + what
        + "-----\n";
  }

  X509Certificate certificate() throws GeneralSecurityException {
    return (X509Certificate) store.getCertificate("test");
  }

  PrivateKey key() throws GeneralSecurityException {
    return (PrivateKey) store.getKey("test", PASSWORD);
  }

  /** Trusts this certificate alone; a server shows it. */
  SSLContext context() throws GeneralSecurityException, IOException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("test", certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
