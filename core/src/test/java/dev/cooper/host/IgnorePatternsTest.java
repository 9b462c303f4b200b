package dev.cooper.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.oci.ByteString;
import dev.cooper.spi.TreeFilter.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @CsvSource({
    // pattern, path, left out; as Docker's matcher has them
    "a**b, a/x/b, true",
    "a**b, axb, true",
    "**a, x/ya, true",
    "a/**, a/b/c, true",
    "a/**, a, false",
    "a/**/b, a/b, true",
    "a/**/b, a/x/y/b, true",
    "a/**/b, axb, false",
    "**/x/**/y, x/y, true",
    "**/x/**/y, a/x/b/y/z, true",
    "x*y*z, xaybz, true",
    "x*y*z, xay/bz, false",
    "[!a]x, bx, false",
    "[!a]x, !x, true",
    "[!a]x, ax, true",
    "[^a]x, ax, false",
    "[^!a]x, bx, true",
    "[a\\-]x, -x, true",
    "[\\]b]x, ]x, true",
    "[\\]b]x, bx, true",
    "[\\]b]x, \\x, false",
    "[a\\-c]x, bx, false",
    "[[]x, [x, true",
    "[a-c0-2]x, 1x, true",
    "x[^a], x/, false",
    "x\\y, xy, true",
  })
  void chooseWhenStarsArePutTogetherMatchesAsDockerDoes(String pattern, String path, boolean out) {
    assertThat(choose(path, false, pattern)).isEqualTo(out ? Choice.SKIP : Choice.TAKE);
  }

  /** As Go has it: a pattern takes characters, not the bytes that they are written in. */
  @ParameterizedTest
  @CsvSource({
    "?, é, true",
    "a?c, a😀c, true",
    "??, é, false",
    "[é]x, éx, true",
    "[à-ü]x, éx, true",
    "[^a]x, éx, true",
    "é*, éx, true",
    "*é, xé, true",
  })
  void chooseWhenNamesAreNotAsciiTakesCharacters(String pattern, String path, boolean out) {
    assertThat(choose(path, false, pattern)).isEqualTo(out ? Choice.SKIP : Choice.TAKE);
  }

  @Test
  void chooseWhenNamesAreNoTextTakesBytes() {
    ByteString bytes = new ByteString("a\u00ff\u00c3b"); // neither 0xff nor 0xc3 and b are UTF-8
    assertThat(IgnorePatterns.of(List.of("a??b")).choose(bytes, false)).isEqualTo(Choice.SKIP);
    assertThat(IgnorePatterns.of(List.of("a?b")).choose(bytes, false)).isEqualTo(Choice.TAKE);
    assertThat(IgnorePatterns.of(List.of("aÿ*")).choose(bytes, false)).isEqualTo(Choice.TAKE);
  }

  /** What Go's filepath.Match calls "syntax error in pattern". */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]a]", "[-a]", "[a-", "[a-]", "[a-]x", "[^]a]", "[^-a]", "[]", "[^]", "[", "a[", "[a",
        "[a\\]", "[\\", "x\\", "[a-b-c]", "ok/[]"
      })
  void ofWhenAPatternIsMalformedSaysSo(String pattern) {
    assertThatThrownBy(() -> choose("x", false, pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + pattern + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"!", "! ", "  !"})
  void ofWhenAnExceptionNamesNothingSaysSo(String line) {
    assertThatThrownBy(() -> choose("x", false, "x", line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"!\"");
  }

  @Test
  void readWhenAFileBeginsWithAByteOrderMarkTakesItOff(@TempDir Path temp) throws IOException {
    Path file = Files.writeString(temp.resolve("marked"), "\ufeff*.tmp\r\n!kept.tmp\r\n");
    String[] lines = IgnorePatterns.read(file).toArray(new String[0]);
    assertThat(choose("x.tmp", false, lines)).isEqualTo(Choice.SKIP);
    assertThat(choose("kept.tmp", false, lines)).isEqualTo(Choice.TAKE);
  }

  @Test
  void ofWhenARangeIsTurnedRoundSaysSo() {
    assertThatThrownBy(() -> choose("x", false, "[z-a]"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[z-a]");
  }

  /** Tried one way after another, each of these takes longer than anybody waits. */
  @ParameterizedTest
  @ValueSource(strings = {"**/", "**/a/", "*a", "a**", "**/*/"})
  @Timeout(20)
  void chooseWhenAStrangersPatternHasManyStarsIsStillFast(String part) {
    String path = "a/".repeat(500) + "a";
    for (int i = 0; i < 20; i++) {
      assertThat(choose(path, false, part.repeat(40) + "z")).isEqualTo(Choice.TAKE);
    }
  }
}
