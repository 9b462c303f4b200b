package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.SourceNotFoundException;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Where copies go and what they become: the Dockerfile's COPY.
 *
 * <pre>
 * host/
 *   file            "f"
 *   tree/one        "1"
 *   tree/sub/two    "2"
 *   tree/link -> one
 *   to-file -> file
 *   to-tree -> tree
 *   a.x "a", b.x "b"
 * image: /srv/real/ (0750) with old, /srv/linked -> real, /srv/absolute -> /srv/real,
 *   /srv/up -> ../../../../srv/real, /srv/file
 * </pre>
 */
class CopyIT extends EndToEnd {
  private Path host;

  @BeforeEach
  void makeSources() throws IOException {
    host = temp.resolve("host");
    host("file", "f");
    host("tree/one", "1");
    host("tree/sub/two", "2");
    host("a.x", "a");
    host("b.x", "b");
    Files.createSymbolicLink(host.resolve("tree/link"), Path.of("one"));
    Files.createSymbolicLink(host.resolve("to-file"), Path.of("file"));
    Files.createSymbolicLink(host.resolve("to-tree"), Path.of("tree"));
    for (String each : List.of("file", "a.x", "b.x", "tree/one", "tree/sub/two")) {
      Files.setPosixFilePermissions(
          host.resolve(each), PosixFilePermissions.fromString("rw-r-----"));
    }
    for (String each : List.of("tree/sub", "tree/one", "tree/sub/two", "file", "a.x", "b.x")) {
      Files.setLastModifiedTime(
          host.resolve(each), FileTime.from(Instant.ofEpochSecond(1_500_000_000)));
    }
  }

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

