package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.TreeFilter.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IgnorePatternsTest {
  private static Choice choose(String path, boolean directory, String... lines) {
    return IgnorePatterns.of(List.of(lines)).choose(ByteString.utf8(path), directory);
  }

  @ParameterizedTest
  @CsvSource({
    // pattern, path, left out; from the Dockerfile reference, ".dockerignore file"
    "*/temp*, somedir/temporary.txt, true",
    "*/temp*, somedir/temp, true",
    "*/temp*, temp, false",
    "*/*/temp*, somedir/subdir/temporary.txt, true",
    "*/*/temp*, somedir/temporary.txt, false",
    "temp?, tempa, true",
    "temp?, temp, false",
    "temp?, temp/, false",
    "**/*.go, a.go, true",
    "**/*.go, b/c/a.go, true",
    "**, anything/at/all, true",
    "/rooted, rooted, true",
    "dir/, dir, true",
    "./dir/../dir/x, dir/x, true",
    "../x, x, true",
    "dir, dir/below, true",
    "dir, dirx, false",
    "a[b-d]e, ace, true",
    "a[^b-d]e, ace, false",
    "a[^b-d]e, axe, true",
    "a[^b]c, a/c, false",
    "a\\*b, a*b, true",
    "a\\*b, axb, false",
    "a.b, axb, false",
    "é?, éx, true",
  })
  void chooseWhenPatternIsGivenMatchesAsDockerDoes(String pattern, String path, boolean out) {
    assertThat(choose(path, false, pattern)).isEqualTo(out ? Choice.SKIP : Choice.TAKE);
  }

  @Test
  void chooseWhenExceptionsFollowTheLastMatchDecides() {
    String[] lines = {"*.md", "!README*.md", "README-secret.md"};
    assertThat(choose("a.md", false, lines)).isEqualTo(Choice.SKIP);
    assertThat(choose("README.md", false, lines)).isEqualTo(Choice.TAKE);
    assertThat(choose("README-secret.md", false, lines)).isEqualTo(Choice.SKIP);
    assertThat(choose("README.md", false, "!README.md", "*.md")).isEqualTo(Choice.SKIP);
  }

  @Test
  void chooseWhenExceptionsMayLieBelowDescends() {
    assertThat(choose("dir", true, "dir", "!dir/kept")).isEqualTo(Choice.DESCEND);
    assertThat(choose("dir/kept", false, "dir", "!dir/kept")).isEqualTo(Choice.TAKE);
    assertThat(choose("dir", true, "dir")).isEqualTo(Choice.SKIP);
  }

  @Test
  void ofWhenLinesAreEmptyOrCommentsLeavesThemOut() {
    assertThat(choose("x", false, "", "  ", "# x", ".", "/")).isEqualTo(Choice.TAKE);
    assertThat(choose("#x", false, " #x")).isEqualTo(Choice.SKIP);
  }

  @Test
  void ofWhenABracketIsOpenSaysSo() {
    assertThatThrownBy(() -> choose("x", false, "a[b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a[b");
  }

  @Test
  void readWhenFileIsNoneOrTooLargeFails(@TempDir Path temp) throws IOException {
    assertThatThrownBy(() -> IgnorePatterns.read(temp))
        .isInstanceOf(SourceNotFoundException.class)
        .hasMessageContaining(temp.toString());
    Path large = Files.write(temp.resolve("large"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> IgnorePatterns.read(large))
        .isInstanceOf(SourceNotFoundException.class);
    assertThat(IgnorePatterns.read(Files.writeString(temp.resolve("ok"), "a\nb\n")))
        .containsExactly("a", "b");
  }
}
