package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;

class RedactionTest {
  @Test
  void urlHasNoUserQueryOrFragment() {
    assertThat(Redaction.url(URI.create("https://u:p@h:5000/v2/a?X-Signature=abc#f")))
        .isEqualTo("https://h:5000/v2/a");
  }

  @Test
  void textHidesEachFormOfASecret() {
    Redaction redaction = new Redaction();
    Credentials.Basic basic = new Credentials.Basic("joe", "hunter2");
    redaction.secrets(basic);
    assertThat(redaction.text("joe hunter2 " + Redaction.basic(basic))).isEqualTo("joe *** ***");
  }

  @Test
  void textIsOneBoundedLine() {
    Redaction redaction = new Redaction();
    assertThat(redaction.text("a\r\n\u001b[1mb")).isEqualTo("a   [1mb");
    assertThat(redaction.text("x".repeat(1000))).hasSize(301).endsWith("…");
  }

  @Test
  void secretWhenThereAreVeryManyForgetsTheOldest() {
    Redaction redaction = new Redaction();
    redaction.secret("password");
    for (int i = 0; i < 2000; i++) {
      redaction.secret("token" + (10_000 + i));
      redaction.secret("password"); // is used with each of them
    }
    assertThat(redaction.text("password token11999 token10000")).isEqualTo("*** *** token10000");
  }
}
