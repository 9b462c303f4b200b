package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayerPathTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a/b|a/b",
        "./a/b|a/b",
        "/a|a",
        "///a//b/./c/|a/b/c",
        ".|''",
        "./|''",
        "/|''",
        "''|''",
        "./.|''",
        ".a/..b|.a/..b",
        "...|...",
        "a/|a"
      })
  void normalizeMakesOneNameOfMany(String raw, String normal) {
    assertThat(LayerPath.normalize(new ByteString(raw))).isEqualTo(new ByteString(normal));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"..", "../x", "a/../../x", "a/..", "/..", "./..", "a\0b", "\0", "a/../b", "//.."})
  void normalizeWhenNameLeavesTheRootThrows(String raw) {
    assertThatThrownBy(() -> LayerPath.normalize(new ByteString(raw)))
        .isInstanceOf(ContentException.class);
  }

  @Test
  void normalizeWhenNameIsAtALimitTakesItAndOneMoreThrows() {
    String component = "x".repeat(255);
    assertThat(LayerPath.normalize(new ByteString(component)).length()).isEqualTo(255);
    assertThatThrownBy(() -> LayerPath.normalize(new ByteString(component + "x")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("256 bytes");
    assertThatThrownBy(() -> LayerPath.normalize(new ByteString("./" + component + "x")))
        .isInstanceOf(ContentException.class);
    String longest = (component + "/").repeat(16);
    assertThat(LayerPath.normalize(new ByteString(longest)).length()).isEqualTo(4095);
    assertThatThrownBy(() -> LayerPath.normalize(new ByteString(longest + "x")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("4097");
  }

  @Test
  void partsWhenPathIsNestedAreItsComponents() {
    ByteString path = new ByteString("a/b/c");
    assertThat(LayerPath.parent(path)).isEqualTo(new ByteString("a/b"));
    assertThat(LayerPath.name(path)).isEqualTo(new ByteString("c"));
    assertThat(LayerPath.components(path))
        .containsExactly(new ByteString("a"), new ByteString("b"), new ByteString("c"));
    assertThat(LayerPath.join(new ByteString("a/b"), new ByteString("c"))).isEqualTo(path);
  }

  @Test
  void partsWhenPathIsTheRootAreEmpty() {
    ByteString name = new ByteString("a");
    assertThat(LayerPath.parent(name)).isEqualTo(ByteString.EMPTY);
    assertThat(LayerPath.name(ByteString.EMPTY)).isEqualTo(ByteString.EMPTY);
    assertThat(LayerPath.components(ByteString.EMPTY)).isEmpty();
    assertThat(LayerPath.join(ByteString.EMPTY, name)).isEqualTo(name);
  }

  @Test
  void orderPutsADirectoryDirectlyBeforeItsContent() {
    List<String> sorted =
        Stream.of("b", "a\u00ff", "a.txt", "a/b", "a", "a/b/c", "a!", "", "a/\u0001")
            .map(ByteString::new)
            .sorted(LayerPath.ORDER)
            .map(ByteString::latin1)
            .toList();
    assertThat(sorted)
        .containsExactly("", "a", "a/\u0001", "a/b", "a/b/c", "a!", "a.txt", "a\u00ff", "b");
  }

  @Test
  void isCanonicalOnlyForWhatNormalizeGives() {
    for (String each : new String[] {"", "a", "a/b", "..a", "a/.wh.b", "\u00ff", "x".repeat(255)}) {
      assertThat(LayerPath.isCanonical(new ByteString(each))).as(each).isTrue();
      assertThat(LayerPath.normalize(new ByteString(each))).isEqualTo(new ByteString(each));
    }
    for (String each :
        new String[] {"/", "/a", "a/", "a//b", ".", "..", "./a", "a/..", "a\0", "x".repeat(256)}) {
      assertThat(LayerPath.isCanonical(new ByteString(each))).as(each).isFalse();
    }
  }
}
