package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Isolation;
import dev.cooper.image.CommitOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Layers that hold something in directories which they do not name, as bazel's and crane's do: the
 * directories stay as the layers below say.
 *
 * <pre>
 *          base            thin                     over
 *   /      0755            -                        0711, as an entry
 *   tmp    1777 0:0        tmp/new                  -
 *   srv    2750 7:8        srv/data/x               srv/.wh.gone
 *   data   0700 7:8        -                        srv/data/y
 *   opt    0700 0:0        .wh.opt, then opt/b      -
 *   var    0710 7:8        var/.wh..wh..opq, var/b  -
 * </pre>
 */
class UnnamedDirectoriesIT extends EndToEnd {
  private static final long MADE = 1_600_000_000L;
  private static final String STAT = "stat -c '%n %a %u:%g %Y' / /tmp /srv /srv/data /opt /var";

  private static final String THIN =
      """
      / 755 0:0 0
      /tmp 1777 0:0 1600000000
      /srv 2750 7:8 1600000000
      /srv/data 700 7:8 1600000000
      /opt 755 0:0 0
      /var 710 7:8 1600000000
      """;

  private static void owned(TarWriter tar, String path, int mode, long uid, long gid)
      throws IOException {
    tar.put(TarEntry.directory(ByteString.utf8(path), mode).withOwner(uid, gid).withMtime(MADE, 0));
  }

  private static byte[] base() throws IOException {
    return Tars.of(
        tar -> {
          owned(tar, "tmp", 01777, 0, 0);
          owned(tar, "srv", 02750, 7, 8);
          owned(tar, "srv/data", 0700, 7, 8);
          Tars.file(tar, "srv/gone", 0644, "gone");
          owned(tar, "opt", 0700, 0, 0);
          Tars.file(tar, "opt/a", 0644, "a");
          owned(tar, "var", 0710, 7, 8);
          Tars.file(tar, "var/a", 0644, "a");
        });
  }

  private static byte[] thin() throws IOException {
    return Tars.of(
        tar -> {
          Tars.file(tar, "opt/b", 0644, "b");
          Tars.file(tar, ".wh.opt", 0644, "");
          Tars.file(tar, "srv/data/x", 0644, "x");
          Tars.file(tar, "tmp/new", 0644, "new");
          Tars.file(tar, "var/.wh..wh..opq", 0644, "");
          Tars.file(tar, "var/b", 0644, "b");
        });
  }

  private static byte[] over() throws IOException {
    return Tars.of(
        tar -> {
          owned(tar, "./", 0711, 0, 0);
          Tars.file(tar, "srv/.wh.gone", 0644, "");
          Tars.file(tar, "srv/data/y", 0644, "y");
        });
  }

  private static byte[] root(int mode) throws IOException {
    return Tars.of(tar -> owned(tar, "./", mode, 0, 0));
  }

  private Path layout(String name, byte[]... tars) throws IOException {
    return Layouts.of(temp.resolve(name), tars);
  }

  private static Image load(Cooper cooper, Path layout) {
    return cooper.load(layout).get(0);
  }

  private Image image(Cooper cooper, String name, byte[]... above) throws IOException {
    byte[][] tars = new byte[above.length + 1][];
    tars[0] = Bases.busybox();
    System.arraycopy(above, 0, tars, 1, above.length);
    return load(cooper, layout(name, tars));
  }

  private static String stat(Image image) {
    try (WorkingContainer c = image.container()) {
      return c.run(STAT).exec("/bin/sh", "-c", STAT).out();
    }
  }

  private static Map<String, String> lines(Path store, Image image) throws IOException {
    Map<String, String> lines = new LinkedHashMap<>();
    Tars.last(store, image)
        .forEach(
            (path, found) -> {
              if (found.entry().type() != EntryType.SYMLINK) {
                lines.put(path, found.line() + " " + found.entry().mtimeSeconds());
              }
            });
    return lines;
  }

  @Test
  void runShowsDirectoriesAsTheLayersThatNameThemSay() throws IOException {
    assertThat(stat(image(cooper, "two", base(), thin()))).isEqualTo(THIN);
    assertThat(stat(image(cooper, "three", base(), thin(), over())))
        .isEqualTo(THIN.replace("/ 755 0:0 0", "/ 711 0:0 1600000000"));
  }

  @Test
  void runWhenTheSameLayerLiesOnTwoBasesShowsEachBasesDirectories() throws IOException {
    Image one = image(cooper, "one", base(), thin());
    Image other =
        image(cooper, "other", Tars.of(tar -> owned(tar, "tmp", 0733, 5, 6)), thin(), base());
    Image alone = load(cooper, layout("alone", thin(), Bases.busybox()));
    assertThat(stat(one)).isEqualTo(THIN);
    try (WorkingContainer c = alone.container()) {
      assertThat(c.exec("/bin/stat", "-c", "%a %u:%g %Y", "/opt", "/var").out())
          .isEqualTo("755 0:0 0\n755 0:0 0\n");
    }
    other.remove();
    assertThat(stat(one)).isEqualTo(THIN);
    assertThat(cooper.maintenance().check().findings()).isEmpty();
    one.remove();
    alone.remove();
    assertThat(names(store.resolve("layers"))).isEmpty();
  }

