package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Any bytes as registries.conf, as an auth file, as a PEM file and as a challenge: refused, or read
 * and asked.
 */
public final class SettingsFuzz {
  private static final Path FILE = Path.of("settings");
  private static final ImageReference REFERENCE = ImageReference.parse("a.com/team/app:1");
  private static final CredentialHelper HELPER =
      new CredentialHelper(new TestHost(Path.of("none")).environment(), Duration.ofSeconds(1));

  private SettingsFuzz() {}

  /** What is done with the bytes. */
  interface Reading {
    void read(byte[] bytes) throws IOException;
  }

  public static void fuzzerTestOneInput(byte[] input) {
    refusedOrRead(input, SettingsFuzz::registriesConf);
    refusedOrRead(input, SettingsFuzz::authFile);
    refusedOrRead(input, bytes -> PemFile.parse(FILE, bytes).key());
    refusedOrRead(
        input, bytes -> Challenge.parse(List.of(new String(bytes, StandardCharsets.ISO_8859_1))));
  }

  static void registriesConf(byte[] bytes) throws IOException {
    RegistriesConf conf = RegistriesConf.EMPTY.with(RegistriesFile.parse(FILE, bytes), "x");
    conf.endpoints(REFERENCE);
    conf.candidates("x:2");
  }

  /** Without helpers, which would be programs of whatever name the bytes say. */
  static void authFile(byte[] bytes) throws IOException {
    if (!new String(bytes, StandardCharsets.ISO_8859_1).matches("(?s).*(cred|\\\\u).*")) {
      AuthFile.parse(FILE, bytes, false).find("a.com", "team/app", HELPER);
    } else {
      AuthFile.parse(FILE, bytes, false);
    }
  }

  /** Whether it was read. */
  static boolean refusedOrRead(byte[] bytes, Reading reading) {
    try {
      reading.read(bytes);
      return true;
    } catch (ContentException | OperationException e) {
      assertThat(e.getMessage()).isNotBlank();
      return false;
    } catch (IOException e) {
      throw new AssertionError("there is nothing that could not be read", e);
    }
  }
}
