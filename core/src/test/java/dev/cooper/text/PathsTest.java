package dev.cooper.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathsTest {
  @ParameterizedTest
  @CsvSource({
    "/, a, /a",
    "/w, a/b, /w/a/b",
    "/w, /a, /a",
    "/w, ., /w",
    "/w, .., /",
    "/w, ../../../x, /x",
    "/w, /../../x/, /x",
    "/w, //a///b/./c/../d, /a/b/d",
    "/w, ...,  /w/...",
    "/, /, /",
  })
  void absoluteWhenPathIsGivenCleansIt(String workdir, String path, String expected) {
    assertThat(Paths.absolute(workdir, path)).isEqualTo(expected);
  }

  @Test
  void absoluteWhenPathIsNoneFails() {
    assertThatThrownBy(() -> Paths.absolute("/", "")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Paths.absolute("/", "a\0b"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
