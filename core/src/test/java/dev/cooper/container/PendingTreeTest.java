package dev.cooper.container;

import static dev.cooper.TestImages.file;
import static dev.cooper.TestImages.path;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.MapView;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PendingTreeTest {
  @TempDir Path temp;
  private PendingTree tree;

  @BeforeEach
  void makeTree() {
    tree =
        new PendingTree(temp.resolve("steps"), new MapView().file("base", "b").file("etc/x", "x"));
  }

  private List<String> merged() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      tree.merged(tar);
      tar.finish();
    }
    List<String> lines = new ArrayList<>();
    try (TarReader reader = TarReader.over(new ByteArrayInputStream(bytes.toByteArray()))) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        String text = new String(reader.content().readAllBytes(), StandardCharsets.UTF_8);
        lines.add(entry.path() + " " + entry.type() + " " + entry.link() + text);
      }
    }
    return lines;
  }

  @Test
  void mergedWhenPathsRepeatTakesTheLastInCanonicalOrder() throws IOException {
    tree.add(
        sink -> {
          file(sink, "z", "1");
          file(sink, "a", "1");
        });
    tree.add(
        sink -> {
          sink.put(TarEntry.directory(path("d"), 0755));
          file(sink, "d/in", "2");
          file(sink, "a", "2");
        });
    assertThat(merged()).containsExactly("a FILE 2", "d DIRECTORY ", "d/in FILE 2", "z FILE 1");
  }

  @Test
  void mergedWhenALinksFileWasReplacedKeepsItsContent() throws IOException {
    tree.add(
        sink -> {
          file(sink, "file", "old");
          sink.put(TarEntry.hardlink(path("link"), path("file")));
          sink.put(TarEntry.hardlink(path("more"), path("file")));
        });
    tree.add(sink -> file(sink, "file", "new"));
    assertThat(merged()).containsExactly("file FILE new", "link FILE old", "more HARDLINK link");
  }

  @Test
  void mergedWhenALinkSortsBeforeItsFileMakesItTheFile() throws IOException {
    tree.add(
        sink -> {
          file(sink, "z", "text");
          sink.put(TarEntry.hardlink(path("a"), path("z")));
        });
    assertThat(merged()).containsExactly("a FILE text", "z HARDLINK a");
  }

  private static void directory(EntrySink sink, String path) throws IOException {
    sink.put(TarEntry.directory(path(path), 0755));
  }

  @Test
  void entryWhenAStepReplacesADirectoryHidesWhatLayBelow() throws IOException {
    tree.add(
        sink -> {
          directory(sink, "d");
          file(sink, "d/in", "1");
        });
    tree.add(sink -> sink.put(TarEntry.symlink(path("d"), path("etc"))));
    tree.add(sink -> file(sink, "etc", "no directory"));
    for (String gone : List.of("d/in", "etc/x")) {
      assertThat(tree.entry(path(gone))).as(gone).isNull();
      assertThat(tree.read(path(gone), 100)).as(gone).isNull();
    }
    tree.add(sink -> directory(sink, "etc"));
    assertThat(tree.entry(path("etc/x"))).isNull();
    assertThat(merged())
        .containsExactly("d SYMLINK etc", "etc DIRECTORY ", "etc/.wh..wh..opq FILE ");
  }

  @Test
  void mergedWhenADirectoryIsReplacedDropsWhatLayBelow() throws IOException {
    tree.add(
        sink -> {
          directory(sink, "d");
          file(sink, "d/in", "1");
          directory(sink, "d/sub");
          file(sink, "d/sub/in", "1");
        });
    tree.add(sink -> file(sink, "d", "2"));
    assertThat(merged()).containsExactly("d FILE 2");
    tree.add(
        sink -> {
          directory(sink, "d");
          file(sink, "d/new", "3");
        });
    // Nothing of the base lay there, so that no lower layer shows through.
    assertThat(merged()).containsExactly("d DIRECTORY ", "d/new FILE 3");
  }

  @Test
  void mergedWhenADirectoryOfTheBaseIsMadeAnewHidesTheFirst() throws IOException {
    tree =
        new PendingTree(temp.resolve("steps"), new MapView().file("a/b/x", "x").file("a/y", "y"));
    tree.add(
        sink -> {
          directory(sink, "a");
          file(sink, "a/b", "1");
        });
    tree.add(
        sink -> {
          directory(sink, "a");
          directory(sink, "a/b");
          file(sink, "a/b/!first", "2");
        });
    assertThat(merged())
        .containsExactly(
            "a DIRECTORY ", "a/b DIRECTORY ", "a/b/.wh..wh..opq FILE ", "a/b/!first FILE 2");
    assertThat(tree.entry(path("a/b/x"))).isNull();
    assertThat(tree.entry(path("a/y"))).isNotNull();
    tree.add(sink -> sink.put(TarEntry.symlink(path("a/b"), path("y"))));
    assertThat(merged()).containsExactly("a DIRECTORY ", "a/b SYMLINK y");
    tree.add(sink -> file(sink, "a", "3"));
    tree.add(
        sink -> {
          directory(sink, "a");
          directory(sink, "a/b");
        });
    assertThat(merged()).containsExactly("a DIRECTORY ", "a/.wh..wh..opq FILE ", "a/b DIRECTORY ");
  }

  @Test
  void entryAndReadWhenStepsCoverTheBaseShowTheLast() throws IOException {
    tree.add(sink -> file(sink, "base", "first"));
    tree.add(sink -> file(sink, "base", "second"));
    assertThat(tree.read(path("base"), 100)).asString().isEqualTo("second");
    assertThat(tree.read(path("base"), 3)).isNull();
    assertThat(tree.read(path("etc/x"), 100)).asString().isEqualTo("x");
    TarEntry entry = tree.entry(path("base"));
    assertThat(entry).isNotNull();
    assertThat(entry == null ? -1 : entry.size()).isEqualTo(6);
    assertThat(tree.entry(path("none"))).isNull();
  }

  @Test
  void readWhenAHardlinkIsReadGivesItsFilesContent() throws IOException {
    tree.add(
        sink -> {
          file(sink, "file", "text");
          sink.put(TarEntry.hardlink(path("link"), path("file")));
        });
    assertThat(tree.read(path("link"), 100)).asString().isEqualTo("text");
  }
}
