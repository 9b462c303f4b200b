package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with files; {@link CertificateDirectoriesIT} has what is right with them. */
class CertificateDirectoriesTest {
  private static final String SYSTEM = "root/etc/containers/certs.d/";

  @TempDir Path directory;
  private TestHost host;

  @BeforeEach
  void create() {
    host = new TestHost(directory);
  }

  private boolean knows(String registry) throws IOException {
    return CertificateDirectories.of(host.environment()).context(registry).isPresent();
  }

  @Test
  void contextWithoutFilesIsEmpty() throws IOException {
    assertThat(knows("example.com")).isFalse();
    host.write(SYSTEM + "example.com/README", "x");
    host.write(SYSTEM + "example.com/ca.pem", "x");
    assertThat(knows("example.com")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", ".", "../up", "/", "", "a/b", "a\0b", "a\\b", "-"})
  void contextOfWhatIsNoRegistryReadsNothing(String registry) throws IOException {
    for (String place : new String[] {"", "up/", "../up/", "a/b/"}) {
      host.write(SYSTEM + place + "ca.crt", "no certificate");
    }
    assertThat(knows(registry)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"example.com", "example.com:5000", "[::1]:5000", "localhost"})
  void contextReadsTheFirstDirectoryThatIsThere(String registry) {
    String[] places = {
      "root/etc/docker/certs.d/", SYSTEM, "home/.config/containers/certs.d/",
    };
    for (String place : places) {
      Path file = host.write(place + registry + "/ca.crt", "no certificate");
      assertThatThrownBy(() -> knows(registry))
          .isInstanceOf(ContentException.class)
          .hasMessage(file + ": found no PEM certificate");
    }
  }

  @Test
  void contextWhenHalfAPairIsMissingNamesIt() {
    Path cert = host.write(SYSTEM + "a.com/client.cert", "x");
    assertThatThrownBy(() -> knows("a.com"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining(cert.toString())
        .hasMessageContaining("client.key")
        .hasMessageContaining(".crt");
    Path key = host.write(SYSTEM + "b.com/client.key", "x");
    assertThatThrownBy(() -> knows("b.com"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining(key.toString())
        .hasMessageContaining("client.cert");
  }

  @ParameterizedTest
  @CsvSource({
    "'-----BEGIN CERTIFICATE-----', found no end of a CERTIFICATE",
    "'-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', malformed certificate",
    "'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', malformed certificate",
    "'-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----', no base64",
    "'-----BEGIN X-----\nAAAA\n-----END X-----', no PEM certificate",
    "'', no PEM certificate",
  })
  void contextWhenACertificateIsMalformedNamesTheFile(String content, String problem) {
    Path file = host.write(SYSTEM + "a.com/ca.crt", content);
    assertThatThrownBy(() -> knows("a.com"))
        .isInstanceOf(ContentException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(problem);
  }

  @Test
  void contextWhenAFileIsHugeOrNoFileRefuses() throws IOException {
    Path file = host.write(SYSTEM + "a.com/ca.crt", "x".repeat((4 << 20) + 1));
    assertThatThrownBy(() -> knows("a.com")).hasMessageContaining("more than");
    Files.delete(file);
    Files.createDirectory(file);
    assertThatThrownBy(() -> knows("a.com")).hasMessageContaining("no regular file");
    for (int i = 0; i <= 1000; i++) {
      host.write(SYSTEM + "b.com/" + i + ".crt", "");
    }
    assertThatThrownBy(() -> knows("b.com")).hasMessageContaining("more than 1000 files");
  }

  private static String pem(String label, byte[] content) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(content)
        + "\n-----END "
        + label
        + "-----\n";
  }

  @Test
  void keyReadsPkcs8() throws Exception {
    for (String type : new String[] {"RSA", "EC", "Ed25519"}) {
      byte[] key = KeyPairGenerator.getInstance(type).generateKeyPair().getPrivate().getEncoded();
      Path file = host.write("a.key", "text\n" + pem("PRIVATE KEY", key));
      assertThat(PemFile.read(file).key().getEncoded()).as(type).isEqualTo(key);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "X"})
  void keyWhenMalformedNamesTheFileAndShowsNothing(String label) throws Exception {
    byte[] good = KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate().getEncoded();
    for (int length = 0; length < good.length; length += 7) {
      byte[] cut = java.util.Arrays.copyOf(good, length);
      Path file = host.write("a.key", pem(label, cut));
      assertThatThrownBy(() -> PemFile.read(file).key())
          .isInstanceOf(ContentException.class)
          .hasMessageStartingWith(file.toString())
          .satisfies(
              failure ->
                  assertThat(failure.getMessage())
                      .doesNotContain(Base64.getEncoder().encodeToString(cut).concat("#")));
    }
    byte[] bomb = {0x30, (byte) 0x84, 0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff, 1};
    Path file = host.write("a.key", pem(label, bomb));
    assertThatThrownBy(() -> PemFile.read(file).key()).isInstanceOf(ContentException.class);
  }
}
