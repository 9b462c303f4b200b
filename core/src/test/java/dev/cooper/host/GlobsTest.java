package dev.cooper.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.io.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Patterns over a directory.
 *
 * <pre>
 * b.jar  a.jar  c.txt
 * one/x.jar  two/x.jar  two/deep/y.jar
 * </pre>
 */
class GlobsTest {
  @TempDir Path temp;

  @BeforeEach
  void makeFiles() throws IOException {
    for (String each :
        List.of("b.jar", "a.jar", "c.txt", "one/x.jar", "two/x.jar", "two/deep/y.jar")) {
      Path file = temp.resolve(each);
      Files.createDirectories(Directories.parent(file));
      Files.writeString(file, each);
    }
  }

  private List<String> expand(String pattern) {
    return Globs.expand(temp, pattern).stream()
        .map(path -> temp.relativize(path).toString())
        .toList();
  }

  @Test
  void expandWhenFilesMatchSortsThem() {
    assertThat(expand("*.jar")).containsExactly("a.jar", "b.jar");
    assertThat(expand("[ac].*")).containsExactly("a.jar", "c.txt");
    assertThat(expand("?.txt")).containsExactly("c.txt");
    assertThat(expand("./one//x.jar")).containsExactly("one/x.jar");
  }

  @Test
  void expandWhenNamesHoldPatternCharactersTakesThemEscaped() throws IOException {
    for (String each : List.of("[x].txt", "star*.txt", "!a.txt", "é.txt")) {
      Files.writeString(temp.resolve(each), each);
    }
    assertThat(expand("[[]x].txt")).containsExactly("[x].txt");
    assertThat(expand("star\\*.txt")).containsExactly("star*.txt");
    assertThat(expand("[!a]*.txt")).containsExactly("!a.txt");
    assertThat(expand("?.txt")).containsExactly("c.txt", "é.txt");
  }

  @Test
  void expandWhenDirectoriesMatchGoesOnInEach() {
    assertThat(expand("*/x.jar")).containsExactly("one/x.jar", "two/x.jar");
    assertThat(expand("t*/*/*.jar")).containsExactly("two/deep/y.jar");
  }

  @Test
  void expandWhenPatternIsAbsoluteBeginsAtTheRoot() {
    assertThat(Globs.expand(Path.of(""), temp + "/*.txt")).containsExactly(temp.resolve("c.txt"));
  }

  @Test
  void expandWhenNothingMatchesSaysWhere() {
    assertThatThrownBy(() -> expand("*.none"))
        .isInstanceOf(SourceNotFoundException.class)
        .hasMessageContaining("*.none")
        .hasMessageContaining(temp.toString());
    assertThatThrownBy(() -> expand("c.txt/*")).isInstanceOf(SourceNotFoundException.class);
  }
}
