package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChallengeTest {
  private static List<Challenge> parse(String... headers) {
    return Challenge.parse(List.of(headers));
  }

  @Test
  void parseWhenBearerGivesItsParameters() {
    assertThat(
            parse(
                "Bearer realm=\"https://auth.example.com/token\",service=\"registry.example.com\","
                    + "scope=\"repository:a/b:pull,push\", error=invalid_token"))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://auth.example.com/token",
                    "service", "registry.example.com",
                    "scope", "repository:a/b:pull,push",
                    "error", "invalid_token")));
  }

  @Test
  void parseWhenSeveralInOneHeaderGivesEach() {
    assertThat(parse("Negotiate, BASIC Realm=\"a \\\"b\\\"\", Bearer realm=x", "Digest a=b"))
        .containsExactly(
            new Challenge("negotiate", Map.of()),
            new Challenge("basic", Map.of("realm", "a \"b\"")),
            new Challenge("bearer", Map.of("realm", "x")),
            new Challenge("digest", Map.of("a", "b")));
  }

  @Test
  void parseWhenAParameterIsThereTwiceGivesTheFirst() {
    assertThat(parse("Bearer realm=a,realm=b").get(0).parameter("realm")).isEqualTo("a");
    assertThat(parse("Bearer x=y").get(0).parameter("realm")).isEmpty();
  }

  @Test
  void parseWhenMalformedEndsInBoundedTime() {
    assertThat(parse("")).isEmpty();
    assertThat(parse("=,=,\"")).isEmpty();
    assertThat(parse("Bearer realm=\"unfinished")).hasSizeLessThan(3);
    assertThat(parse("a".repeat(1 << 20))).isEmpty();
    assertThat(parse("Bearer " + "a=\"\\".repeat(1500))).hasSizeLessThan(5000);
  }
}
