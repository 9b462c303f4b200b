package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Where copies go and what they become: the Dockerfile's COPY. */
class CopyIT extends CopySources {
  // --- source × destination, with and without a mounted root

  /** The files that a copy makes: each path and its text. */
  private void assertCopied(String source, String destination, String expected) throws IOException {
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        c.workdir("/srv");
        if (source.contains("*")) {
          c.copy(host + "/" + source, destination);
        } else {
          c.copy(host.resolve(source), destination);
        }
        Image image = c.commit();
        assertThat(made(image))
            .as("%s to %s, mounted: %s", source, destination, mounted)
            .isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "file, /new, new=f",
    "file, /new/, new/file=f",
    "file, /deep/er/new, deep/er/new=f",
    "file, /srv/real, srv/real/file=f",
    "file, /srv/real/, srv/real/file=f",
    "file, /srv/file, srv/file=f",
    "file, /srv/linked, srv/real/file=f",
    "file, /srv/linked/x, srv/real/x=f",
    "file, /srv/absolute/x, srv/real/x=f",
    "file, /srv/up/x, srv/real/x=f",
    "file, /../../../x, x=f",
    "file, rel, srv/rel=f",
    "file, ./rel/, srv/rel/file=f",
    "file, ., srv/file=f",
    "file, ../x, x=f",
    "file, /, file=f",
    "to-file, /new, new=f",
    "to-file, /new/, new/to-file=f",
    "to-file, /srv/real, srv/real/to-file=f",
    "tree, /new, new/link>one new/one=1 new/sub/two=2",
    "tree, /new/, new/link>one new/one=1 new/sub/two=2",
    "tree, /srv/real, srv/real/link>one srv/real/one=1 srv/real/sub/two=2",
    "tree, /srv/linked, srv/real/link>one srv/real/one=1 srv/real/sub/two=2",
    "tree, ., srv/link>one srv/one=1 srv/sub/two=2",
    "tree, /, link>one one=1 sub/two=2",
    "to-tree, /new, new/link>one new/one=1 new/sub/two=2",
    "*.x, /new/, new/a.x=a new/b.x=b",
    "*.x, /new, new/a.x=a new/b.x=b",
    "a.*, /new, new=a",
    "t?ee/o*, /new, new=1",
  })
  void copyWhenDestinationIsGivenPlacesTheSource(String source, String destination, String expected)
      throws IOException {
    assertCopied(source, destination, expected);
  }

  @Test
  void copyWhenDestinationBelowIsAFileFails() throws IOException {
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        assertThatThrownBy(() -> c.copy(host.resolve("tree"), "/srv/file"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("srv/file");
        assertThatThrownBy(() -> c.copy(host.resolve("file"), "/srv/file/x"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("srv/file");
        assertThatThrownBy(() -> c.copy(host.resolve("file"), "/srv/file/"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("srv/file");
        assertThat(c.commit().manifest().layers()).hasSize(1);
      }
    }
  }

  @Test
  void copyWhenNothingIsInTheSourceMakesNoLayerAndNoMountNeedsIt() throws IOException {
    Path empty = Files.createDirectories(host.resolve("empty"));
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        c.layerPerStep();
        if (mounted) {
          c.run("true");
        }
        Image image =
            c.copy(empty, "/srv/real")
                .write("/one", "1")
                .copy(empty, "/")
                .copy(host.resolve("tree"), "/srv", o -> o.exclude("**"))
                .commit();
        assertThat(image.manifest().layers()).hasSize(2);
        assertThat(image.history().stream().filter(line -> !line.emptyLayer()))
            .extracting(line -> line.createdBy())
            .endsWith("COPY one /one");
        assertThat(Tars.last(store, image)).containsOnlyKeys("one");
      }
    }
  }

  @Test
  void copyWhenSourceIsMissingSaysWhich() throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.copy(host.resolve("nowhere"), "/x"))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining("nowhere");
      assertThatThrownBy(() -> c.copy(host + "/*.none", "/x"))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining("*.none");
      assertThatThrownBy(() -> c.copy(host + "/[a", "/x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[");
    }
  }

  // --- what they become

  @Test
  void copyWhenNothingIsSaidKeepsModeAndTimeAndGivesThemToRoot() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.copy(host.resolve("tree"), "/new").commit();
      assertThat(Tars.last(store, image).get("new/sub/two").line()).startsWith("FILE 0640 0:0 1 ");
      assertThat(Tars.last(store, image).get("new/sub/two").entry().mtimeSeconds())
          .isEqualTo(1_500_000_000);
      assertThat(Tars.last(store, image).get("new").line()).startsWith("DIRECTORY 0755 0:0");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "app, 1000:1001",
    "1000, 1000:1000",
    "app:more, 1000:1002",
    "7:8, 7:8",
    "7, 7:7",
    "7:, 7:7",
    "2000, 2000:2000",
    "root, 0:0",
    "root:app, 0:1001",
    ":app, 0:1001"
  })
  void copyWhenOwnerIsGivenTakesIt(String owner, String expected) throws IOException {
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.copy(host.resolve("tree"), "/new", o -> o.owner(owner).mode(0751)).commit();
        assertThat(Tars.last(store, image).get("new/one").line())
            .startsWith("FILE 0751 " + expected + " 1 ");
        assertThat(Tars.last(store, image).get("new/sub").line())
            .startsWith("DIRECTORY 0751 " + expected);
        assertThat(Tars.last(store, image).get("new/link").line())
            .startsWith("SYMLINK 0777 " + expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"nobody-here", "app:nogroup", "-1", "2147483648", "4294967296", "0:4294967295"})
  void copyWhenOwnerIsNoneFails(String owner) throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.copy(host.resolve("file"), "/new", o -> o.owner(owner)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(owner);
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }

  @Test
  void copyWhenFilesAreExcludedLeavesThemOut() throws IOException {
    host("ctx/keep.txt", "k");
    host("ctx/drop.tmp", "d");
    host("ctx/sub/drop.tmp", "d");
    host("ctx/sub/keep.tmp", "k");
    host("ctx/gone/one", "1");
    host("ctx/gone/kept", "2");
    Path ignore = host(".dockerignore", "# comment\n**/*.tmp\n!sub/keep.tmp\ngone\n!gone/kept\n");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.copy(host.resolve("ctx"), "/c", o -> o.ignoreFile(ignore)).commit();
        assertThat(Tars.last(store, image))
            .containsOnlyKeys(
                "c", "c/keep.txt", "c/sub", "c/sub/keep.tmp", "c/gone", "c/gone/kept");
      }
      try (WorkingContainer c = container()) {
        Image image = c.copy(host.resolve("ctx"), "/c", o -> o.exclude("gone", "*/*.tmp")).commit();
        assertThat(Tars.last(store, image))
            .containsOnlyKeys("c", "c/keep.txt", "c/drop.tmp", "c/sub");
      }
    }
  }

  @Test
  void writeWhenTextOrBytesAreGivenMakesAFile() throws IOException {
    try (WorkingContainer c = container()) {
      Image image =
          c.write("/etc/motd", "grüße\n")
              .write("/opt/tool", new byte[] {0, -1, 10}, o -> o.mode(04755).owner("app"))
              .commit();
      assertThat(Tars.last(store, image).get("etc/motd").entry().size()).isEqualTo(8);
      assertThat(Tars.last(store, image).get("opt/tool").line())
          .startsWith("FILE 4755 1000:1001 3 ");
      assertThat(Tars.last(store, image).get("opt/tool").text()).isEqualTo("\0\u00ff\n");
    }
  }

  // --- one step

  @Test
  void copyWhenThereAreSeveralSourcesIsOneStep() throws IOException {
    List<Path> sources =
        List.of(
            host.resolve("a.x"), host.resolve("tree"), host.resolve("b.x"), host.resolve("a.x"));
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        c.layerPerStep();
        if (mounted) {
          c.run("true");
        }
        events.clear();
        Image image = c.copy(sources, "/many", o -> o).commit();
        assertThat(image.manifest().layers()).hasSize(2);
        assertThat(made(image))
            .isEqualTo("many/a.x=a many/b.x=b many/link>one many/one=1 many/sub/two=2");
        assertThat(image.history().get(image.history().size() - 1).createdBy())
            .isEqualTo("COPY a.x . b.x a.x /many");
        assertThat(events.stream().filter(BuildEvent.StepStarted.class::isInstance))
            .extracting(event -> ((BuildEvent.StepStarted) event).step())
            .containsExactly("COPY a.x . b.x a.x /many", "COMMIT ");
        assertThatThrownBy(() -> c.copy(List.of(), "/many", o -> o))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("/many");
      }
    }
  }

  @Test
  void copyWhenASourceIsRelativeNamesItInTheHistory() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path relative = here.relativize(host.resolve("tree"));
    String told = relative.normalize().toString().replaceFirst("^(\\.\\./)*", "");
    try (WorkingContainer c = container()) {
      c.copy(relative, "/one").copy(host.resolve("tree"), "/two").copy(host.resolve("a.x"), "/x");
      assertThat(c.commit().history())
          .extracting(line -> line.createdBy())
          .contains("COPY " + told + " /one", "COPY . /two", "COPY a.x /x");
    }
  }

  // --- messages

  @Test
  void copyWhenASourceMayNotBeReadNamesItsWholePath() throws IOException {
    Path secret = host("closed/sub/secret", "s");
    Path closed = host("shut/in", "s").getParent();
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    assumeFalse(Tools.isRoot(), "root reads everything");
    try (WorkingContainer c = container()) {
      assertUnreadable(secret, () -> c.copy(host.resolve("closed"), "/x"));
      assertUnreadable(secret, () -> c.copy(secret, "/x"));
      assertUnreadable(secret, () -> c.add(secret, "/x"));
      assertUnreadable(closed, () -> c.copy(closed, "/x"));
      assertUnreadable(closed, () -> c.copy(host, "/x", o -> o.exclude("closed")));
      assertUnreadable(closed.resolve("in"), () -> c.copy(closed.resolve("in"), "/x"));
      c.run("true");
      assertUnreadable(secret, () -> c.copy(host.resolve("closed"), "/x"));
      assertUnreadable(secret, () -> cooper.importRoot(secret));
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static void assertUnreadable(Path file, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("cannot read " + file)
        .hasMessageContaining("permission");
  }

  @Test
  void writeWhenADirectoryLiesThereFails() throws IOException {
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        assertThatThrownBy(() -> c.write("/srv/real", "x"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("/srv/real")
            .hasMessageContaining("directory");
        assertThat(cat(c, "/srv/real/old")).isEqualTo("old\n");
      }
    }
  }

  @Test
  void copyWhenAModeIsGivenLeavesTheDestinationThatItMakes() throws IOException {
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image =
            c.copy(host.resolve("tree"), "/new/deep", o -> o.mode(0700).owner("7"))
                .copy(host.resolve("file"), "/more/deep/", o -> o.mode(0600))
                .commit();
        var last = Tars.last(store, image);
        assertThat(last.get("new").line()).startsWith("DIRECTORY 0755 7:7");
        assertThat(last.get("new/deep").line()).startsWith("DIRECTORY 0755 7:7");
        assertThat(last.get("new/deep/sub").line()).startsWith("DIRECTORY 0700 7:7");
        assertThat(last.get("new/deep/one").line()).startsWith("FILE 0700 7:7");
        assertThat(last.get("more/deep").line()).startsWith("DIRECTORY 0755 0:0");
        assertThat(last.get("more/deep/file").line()).startsWith("FILE 0600 0:0");
      }
    }
  }

  // --- the same with a mount as without

  static Stream<Consumer<Recipe>> recipes() {
    return Stream.of(
        r -> r.c().copy(r.host().resolve("file"), "/new"),
        r -> r.c().copy(r.host().resolve("file"), "/deep/er/new"),
        r -> r.c().copy(r.host().resolve("tree"), "/srv/linked"),
        r -> r.c().copy(r.host().resolve("tree"), "/"),
        r -> r.c().copy(r.host().resolve("tree"), "/srv", o -> o.owner("app").mode(0700)),
        r -> r.c().copy(r.host().resolve("tree"), "/t").copy(r.host().resolve("tree"), "/t"),
        r -> r.c().copy(r.host().resolve("tree"), "/t").copy(r.host().resolve("a.x"), "/t/one"),
        r -> r.c().write("/etc/motd", "m").write("/etc/motd", "n").write("/srv/file", "n"),
        r -> r.c().workdir("/made/here").copy(r.host().resolve("a.x"), "."),
        r -> r.c().copyFrom(r.other(), "/srv", "/copy", o -> o),
        r -> r.c().copyFrom(r.other(), "/bin", "/bin2", o -> o.owner("1:2")),
        r -> r.c().copyFrom(r.other(), "/srv/file", "/srv/real/", o -> o.mode(0600)),
        r -> r.c().add(r.archive(), "/unpacked"),
        r -> r.c().add(r.archive(), "/srv"),
        r -> r.c().add(r.repeats(), "/unpacked"),
        r -> r.c().add(r.repeats(), "/srv"),
        r -> r.c().copy(List.of(r.host().resolve("a.x"), r.host().resolve("b.x")), "/srv", o -> o));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void commitWhenACommandRanBeforeGivesTheSameLayer(Consumer<Recipe> recipe) throws IOException {
    Path archive = temp.resolve("archive.tar");
    Files.write(
        archive,
        Tars.of(
            tar -> {
              Tars.directory(tar, "real", 0700);
              Tars.file(tar, "real/new", 0604, "new");
              Tars.file(tar, "real/old", 0604, "newer");
              Tars.link(tar, "zlink", "real");
            }));
    Path repeats = temp.resolve("repeats.tar");
    Files.write(
        repeats,
        Tars.of(
            tar -> {
              Tars.file(tar, "d/a", 0600, "first");
              tar.put(
                  TarEntry.hardlink(ByteString.utf8("d/b"), ByteString.utf8("d/a"))
                      .withMode(0600)
                      .withMtime(1_600_000_000L, 0));
              Tars.file(tar, "d/a", 0644, "last");
              Tars.directory(tar, "d", 0710);
              Tars.link(tar, "c", "d");
              Tars.file(tar, "c", 0640, "no link");
              Tars.file(tar, "./d//a", 0604, "very last");
            }));
    Image without;
    Image with;
    try (WorkingContainer c = container()) {
      recipe.accept(new Recipe(c, host, busybox(), archive, repeats));
      without = c.commit(o -> o.reproducible(NOW));
    }
    try (WorkingContainer c = container()) {
      c.run("true");
      recipe.accept(new Recipe(c, host, busybox(), archive, repeats));
      with = c.commit(o -> o.reproducible(NOW));
    }
    assertThat(described(with)).isEqualTo(described(without));
    assertThat(with.manifest().layers()).isEqualTo(without.manifest().layers());
  }
}
