package dev.cooper.container;

import static dev.cooper.TestImages.file;
import static dev.cooper.TestImages.path;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.MapView;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where entries go in a root that is not mounted.
 *
 * <pre>
 * d/old  d/sub/old  file  link -> d  sub/  etc/m
 * </pre>
 */
class DestinationSinkTest {
  @TempDir Path temp;
  private PendingTree tree;

  @BeforeEach
  void makeTree() {
    MapView base =
        new MapView()
            .file("d/old", "o")
            .file("d/sub/old", "o")
            .file("file", "f")
            .link("link", "d")
            .directory("sub")
            .file("etc/m", "m");
    tree = new PendingTree(temp.resolve("steps"), base);
  }

  private interface Filling {
    void fill(DestinationSink sink) throws IOException;
  }

  private void step(String destination, Filling filling) throws IOException {
    tree.add(sink -> filling.fill(sink(tree, sink).to(path(destination))));
  }

  private static DestinationSink sink(PendingTree tree, EntrySink out) {
    return new DestinationSink(tree, out, true, 0, 0, null, Instant.EPOCH);
  }

  private static void directory(EntrySink sink, String path) throws IOException {
    sink.put(TarEntry.directory(path(path), 0750).withOwner(5, 6));
  }

  private static void link(EntrySink sink, String path, String target) throws IOException {
    sink.put(TarEntry.symlink(path(path), path(target)));
  }