  @Test
  void squashCopyAndCopyFromKeepThemInEveryIsolation() throws IOException {
    Path layout = layout("thin", Bases.busybox(), base(), thin(), over());
    Map<String, String> mounted = results(Isolation.NAMESPACES, layout);
    assertThat(mounted.get("squashed .")).startsWith("DIRECTORY 0711 0:0");
    assertThat(mounted.get("squashed tmp")).isEqualTo(named("1777 0:0"));
    assertThat(mounted.get("squashed srv")).isEqualTo(named("2750 7:8"));
    assertThat(mounted.get("squashed srv/data")).isEqualTo(named("0700 7:8"));
    assertThat(mounted.get("squashed var")).isEqualTo(named("0710 7:8"));
    assertThat(mounted.get("squashed opt")).isEqualTo("DIRECTORY 0755 0:0 0    0");
    assertThat(mounted.get("copied tmp")).isEqualTo(named("1777 0:0"));
    assertThat(mounted.get("copied srv/data")).isEqualTo(named("0700 7:8"));
    assertThat(mounted.get("from to/srv/data")).startsWith("DIRECTORY 0700");
    assertThat(mounted.get("ran srv/data")).startsWith("DIRECTORY 0700 7:8");
    if (Tools.isRoot()) {
      assertThat(results(Isolation.CHROOT, layout)).isEqualTo(mounted);
    }
    assertThat(results(Isolation.OCI, layout)).isEqualTo(mounted);
    Map<String, String> packed = results(Isolation.NONE, layout);
    mounted.keySet().removeIf(name -> !name.startsWith("copied"));
    assertThat(packed).isEqualTo(mounted);
  }

  private static String named(String attributes) {
    return "DIRECTORY " + attributes + " 0    " + MADE;
  }

  private Map<String, String> results(Isolation isolation, Path layout) throws IOException {
    Map<String, String> results = new LinkedHashMap<>();
    Path own = temp.resolve("by-" + isolation);
    try (Cooper other = builder().store(own).isolation(isolation).engine("runc").build()) {
      Image image = load(other, layout);
      try (WorkingContainer c = image.container()) {
        Path file = Files.setLastModifiedTime(host("f", "f"), FileTime.from(NOW));
        c.copy(file, "/tmp/f").copy(file, "/srv/data/f");
        lines(own, c.commit()).forEach((path, line) -> results.put("copied " + path, line));
      }
      if (isolation == Isolation.NONE) {
        return results;
      }
      try (WorkingContainer c = image.container()) {
        c.copyFrom(image, "/srv", "/to/srv/", UnaryOperator.identity());
        lines(own, c.commit()).forEach((path, line) -> results.put("from " + path, line));
      }
      try (WorkingContainer c = image.container()) {
        lines(own, c.commit(CommitOptions::squashed))
            .forEach((path, line) -> results.put("squashed " + path, line));
      }
      try (WorkingContainer c = image.container()) {
        c.run("touch -d @1600000001 /srv/data/f /srv/data");
        lines(own, c.commit()).forEach((path, line) -> results.put("ran " + path, line));
      }
      other.images().forEach(Image::remove); // what lies there may be of subordinate ids
    }
    return results;
  }

  @Test
  void rootIsAsTheUppermostLayerThatNamesItSays() throws IOException {
    assertThat(root(image(cooper, "again", root(0700), root(0755)))).isEqualTo("755\n");
    assertThat(root(image(cooper, "below", root(0750), thin()))).isEqualTo("750\n");
    assertThat(root(image(cooper, "unsaid", root(0701), base()))).isEqualTo("701\n");
  }

  private static String root(Image image) {
    try (WorkingContainer c = image.container()) {
      return c.exec("/bin/stat", "-c", "%a", "/").out();
    }
  }

  @Test
  void commitAfterTheRootWasChangedKeepsIt() throws IOException {
    Image open = image(cooper, "open", root(0700));
    for (boolean layers : new boolean[] {false, true}) {
      try (WorkingContainer c = open.container()) {
        if (layers) {
          c.layerPerStep();
        }
        c.run("chmod 755 /").run("true").run("touch /x");
        assertThat(root(c.commit())).isEqualTo("755\n");
        assertThat(root(c.commit(CommitOptions::squashed))).isEqualTo("755\n");
      }
    }
    try (WorkingContainer c = container()) {
      Image closed = c.run("chmod 1711 /").commit(CommitOptions::squashed);
      assertThat(root(closed)).isEqualTo("1711\n");
    }
  }
}