  /** The files and links of the last layer. */
  private String made(Image image) throws IOException {
    StringBuilder made = new StringBuilder();
    Tars.last(store, image)
        .forEach(
            (path, found) -> {
              switch (found.entry().type()) {
                case FILE -> made.append(path).append('=').append(found.text()).append(' ');
                case SYMLINK ->
                    made.append(path).append('>').append(found.entry().link()).append(' ');
                default -> {}
              }
            });
    return made.substring(0, Math.max(0, made.length() - 1));
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
  void copyWhenAFileInATreeMeetsADirectoryFails() throws IOException {
    host("clash/real", "no directory");
    host("clash2/file/x", "no file");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        assertThatThrownBy(() -> c.copy(host.resolve("clash"), "/srv"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("srv/real");
        assertThatThrownBy(() -> c.copy(host.resolve("clash2"), "/srv"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("srv/file");
        assertThat(cat(c, "/srv/file")).isEqualTo("file\n");
        assertThat(cat(c, "/srv/real/old")).isEqualTo("old\n");
      }
    }
  }

  @Test
  void copyWhenTreeMeetsALinkToADirectoryFollowsItInside() throws IOException {
    host("into/linked/new", "n");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.copy(host.resolve("into"), "/srv").commit();
        assertThat(Tars.last(store, image)).containsKey("srv/real/new");
        assertThat(c.exec("/bin/readlink", "/srv/linked").out()).isEqualTo("real\n");
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
            .endsWith("COPY /one");
        assertThat(Tars.last(store, image)).containsOnlyKeys("one");
      }
    }
  }

  // --- links that lead to nothing

  /**
   * What a copy into the image of {@code /srv/dangling -> /target/missing} makes: the link is
   * followed inside the root, and its target made. Run with and without a mounted root, which has
   * to give the same layer.
   */
  static Stream<Arguments> danglingCopies() {
    return Stream.of(
        dangling(
            "file", r -> r.c.copy(r.host.resolve("file"), "/srv/dangling"), "target/missing=f"),
        dangling(
            "file/",
            r -> r.c.copy(r.host.resolve("file"), "/srv/dangling/"),
            "target/missing/file=f"),
        dangling(
            "file/x",
            r -> r.c.copy(r.host.resolve("file"), "/srv/dangling/x"),
            "target/missing/x=f"),
        dangling(
            "tree",
            r -> r.c.copy(r.host.resolve("tree"), "/srv/dangling"),
            "target/missing/link>one target/missing/one=1 target/missing/sub/two=2"),
        dangling(
            "tree/x",
            r -> r.c.copy(r.host.resolve("tree"), "/srv/dangling/x"),
            "target/missing/x/link>one target/missing/x/one=1 target/missing/x/sub/two=2"),
        dangling(
            "directory of its name",
            r -> r.c.copy(r.host.resolve("dir"), "/srv"),
            "target/missing/new=n target/missing/sub/newer=m"),
        dangling(
            "file of its name", r -> r.c.copy(r.host.resolve("named"), "/srv"), "srv/dangling=n"),
        dangling(
            "archive",
            r -> r.c.add(r.host.resolve("dir.tar"), "/srv"),
            "target/missing/new=n target/missing/sub/newer=m"),
        dangling(
            "archive without directories",
            r -> r.c.add(r.host.resolve("nodir.tar"), "/srv"),
            "target/missing/new=n target/missing/sub/newer=m"),
        dangling(
            "archive into it",
            r -> r.c.add(r.host.resolve("nodir.tar"), "/srv/dangling"),
            "target/missing/dangling/new=n target/missing/dangling/sub/newer=m"),
        dangling(
            "archive through a link to a directory",
            r -> r.c.add(r.host.resolve("linked.tar"), "/srv"),
            "srv/real/new=n"),
        dangling(
            "archive through its own link",
            r -> r.c.add(r.host.resolve("own.tar"), "/"),
            "opt/l>/target/missing target/missing/new=n"),
        dangling("write", r -> r.c.write("/srv/dangling", "w"), "target/missing=w"),
        dangling("write/x", r -> r.c.write("/srv/dangling/x", "w"), "target/missing/x=w"),
        dangling(
            "twice",
            r -> r.c.write("/srv/dangling/x", "w").write("/srv/dangling/y", "v"),
            "target/missing/x=w target/missing/y=v"),
        dangling(
            "workdir",
            r -> r.c.workdir("/srv/dangling").copy(r.host.resolve("file"), "."),
            "target/missing/file=f"),
        dangling(
            "copyFrom",
            r -> r.c.copyFrom(r.other, "/srv/real", "/srv/dangling", o -> o),
            "target/missing/old=old\n"));
  }

  private static Arguments dangling(String name, Consumer<Recipe> recipe, String expected) {
    return Arguments.of(name, recipe, expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("danglingCopies")
  void copyWhenAnImagesLinkLeadsToNothingMakesItsTarget(
      String name, Consumer<Recipe> recipe, String expected) throws IOException {
    host("dir/dangling/new", "n");
    host("dir/dangling/sub/newer", "m");
    host("named/dangling", "n");
    Files.write(
        host.resolve("dir.tar"),
        Tars.of(
            tar -> {
              Tars.directory(tar, "dangling", 0750);
              Tars.file(tar, "dangling/new", 0644, "n");
              Tars.directory(tar, "dangling/sub", 0750);
              Tars.file(tar, "dangling/sub/newer", 0644, "m");
            }));
    Files.write(
        host.resolve("nodir.tar"),
        Tars.of(
            tar -> {
              Tars.file(tar, "dangling/new", 0644, "n");
              Tars.file(tar, "dangling/sub/newer", 0644, "m");
            }));
    Files.write(
        host.resolve("linked.tar"), Tars.of(tar -> Tars.file(tar, "linked/new", 0644, "n")));
    Files.write(
        host.resolve("own.tar"),
        Tars.of(
            tar -> {
              Tars.link(tar, "opt/l", "/target/missing");
              Tars.file(tar, "opt/l/new", 0644, "n");
            }));
    Image base;
    try (WorkingContainer c = container()) {
      base = c.run("ln -s /target/missing /srv/dangling").commit();
    }
    List<String> layers = new ArrayList<>();
    for (String when : List.of("never", "before", "after")) {
      try (WorkingContainer c = cooper.from(base)) {
        if (when.equals("before")) {
          c.run("true");
        }
        recipe.accept(new Recipe(c, host, busybox(), host, host));
        if (when.equals("after")) {
          c.run("true");
        }
        Image image = c.commit(o -> o.reproducible(NOW));
        assertThat(made(image)).as("mounted %s", when).isEqualTo(expected);
        layers.add(described(image));
      }
    }
    assertThat(layers.get(1)).isEqualTo(layers.get(0));
    assertThat(layers.get(2)).isEqualTo(layers.get(0));
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

  @Test
  void copyFromWhenSourceIsAContainerOrAnImageCopies() throws IOException {
    try (WorkingContainer builder = container();
        WorkingContainer c = container()) {
      builder.run("mkdir /out && echo built > /out/app && chown 5:6 /out/app && ln -s app /out/l");
      Image built = builder.commit();
      Image image =
          c.copyFrom(builder, "/out", "/one", o -> o)
              .copyFrom(built, "/out/app", "/two/", o -> o.owner("7:8").mode(0700))
              .copyFrom(built, "/srv/linked/old", "/three", o -> o)
              .commit();
      var last = Tars.last(store, image);
      assertThat(last.get("one/app").line()).startsWith("FILE 0644 0:0 6 ");
      assertThat(last.get("one/l").entry().link().toString()).isEqualTo("app");
      assertThat(last.get("two/app").line()).startsWith("FILE 0700 7:8 6 ");
      assertThat(last.get("three").text()).isEqualTo("old\n");
      assertThatThrownBy(() -> c.copyFrom(built, "/none", "/x", o -> o))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining("/none");
      assertThatThrownBy(() -> c.copyFrom(c, "/srv", "/x", o -> o))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  // --- the same with a mount as without

  static Stream<Consumer<Recipe>> recipes() {
    return Stream.of(
        r -> r.c.copy(r.host.resolve("file"), "/new"),
        r -> r.c.copy(r.host.resolve("file"), "/deep/er/new"),
        r -> r.c.copy(r.host.resolve("tree"), "/srv/linked"),
        r -> r.c.copy(r.host.resolve("tree"), "/"),
        r -> r.c.copy(r.host.resolve("tree"), "/srv", o -> o.owner("app").mode(0700)),
        r -> r.c.copy(r.host.resolve("tree"), "/t").copy(r.host.resolve("tree"), "/t"),
        r -> r.c.copy(r.host.resolve("tree"), "/t").copy(r.host.resolve("a.x"), "/t/one"),
        r -> r.c.write("/etc/motd", "m").write("/etc/motd", "n").write("/srv/file", "n"),
        r -> r.c.workdir("/made/here").copy(r.host.resolve("a.x"), "."),
        r -> r.c.copyFrom(r.other, "/srv", "/copy", o -> o),
        r -> r.c.copyFrom(r.other, "/bin", "/bin2", o -> o.owner("1:2")),
        r -> r.c.add(r.archive, "/unpacked"),
        r -> r.c.add(r.archive, "/srv"),
        r -> r.c.add(r.repeats, "/unpacked"),
        r -> r.c.add(r.repeats, "/srv"),
        r -> r.c.copy(List.of(r.host.resolve("a.x"), r.host.resolve("b.x")), "/srv", o -> o));
  }

  /** What a recipe may use. */
  record Recipe(WorkingContainer c, Path host, Image other, Path archive, Path repeats) {}

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

  private String described(Image image) throws IOException {
    StringBuilder all = new StringBuilder();
    Tars.last(store, image)
        .forEach(
            (path, found) ->
                all.append(path)
                    .append(' ')
                    .append(found.line())
                    .append(' ')
                    .append(found.entry().mtimeSeconds())
                    .append('.')
                    .append(found.entry().mtimeNanos())
                    .append('\n'));
    return all.toString();
  }
}
