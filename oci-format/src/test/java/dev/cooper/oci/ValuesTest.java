package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.registry.Endpoint;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The values that say themselves when they are equal: each part of one counts. */
class ValuesTest {
  private static final String HEX = "0".repeat(63);

  @ParameterizedTest
  @MethodSource("values")
  void equalsWhenAnyPartDiffersIsFalse(List<Object> values) {
    for (int i = 0; i < values.size(); i++) {
      for (int j = 0; j < values.size(); j++) {
        assertThat(values.get(i).equals(values.get(j)))
            .as("%s, %s", i, j)
            .isEqualTo(i / 2 == j / 2);
      }
      assertThat(values.get(i)).isNotEqualTo(null).isNotEqualTo("text");
      assertThat(values.get(i ^ 1)).hasSameHashCodeAs(values.get(i));
    }
  }

  /** Two of each, one after the other. */
  static Stream<List<Object>> values() {
    return Stream.of(
        List.of(
            new Digest("sha256", HEX + "a"),
            new Digest("sha256", HEX + "a"),
            new Digest("sha256", HEX + "b"),
            new Digest("sha256", HEX + "b"),
            new Digest("sha512", HEX + "a" + HEX + "a"),
            new Digest("sha512", HEX + "a" + HEX + "a")),
        List.of(
            new MediaType("a/b"), new MediaType("a/b"), new MediaType("a/c"), new MediaType("a/c")),
        List.of(
            reference("one/app:1"),
            reference("one/app:1"),
            reference("two/app:1"),
            reference("two/app:1"),
            reference("registry.example/one/app:1"),
            reference("registry.example/one/app:1"),
            reference("one/app:2"),
            reference("one/app:2"),
            reference("one/app:1@sha256:" + HEX + "a"),
            reference("one/app:1@sha256:" + HEX + "a"),
            reference("one/app@sha256:" + HEX + "a"),
            reference("one/app@sha256:" + HEX + "a")),
        List.of(
            new Endpoint("host", "app", false, false),
            new Endpoint("host", "app", false, false),
            new Endpoint("other", "app", false, false),
            new Endpoint("other", "app", false, false),
            new Endpoint("host", "other", false, false),
            new Endpoint("host", "other", false, false),
            new Endpoint("host", "app", true, false),
            new Endpoint("host", "app", true, false),
            new Endpoint("host", "app", false, true),
            new Endpoint("host", "app", false, true)));
  }

  private static ImageReference reference(String text) {
    return ImageReference.parse(text);
  }
}
