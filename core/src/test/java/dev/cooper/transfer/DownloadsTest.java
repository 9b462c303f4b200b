package dev.cooper.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ImageLimits;
import dev.cooper.text.Urls;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DownloadsTest {
  @ParameterizedTest
  @CsvSource({
    "foo, foo",
    "/etc/passwd, /etc/passwd",
    "file:/etc/passwd, file:/etc/passwd",
    "ftp://user:secret@host:21/x?secret, ftp://host:21/x",
    "mailto:secret@example.com, mailto:…",
    "data:secret, data:…",
    "//host/x, //host/x",
    "http:///x, http:/x",
  })
  void fetchWhenAUrlIsNoServersNamesItWithoutSecrets(String url, String shown) {
    assertThatThrownBy(
            () ->
                Downloads.fetch(
                    URI.create(url),
                    Path.of("never"),
                    null,
                    ImageLimits.DEFAULT,
                    () -> {
                      throw new AssertionError("asked");
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("cannot add \"" + shown + "\": ")
        .hasMessageNotContaining("null")
        .hasMessageNotContaining("secret");
  }

  @Test
  void redactedKeepsWhatTellsTheServerAndTheFile() {
    assertThat(Urls.redacted(URI.create("https://u:p@my_host:8443/a%20b?sig=1#f")))
        .isEqualTo("https://my_host:8443/a%20b");
  }
}
