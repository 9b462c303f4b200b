package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What copies do to what lies at their destination, whichever way the container went. */
class CopyReplacesIT extends CopySources {
  /** As buildah does; BuildKit refuses most of them. */
  static Stream<Arguments> replacements() {
    return Stream.of(
        dangling(
            "file over directory", r -> r.c().copy(r.host().resolve("fd"), "/srv"), "srv/real=n"),
        dangling(
            "file of its name",
            r -> r.c().copy(r.host().resolve("fd/real"), "/srv/"),
            "srv/real=n"),
        dangling(
            "one of several files",
            r ->
                r.c()
                    .copy(
                        List.of(r.host().resolve("fd/real"), r.host().resolve("file")),
                        "/srv",
                        o -> o),
            "srv/file=f srv/real=n"),
        dangling(
            "directory over file", r -> r.c().copy(r.host().resolve("df"), "/srv"), "srv/file/x=n"),
        dangling(
            "directory over link",
            r -> r.c().copy(r.host().resolve("dl"), "/srv"),
            "srv/linked/new=n"),
        dangling(
            "link over directory",
            r -> r.c().copy(r.host().resolve("ld"), "/srv"),
            "srv/real>/somewhere"),
        dangling(
            "archive with a file over directory",
            r -> r.c().add(r.host().resolve("fd.tar"), "/srv"),
            "srv/real=n"),
        dangling(
            "archive with a directory over link and file",
            r -> r.c().add(r.host().resolve("d.tar"), "/srv"),
            "srv/file/x=n srv/linked/new=n"),
        dangling(
            "archive with a link over directory",
            r -> r.c().add(r.host().resolve("l.tar"), "/srv"),
            "srv/real>file"),
        dangling(
            "directory, file, directory",
            r ->
                r.c()
                    .copy(r.host().resolve("fd"), "/srv")
                    .copy(r.host().resolve("again"), "/srv")
                    .write("/srv/real/!", "1"),
            "srv/real/!=1 srv/real/.wh..wh..opq= srv/real/sub/y=n"),
        dangling(
            "directory, file, directory in one archive",
            r -> r.c().add(r.host().resolve("again.tar"), "/srv"),
            "srv/real/.wh..wh..opq= srv/real/y=n"),
        dangling(
            "what was copied before",
            r ->
                r.c()
                    .copy(r.host().resolve("tree"), "/srv/new")
                    .copy(r.host().resolve("over"), "/srv/new")
                    .copy(r.host().resolve("tree"), "/srv/new")
                    .copy(r.host().resolve("over"), "/srv/new"),
            "srv/new/link/x=n srv/new/one/x=n srv/new/sub=n"),
        dangling(
            "from another container",
            r ->
                r.c()
                    .write("/kept/real", "f")
                    .copyFrom(r.other(), "/srv", "/kept", o -> o.exclude("file")),
            "kept/absolute>/srv/real kept/linked>real kept/real/old=old\n kept/up>../../../../srv/real"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("replacements")
  void copyWhenAnotherKindLiesThereReplacesIt(String name, Consumer<Recipe> recipe, String expected)
      throws IOException {
    for (String each :
        List.of(
            "fd/real",
            "df/file/x",
            "dl/linked/new",
            "again/real/sub/y",
            "over/sub",
            "over/one/x",
            "over/link/x")) {
      host(each, "n");
    }
    Files.createDirectories(host.resolve("ld"));
    Files.createSymbolicLink(host.resolve("ld/real"), Path.of("/somewhere"));
    tar("fd.tar", tar -> Tars.file(tar, "real", 0644, "n"));
    tar("l.tar", tar -> Tars.link(tar, "real", "file"));
    tar(
        "d.tar",
        tar -> {
          Tars.directory(tar, "linked", 0750);
          Tars.file(tar, "linked/new", 0644, "n");
          Tars.directory(tar, "file", 0750);
          Tars.file(tar, "file/x", 0644, "n");
        });
    tar(
        "again.tar",
        tar -> {
          Tars.file(tar, "real/x", 0644, "lost");
          Tars.link(tar, "real", "/etc");
          Tars.directory(tar, "real", 0710);
          Tars.file(tar, "real/y", 0644, "n");
        });
    assertSameEverywhere(busybox(), recipe, expected + "\n");
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
            "file", r -> r.c().copy(r.host().resolve("file"), "/srv/dangling"), "target/missing=f"),
        dangling(
            "file/",
            r -> r.c().copy(r.host().resolve("file"), "/srv/dangling/"),
            "target/missing/file=f"),
        dangling(
            "file/x",
            r -> r.c().copy(r.host().resolve("file"), "/srv/dangling/x"),
            "target/missing/x=f"),
        dangling(
            "tree",
            r -> r.c().copy(r.host().resolve("tree"), "/srv/dangling"),
            "target/missing/link>one target/missing/one=1 target/missing/sub/two=2"),
        dangling(
            "tree/x",
            r -> r.c().copy(r.host().resolve("tree"), "/srv/dangling/x"),
            "target/missing/x/link>one target/missing/x/one=1 target/missing/x/sub/two=2"),
        dangling(
            "directory of its name",
            r -> r.c().copy(r.host().resolve("dir"), "/srv"),
            "srv/dangling/new=n srv/dangling/sub/newer=m"),
        dangling(
            "file of its name",
            r -> r.c().copy(r.host().resolve("named"), "/srv"),
            "srv/dangling=n"),
        dangling(
            "archive",
            r -> r.c().add(r.host().resolve("dir.tar"), "/srv"),
            "srv/dangling/new=n srv/dangling/sub/newer=m"),
        dangling(
            "archive without directories",
            r -> r.c().add(r.host().resolve("nodir.tar"), "/srv"),
            "srv/target/missing/new=n srv/target/missing/sub/newer=m"),
        dangling(
            "archive into it",
            r -> r.c().add(r.host().resolve("nodir.tar"), "/srv/dangling"),
            "target/missing/dangling/new=n target/missing/dangling/sub/newer=m"),
        dangling(
            "archive through a link to a directory",
            r -> r.c().add(r.host().resolve("linked.tar"), "/srv"),
            "srv/real/new=n"),
        dangling(
            "archive through its own link",
            r -> r.c().add(r.host().resolve("own.tar"), "/"),
            "opt/l>/target/missing target/missing/new=n"),
        dangling("write", r -> r.c().write("/srv/dangling", "w"), "target/missing=w"),
        dangling("write/x", r -> r.c().write("/srv/dangling/x", "w"), "target/missing/x=w"),
        dangling(
            "twice",
            r -> r.c().write("/srv/dangling/x", "w").write("/srv/dangling/y", "v"),
            "target/missing/x=w target/missing/y=v"),
        dangling(
            "workdir",
            r -> r.c().workdir("/srv/dangling").copy(r.host().resolve("file"), "."),
            "target/missing/file=f"),
        dangling(
            "copyFrom",
            r -> r.c().copyFrom(r.other(), "/srv/real", "/srv/dangling", o -> o),
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
    assertSame(base, recipe, expected + "\n", c -> {});
  }

  // --- names that would delete

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/.wh.file",
        "/srv/.wh..wh..opq",
        "/.wh.srv",
        "/.wh.srv/x",
        "/srv/.wh.real/x",
        "/srv/hidden"
      })
  void copyWhenADestinationWouldDeleteRefusesIt(String destination) throws IOException {
    Path archive = temp.resolve("one.tar");
    Files.write(archive, Tars.of(tar -> Tars.file(tar, "x", 0644, "x")));
    Image base;
    try (WorkingContainer c = container()) {
      base = c.run("ln -s /srv/.wh.file /srv/hidden").commit();
    }
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = cooper.from(base)) {
        if (mounted) {
          c.run("true");
        }
        for (ThrowingCallable each :
            List.<ThrowingCallable>of(
                () -> c.write(destination, "x"),
                () -> c.copy(host.resolve("file"), destination),
                () -> c.copy(host.resolve("file"), destination + "/"),
                () -> c.copy(host.resolve("tree"), destination),
                () -> c.copyFrom(base, "/srv/file", destination, o -> o),
                () -> c.copyFrom(base, "/srv/real", destination, o -> o),
                () -> c.add(archive, destination),
                () -> c.workdir(destination),
                () -> c.volume(destination))) {
          assertThatThrownBy(each)
              .isInstanceOf(OperationException.class)
              .hasMessageContaining(".wh.");
        }
        assertThat(c.config().config().workingDir()).isEqualTo(base.config().config().workingDir());
        Image image = c.commit();
        assertThat(image.manifest().layers()).hasSameSizeAs(base.manifest().layers());
        assertThat(cat(c, "/srv/file")).isEqualTo("file\n");
      }
    }
  }
}