  /** The layer of all steps, and that of the last one alone, which are the same here. */
  private List<String> layer() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      tree.merged(tar);
      tar.finish();
    }
    List<String> lines = new ArrayList<>();
    try (TarReader reader = TarReader.over(new ByteArrayInputStream(bytes.toByteArray()))) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        lines.add(
            switch (entry.type()) {
              case DIRECTORY -> entry.path() + "/";
              case SYMLINK -> entry.path() + " -> " + entry.link();
              case HARDLINK -> entry.path() + " = " + entry.link();
              default -> entry.path().toString();
            });
      }
    }
    return lines;
  }

  @Test
  void fileReplacesADirectoryAndALink() throws IOException {
    step(
        "",
        sink -> {
          file(sink, "d", "new");
          file(sink, "link", "new");
        });
    assertThat(layer()).containsExactly("d", "link");
    assertThat(tree.entry(path("d/old"))).isNull();
  }

  @Test
  void directoryReplacesAFileAndALink() throws IOException {
    step(
        "",
        sink -> {
          directory(sink, "file");
          file(sink, "file/new", "n");
          directory(sink, "link");
          file(sink, "link/new", "n");
        });
    assertThat(layer()).containsExactly("file/", "file/new", "link/", "link/new");
  }

  @Test
  void linkReplacesADirectory() throws IOException {
    step("", sink -> link(sink, "d", "etc"));
    assertThat(layer()).containsExactly("d -> etc");
    assertThat(tree.entry(path("d/old"))).isNull();
  }

  @Test
  void directoryThatComesAgainAfterAFileHidesTheFirst() throws IOException {
    step(
        "",
        sink -> {
          directory(sink, "d");
          file(sink, "d/lost", "1");
          file(sink, "d", "2");
          directory(sink, "d");
          directory(sink, "d/sub");
          file(sink, "d/kept", "3");
        });
    assertThat(layer()).containsExactly("d/", "d/.wh..wh..opq", "d/kept", "d/sub/");
    assertThat(tree.entry(path("d/old"))).isNull();
    assertThat(tree.entry(path("d/sub/old"))).isNull();
    assertThat(tree.entry(path("d/kept"))).isNotNull();
  }

  @Test
  void directoryThatTheCopyItselfMadeIsReplacedWithAllBelow() throws IOException {
    step(
        "new",
        sink -> {
          directory(sink, "a");
          directory(sink, "a/b");
          file(sink, "a/b/c", "1");
          link(sink, "a/b/l", "c");
          file(sink, "a", "2");
          directory(sink, "a");
          directory(sink, "a/b");
          file(sink, "a/b/l", "3");
        });
    assertThat(layer()).containsExactly("new/", "new/a/", "new/a/b/", "new/a/b/l");
  }

  @Test
  void linkOfAnArchiveDoesNotLeadOutOfItsDestination() throws IOException {
    step(
        "sub",
        sink -> {
          link(sink, "up", "..");
          file(sink, "up/etc/m", "1");
          link(sink, "abs", "/etc");
          file(sink, "abs/n", "2");
          link(sink, "far", "../../../../d");
          file(sink, "far/old", "3");
          sink.put(TarEntry.hardlink(path("hard"), path("up/etc/m")));
        });
    assertThat(layer())
        .containsExactly(
            "sub/",
            "sub/abs -> /etc",
            "sub/d/",
            "sub/d/old",
            "sub/etc/",
            "sub/etc/m",
            "sub/etc/n",
            "sub/far -> ../../../../d",
            "sub/hard = sub/etc/m",
            "sub/up -> ..");
  }

  @Test
  void linkThatIsReplacedIsFollowedAnew() throws IOException {
    step(
        "",
        sink -> {
          link(sink, "l", "d");
          file(sink, "l/one", "1");
          link(sink, "l", "etc");
          file(sink, "l/two", "2");
          directory(sink, "l");
          file(sink, "l/three", "3");
        });
    assertThat(layer()).containsExactly("d/", "d/one", "etc/", "etc/two", "l/", "l/three");
  }

  @Test
  void destinationThatIsMadeIsAsItsParentsAre() throws IOException {
    tree.add(
        sink ->
            new DestinationSink(tree, sink, true, 7, 8, 0700, Instant.EPOCH)
                .to(path("new/deep"))
                .put(TarEntry.directory(path(""), 0750).withOwner(5, 6)));
    for (String made : List.of("new", "new/deep")) {
      TarEntry entry = tree.entry(path(made));
      assertThat(entry).isNotNull();
      assertThat(
              entry == null
                  ? ""
                  : String.format("%o %d:%d", entry.mode(), entry.uid(), entry.gid()))
          .as(made)
          .isEqualTo("755 7:8");
    }
  }

  @Test
  void archiveSaysWhatADestinationIsThatItMakesAndNoOther() throws IOException {
    for (String destination : List.of("new", "sub")) {
      step(
          destination,
          sink -> {
            sink.keepingOwners().unpacking();
            directory(sink, "");
            file(sink, "x", "x");
          });
    }
    TarEntry made = tree.entry(path("new"));
    TarEntry there = tree.entry(path("sub"));
    assertThat(made == null ? 0 : made.mode()).isEqualTo(0750);
    assertThat(made == null ? 0 : made.uid()).isEqualTo(5);
    assertThat(there == null ? 0 : there.mode()).isEqualTo(0755);
    assertThat(there == null ? -1 : there.uid()).isEqualTo(0);
  }

  /** Each of them would delete, were it in a layer. */
  @ParameterizedTest
  @ValueSource(
      strings = {".wh.file", "d/.wh.old", "d/.wh..wh..opq", ".wh..wh.plnk/x", ".wh.d/x", "d/.wh."})
  void nameThatWouldDeleteIsRefusedWhereverItComesFrom(String name) {
    Filling[] fillings = {
      sink -> file(sink, name, "x"),
      sink -> directory(sink, name),
      sink -> link(sink, name, "x"),
      sink -> sink.put(TarEntry.hardlink(path(name), path("file"))),
      sink -> file(sink.to(path(name)), "", "x"),
      sink -> directory(sink.to(path(name)), ""),
      sink -> file(sink.to(path(name)), "in", "x"),
      sink -> {
        link(sink, "l", name);
        file(sink, "l/in", "x");
      },
    };
    for (Filling each : fillings) {
      assertThatThrownBy(() -> step("", each))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(".wh.")
          .hasMessageContaining("choose another name");
    }
    assertThat(tree.steps()).isEmpty();
  }
}
