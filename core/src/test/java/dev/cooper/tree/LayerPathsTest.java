package dev.cooper.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.TestImages;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.TarEntry;
import java.util.List;
import org.junit.jupiter.api.Test;

class LayerPathsTest {
  private final LayerPaths paths = new LayerPaths();

  private void file(String path) {
    paths.add(TarEntry.file(TestImages.path(path), 0644, 0), TestImages.path(path));
  }

  private void directory(String path) {
    paths.add(TarEntry.directory(TestImages.path(path), 0755), TestImages.path(path));
  }

  @Test
  void addWhenAnEntryLiesBelowAFileRefusesIt() {
    directory("d");
    file("d/a");
    file("d/ab/c");
    assertThatThrownBy(() -> file("d/a/b"))
        .isInstanceOf(ContentException.class)
        .hasMessage("entry d/a/b lies below d/a, which is no directory in this layer");
    assertThatThrownBy(() -> directory("d/a/x/y/z")).isInstanceOf(ContentException.class);
  }

  @Test
  void addWhenAFileGivesWayToADirectoryTakesWhatLiesInIt() {
    file("a");
    directory("a");
    file("a/b");
    file("a");
    assertThatThrownBy(() -> file("a/b")).isInstanceOf(ContentException.class);
  }

  private void hardlink(String path, String target) {
    paths.add(
        TarEntry.hardlink(TestImages.path(path), TestImages.path(target)), TestImages.path(path));
  }

  @Test
  void addWhenAHardlinkNamesADirectoryRefusesIt() {
    directory("d");
    file("e/f");
    file("d");
    hardlink("g", "d");
    hardlink("h", "e/f");
    for (String target : List.of("e", "./", "/e/")) {
      assertThatThrownBy(() -> hardlink("i", target))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("the hardlink i names ")
          .hasMessageContaining("which is a directory in this layer");
    }
  }

  @Test
  void hasUnnamedSaysWhetherEntriesLieInDirectoriesWithoutOne() {
    file("a");
    directory("d");
    file("d/e");
    assertThat(paths.hasUnnamed()).isFalse();
    file("late/x");
    assertThat(paths.hasUnnamed()).isTrue();
    directory("late");
    assertThat(paths.hasUnnamed()).isFalse();
    directory("d/deep/er");
    assertThat(paths.hasUnnamed()).isTrue();
  }

  @Test
  void addWhenALinkIsOnTheWayTakesIt() {
    paths.add(TarEntry.symlink(TestImages.path("l"), ByteString.utf8("d")), TestImages.path("l"));
    file("l/x");
  }

  @Test
  void addWhenThereAreManyKnowsAllOfThem() {
    for (int i = 0; i < 100_000; i++) {
      file("d/" + i);
    }
    for (int i = 0; i < 100_000; i++) {
      String below = "d/" + i + "/x";
      assertThatThrownBy(() -> file(below)).isInstanceOf(ContentException.class);
    }
  }
}
