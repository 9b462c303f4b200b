package dev.cooper.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
  private static final String ABC =
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @Test
  void sha256OfBytesIsThatOfTheStandard() {
    assertThat(Digest.sha256("abc".getBytes(UTF_8))).hasToString(ABC);
  }

  @Test
  void parseGivesBothParts() {
    Digest digest = Digest.parse(ABC);
    assertThat(digest.algorithm()).isEqualTo("sha256");
    assertThat(digest.hex()).isEqualTo(ABC.substring(7));
    assertThat(digest).hasToString(ABC);
  }

  @Test
  void parseTakesSha512() {
    Digest digest = Digest.parse("sha512:" + "0a".repeat(64));
    assertThat(digest.newMessageDigest().getAlgorithm()).isEqualTo("SHA-512");
  }

  @Test
  void matchesWhenOneBitDiffersIsFalse() {
    assertThat(Digest.parse(ABC).matches("abc".getBytes(UTF_8))).isTrue();
    assertThat(Digest.parse(ABC).matches("abb".getBytes(UTF_8))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "sha256",
        "sha256:",
        "sha256:../../etc/passwd",
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adf",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a\n",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015/.",
        "SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "md5:900150983cd24fb0d6963f7d28e17f72",
        "../sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      })
  void parseWhenMalformedQuotesTheInput(String text) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Digest.parse(text))
        .withMessageContaining(Text.quote(text));
  }
}
