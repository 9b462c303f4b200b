package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Isolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;

/**
 * Sources of copies, and what the copies of them made.
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
abstract class CopySources extends EndToEnd {
  Path host;

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

  void tar(String name, Tars.Filling filling) throws IOException {
    Files.write(host.resolve(name), Tars.of(filling));
  }

  /** The files and links of the last layer. */
  String made(Image image) throws IOException {
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

  /**
   * The layer is what is expected, and the same, whether the root was never mounted, before or
   * after, or a copy of the layers; so is the image of a layer for each step.
   */
  void assertSameEverywhere(Image base, Consumer<Recipe> recipe, String expected)
      throws IOException {
    assertSame(base, recipe, expected, c -> {});
    assertSame(base, recipe, "", WorkingContainer::layerPerStep);
  }

  void assertSame(
      Image base, Consumer<Recipe> recipe, String expected, Consumer<WorkingContainer> setting)
      throws IOException {
    String never = built(cooper, base, "never", recipe, setting);
    assertThat(never).startsWith(expected);
    assertThat(built(cooper, base, "before", recipe, setting)).as("before").isEqualTo(never);
    assertThat(built(cooper, base, "after", recipe, setting)).as("after").isEqualTo(never);
    if (Tools.isRoot()) {
      try (Cooper copied = builder().isolation(Isolation.CHROOT).build()) {
        Image same = copied.image(base.id().toString());
        assertThat(built(copied, same, "before", recipe, setting)).as("copied").isEqualTo(never);
      }
    }
  }

  /** What the last layer holds, and the digests of all of a build's layers. */
  private String built(
      Cooper at,
      Image base,
      String when,
      Consumer<Recipe> recipe,
      Consumer<WorkingContainer> setting)
      throws IOException {
    try (WorkingContainer c = at.from(base)) {
      setting.accept(c);
      if (when.equals("before")) {
        c.run("true");
      }
      recipe.accept(new Recipe(c, host, base, host, host));
      if (when.equals("after")) {
        c.run("true");
      }
      Image image = c.commit(o -> o.reproducible(NOW));
      return made(image) + "\n" + described(image) + image.config().diffIds();
    }
  }

  /** What a recipe may use. */
  record Recipe(WorkingContainer c, Path host, Image other, Path archive, Path repeats) {}

  String described(Image image) throws IOException {
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
