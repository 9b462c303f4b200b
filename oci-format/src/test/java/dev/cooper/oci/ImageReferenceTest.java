package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
  private static final String D =
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @ParameterizedTest
  @CsvSource({
    "debian, docker.io/library/debian:latest, debian:latest",
    "debian:12, docker.io/library/debian:12, debian:12",
    "docker.io/debian, docker.io/library/debian:latest, debian:latest",
    "index.docker.io/library/debian, docker.io/library/debian:latest, debian:latest",
    "org/app:1.0, docker.io/org/app:1.0, org/app:1.0",
    "library/a/b, docker.io/library/a/b:latest, library/a/b:latest",
    "docker.io/foo.bar/x, docker.io/foo.bar/x:latest, docker.io/foo.bar/x:latest",
    "localhost/app, localhost/app:latest, localhost/app:latest",
    "localhost:5000/app:1, localhost:5000/app:1, localhost:5000/app:1",
    "localhost:5000, docker.io/library/localhost:5000, localhost:5000",
    "host:5000/a/b/c:t, host:5000/a/b/c:t, host:5000/a/b/c:t",
    "Host/app, Host/app:latest, Host/app:latest",
    "[::1]:5000/app, [::1]:5000/app:latest, [::1]:5000/app:latest",
    "registry.example.com/a--b__c.d_e, registry.example.com/a--b__c.d_e:latest,"
        + " registry.example.com/a--b__c.d_e:latest",
    "127.0.0.1/app:_x.Y-z, 127.0.0.1/app:_x.Y-z, 127.0.0.1/app:_x.Y-z",
    "app@" + D + ", docker.io/library/app@" + D + ", app@" + D,
    "h.io/app:1@" + D + ", h.io/app:1@" + D + ", h.io/app:1@" + D,
    "scratch, docker.io/library/scratch:latest, scratch:latest",
  })
  void parseCompletesWhatIsShort(String text, String whole, String familiar) {
    ImageReference reference = ImageReference.parse(text);
    assertThat(reference).hasToString(whole);
    assertThat(reference.familiar()).isEqualTo(familiar);
    assertThat(ImageReference.parse(whole)).isEqualTo(reference);
    assertThat(ImageReference.parse(familiar)).isEqualTo(reference);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Debian",
        "org/Debian",
        "host/app/Up",
        "a//b",
        "/a",
        "a/",
        "a:",
        ":tag",
        "a:b:c",
        "a:-b",
        "a:.b",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "_a",
        "a b",
        " a",
        "a\n",
        "a:t\n",
        "h.io:/a",
        "h.io:port/a",
        "h.io:999999/a",
        "-h.io/a",
        "h-.io/a",
        "h..io/a",
        "../a/b",
        "h.io/../a",
        "h.io/a/..",
        "http://h.io/a",
        "déjà",
        "h.io/日本",
        "a@",
        "a@sha256:123",
        "a@" + D + "@" + D,
        "@" + D,
        "a:t@md5:900150983cd24fb0d6963f7d28e17f72",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "user:pass@h.io/a",
        "a\u0000b",
      })
  void parseWhenMalformedQuotesTheInput(String text) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse(text))
        .withMessageStartingWith("image reference " + Text.quote(text) + ": ");
  }

  @Test
  void parseWhenTooLongSaysHowLong() {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse("a".repeat(300)))
        .withMessageContaining("its name has 318 characters, over 255");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse("a:" + "t".repeat(129)))
        .withMessageContaining("128");
  }

  @Test
  void parseWhenUpperCaseSaysWhy() {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse("Debian"))
        .withMessageContaining("\"Debian\"")
        .withMessageContaining("capital letter");
  }

  @Test
  void parseWhenHugeEndsSoon() {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse("a-".repeat(1_000_000)));
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageReference.parse("a.".repeat(1_000_000) + "/x"));
  }

  @Test
  void withTagDropsTheDigest() {
    ImageReference reference = ImageReference.parse("app:1@" + D);
    assertThat(reference.withTag("2")).hasToString("docker.io/library/app:2");
    assertThat(reference.withTag("2").withDigest(Digest.parse(D)).familiar())
        .isEqualTo("app:2@" + D);
  }
}
