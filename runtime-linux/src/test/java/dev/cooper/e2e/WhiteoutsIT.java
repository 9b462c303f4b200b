package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CommitOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whiteouts where an overlay mount by itself does not heed them: at a layer's root, and in
 * directories that no other layer has.
 *
 * <pre>
 *  hidden       opaque           |  lone          above
 *  old/file     .wh..wh..opq     |  t/.wh.a       t/c/.wh.z
 *  etc/hosts    new/file         |  t/b           m/n
 *  new/below                     |  m/.wh.a
 *                                |  u/.wh..wh..opq
 *                                |  u/.wh.p
 *                                |  u/x
 * </pre>
 */
class WhiteoutsIT extends EndToEnd {
  /** By the names that directories hold, without looking them up. */
  private static final String LIST = "cd /; echo ol[d] adde[d] new/* t/* t/c/* m/* u/*";

  private static byte[] hidden() throws IOException {
    return Tars.of(
        tar -> {
          Tars.directory(tar, "old", 0755);
          Tars.file(tar, "old/file", 0644, "old\n");
          Tars.directory(tar, "etc", 0755);
          Tars.file(tar, "etc/hosts", 0644, "old\n");
          Tars.directory(tar, "new", 0755);
          Tars.file(tar, "new/below", 0644, "old\n");
        });
  }

  private static byte[] opaque() throws IOException {
    return Tars.of(
        tar -> {
          Tars.file(tar, ".wh..wh..opq", 0644, "");
          Tars.directory(tar, "new", 0755);
          Tars.file(tar, "new/file", 0644, "new\n");
        });
  }

  private static byte[] lone() throws IOException {
    return Tars.of(
        tar -> {
          Tars.directory(tar, "t", 0755);
          Tars.file(tar, "t/.wh.a", 0644, "");
          Tars.file(tar, "t/b", 0644, "b\n");
          Tars.file(tar, "m/.wh.a", 0644, "");
          Tars.directory(tar, "u", 0755);
          Tars.file(tar, "u/.wh..wh..opq", 0644, "");
          Tars.file(tar, "u/.wh.p", 0644, "");
          Tars.file(tar, "u/x", 0644, "x\n");
        });
  }

  private static byte[] above() throws IOException {
    return Tars.of(
        tar -> {
          Tars.directory(tar, "t/c", 0755);
          Tars.file(tar, "t/c/.wh.z", 0644, "");
          Tars.file(tar, "m/n", 0644, "n\n");
        });
  }

  private Image load(Cooper other, byte[]... layers) throws IOException {
    return other.load(Layouts.of(Files.createTempDirectory(temp, "layout"), layers)).get(0);
  }

  private Path storeOf(Isolations isolation) {
    return temp.resolve("by-" + isolation);
  }

  private Cooper open(Isolations isolation) {
    return isolation.of(builder().store(storeOf(isolation))).build();
  }

  private List<String> last(Isolations isolation, Image image) throws IOException {
    return List.copyOf(Tars.last(storeOf(isolation), image).keySet());
  }

  private void assertNothingVanished() {
    assertThat(events)
        .filteredOn(BuildEvent.Notice.class::isInstance)
        .noneMatch(each -> each.toString().contains("vanished"));
  }

  @ParameterizedTest
  @EnumSource(Isolations.class)
  void runWhenALayersRootIsOpaqueSeesNothingOfTheLayersBelow(Isolations isolation)
      throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from(load(other, hidden(), opaque(), Bases.busybox()))) {
      assertThat(c.exec("/bin/sh", "-c", LIST).out())
          .isEqualTo("ol[d] adde[d] new/file t/* t/c/* m/* u/*\n");
      c.run("echo x > /added; mkdir /old; rm -r /new");
      Image image = c.commit();
      assertThat(last(isolation, image)).containsExactly(".wh.new", "added", "old");
      try (WorkingContainer again = other.from(image)) {
        assertThat(again.exec("/bin/sh", "-c", LIST).out())
            .isEqualTo("old added new/* t/* t/c/* m/* u/*\n");
        assertThat(last(isolation, again.commit(CommitOptions::squashed)))
            .contains("added", "old")
            .doesNotContain("old/file", "new", "etc/hosts");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Isolations.class)
  void runWhenALayersRootIsOpaqueKeepsStepsAboveIt(Isolations isolation) throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from(load(other, hidden(), opaque(), Bases.busybox()))) {
      c.layerPerStep().run("echo 1 > /new/1").run("rm /new/file; mkdir /old");
      assertThat(c.exec("/bin/sh", "-c", LIST).out())
          .isEqualTo("old adde[d] new/1 t/* t/c/* m/* u/*\n");
      Image image = c.commit();
      assertThat(last(isolation, image)).containsExactly("new", "new/.wh.file", "old");
    }
  }

  @Test
  void copyFromWhenTheUppermostRootIsOpaqueHasThatLayerAlone() throws IOException {
    Image image = load(cooper, Bases.busybox(), hidden(), opaque());
    try (WorkingContainer packed = cooper.scratch();
        WorkingContainer unpacked = cooper.scratch();
        WorkingContainer mounted = cooper.from(image)) {
      try (Stream<Path> names = Files.list(mounted.mountPath())) {
        assertThat(names.map(each -> each.getFileName().toString()))
            .containsOnly("new", "dev", "etc", "proc", "sys");
      }
      unpacked.copyFrom(mounted, "/", "/all/");
      packed.copyFrom(image, "/", "/all/");
      for (WorkingContainer c : List.of(packed, unpacked)) {
        assertThat(Tars.last(store, c.commit()).keySet())
            .containsExactly("all", "all/new", "all/new/file");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Isolations.class)
  void runWhenOnlyOneLayerHasADirectoryWithAWhiteoutSeesNoPhantom(Isolations isolation)
      throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from(load(other, Bases.busybox(), lone(), above()))) {
      assertThat(c.exec("/bin/sh", "-c", LIST).out())
          .isEqualTo("ol[d] adde[d] new/* t/b t/c t/c/* m/n u/x\n");
      assertThat(last(isolation, c.commit(CommitOptions::squashed)))
          .contains("m/n", "t/b", "t/c", "u/x")
          .doesNotContain("m/a", "m/.wh.a", "t/.wh.a", "t/c/.wh.z", "u/.wh.p");
      c.run("rm /t/b; rmdir /t/c; rm -r /u; echo > /m/a");
      assertThat(last(isolation, c.commit()))
          .containsExactly(".wh.u", "m", "m/a", "t", "t/.wh.b", "t/.wh.c");
      assertNothingVanished();
    }
  }

  @ParameterizedTest
  @EnumSource(Isolations.class)
  void copyFromWhenOnlyOneLayerHasADirectoryWithAWhiteoutCopiesNoPhantom(Isolations isolation)
      throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer from = other.from(load(other, Bases.busybox(), lone()));
        WorkingContainer c = other.scratch()) {
      assertThat(from.mountPath()).exists();
      c.copyFrom(from, "/t", "/t/").copyFrom(from, "/m", "/m/").copyFrom(from, "/u", "/u/");
      assertThat(last(isolation, c.commit())).containsExactly("m", "t", "t/b", "u", "u/x");
      assertNothingVanished();
    }
  }
}
