package dev.cooper.oci.registry;

import static dev.cooper.oci.registry.TestHost.base64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Settings with seeded damage are read or refused, and nothing else ever happens. */
class SettingsFuzzTest {
  private static final int ROUNDS = 3_000;
  private static final String SECRET = "s3cr3t-Value";
  private static final String REGISTRIES =
      """
      unqualified-search-registries = ["example.com", "localhost:5000"] # why
      short-name-mode = 'permissive'
      [[registry]]
      prefix = "a.com/team"
      location = "b.com:5000/bar"
      insecure = true
      when = 1979-05-27T07:32:00Z
      [[registry.mirror]]
      location = "m.com"
      pull-from-mirror = "tag-only"
      [[registry]]
      prefix = "*.c.com"
      number = [0x1f, 1e3, -inf, {a.b = 1}]
      [aliases]
      "x" = \"""d.com/\\u0078\"""
      'y/z' = ''
      """;

  private static final String[] PIECES = {
    "\"", "'", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\\", "\\u", "\"\"\"",
    "'''", "0", "-", "+", "_", ":", "/", "@", "*", "*.", "\0", "\ufeff", "é", "1e", "0x", "inf",
    "nan", "true", "1979-05-27", "registry", "[registry]", "[[registry]]", "=", " ", "%", "://",
  };

  private static final Path FILE = Path.of("settings");

  private final Random random = new Random(20240131);

  private String damaged(String text) {
    StringBuilder damaged = new StringBuilder(text);
    for (int i = random.nextInt(3); i >= 0; i--) {
      int from = random.nextInt(damaged.length());
      int to = Math.min(damaged.length(), from + random.nextInt(6));
      switch (random.nextInt(4)) {
        case 0 -> damaged.delete(from, to);
        case 1 -> damaged.setCharAt(from, (char) random.nextInt(256));
        case 2 -> damaged.insert(from, damaged.substring(from, to));
        default -> damaged.replace(from, to, PIECES[random.nextInt(PIECES.length)]);
      }
    }
    return damaged.toString();
  }

  private void fuzz(String text, SettingsFuzz.Reading reading) throws IOException {
    int refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      String damaged = i == 0 ? text : damaged(text);
      try {
        reading.read(damaged.getBytes(StandardCharsets.ISO_8859_1));
      } catch (ContentException | OperationException e) {
        refused++;
        assertThat(i).as(e.getMessage()).isPositive();
        assertThat(e.getMessage()).doesNotContain(SECRET);
      } catch (IOException | RuntimeException | StackOverflowError e) {
        fail("round " + i + ": " + damaged, e);
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void registriesConf() throws IOException {
    fuzz(REGISTRIES, SettingsFuzz::registriesConf);
  }

  @Test
  void authFile() throws IOException {
    String json =
        "{\"auths\":{\"a.com/team\":{\"auth\":\"%s\"},\"a.com\":{\"username\":\"u\",\"password\":\"%s\"}},"
                .formatted(base64("me:" + SECRET), SECRET)
            + "\"credHelpers\":{\"z.com\":\"none\"},\"x\":[1,null,true]}";
    HostEnvironment host = new TestHost(Path.of("none")).environment();
    CredentialHelper helper = new CredentialHelper(host, Duration.ofSeconds(1));
    fuzz(json, bytes -> AuthFile.parse(FILE, bytes, false).find("a.com", "team/app", helper));
  }

  @Test
  void privateKeys() throws Exception {
    for (String type : new String[] {"RSA", "EC"}) {
      byte[] key = KeyPairGenerator.getInstance(type).generateKeyPair().getPrivate().getEncoded();
      String body = Base64.getMimeEncoder().encodeToString(key);
      fuzz(
          "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n",
          bytes -> {
            Der.ofEc(bytes);
            PemFile.parse(FILE, bytes).key();
          });
    }
  }

  @Test
  void proxies() throws IOException {
    String both = "me:" + SECRET + "@proxy.com:3128|a.com,.b.com:80,10.0.0.0/8,[fd00::1]:5000,*.c";
    fuzz(
        "http://" + both,
        bytes -> {
          String[] parts = new String(bytes, StandardCharsets.ISO_8859_1).split("\\|");
          Map<String, String> variables =
              Map.of("HTTPS_PROXY", parts[0], "NO_PROXY", parts[parts.length - 1]);
          ProxySettings settings = ProxySettings.of(variables, null);
          settings.selector().select(URI.create("https://x.com"));
          settings.selector().select(URI.create("https://[fd00::2]"));
        });
  }
}
