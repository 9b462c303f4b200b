package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CommitOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.FileCapability;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Extended attributes and further names that no kernel, or no file system, takes as they are. */
class AttributesIT extends EndToEnd {
  private static final String SECOND = "0100000200200000000000000000000000000000";
  private static final String THIRD = SECOND.replaceFirst("02", "03") + "a0860100";
  private static final String FIRST = "010000010020000000000000";

  private static ByteString hex(String text) {
    return ByteString.of(HexFormat.of().parseHex(text));
  }

  private static void capable(TarWriter tar, String path, String value) throws IOException {
    tar.put(
        TarEntry.file(ByteString.utf8(path), 0755, 0)
            .withXattrs(Map.of(FileCapability.NAME, hex(value))));
  }

  private Path archive() throws IOException {
    byte[] tar =
        Tars.of(
            out -> {
              capable(out, "c/first", FIRST);
              capable(out, "c/none", "010000");
              capable(out, "c/second", SECOND);
              capable(out, "c/third", THIRD);
            });
    return Files.write(temp.resolve("capable.tar"), tar);
  }

  private void assertCapabilities(Image image, String in) throws IOException {
    Map<String, Tars.Found> last = Tars.last(store, image);
    for (String each : List.of("first", "second", "third")) {
      assertThat(last.get(in + "c/" + each).entry().xattrs())
          .as(in + each)
          .isEqualTo(Map.of(FileCapability.NAME, hex(SECOND)));
    }
    assertThat(last.get(in + "c/none").entry().xattrs()).isEmpty();
  }

  private Stream<String> notices() {
    return events.stream()
        .filter(BuildEvent.Notice.class::isInstance)
        .map(each -> ((BuildEvent.Notice) each).message())
        .filter(line -> line.contains("security.capability"));
  }

  @Test
  void capabilitiesOfAUserNamespaceBecomeAnImages() throws IOException {
    Image imported = cooper.importRoot(archive());
    assertCapabilities(imported, "");
    try (WorkingContainer c = container()) {
      c.add(archive(), "/packed/", UnaryOperator.identity());
      assertCapabilities(c.commit(), "packed/");
      c.run("true").add(archive(), "/mounted/", UnaryOperator.identity());
      Image image = c.commit();
      assertCapabilities(image, "packed/");
      assertCapabilities(image, "mounted/");
      c.run("cp -a /packed /again; chmod 755 /mounted/c/third");
      assertCapabilities(c.commit(CommitOptions::squashed), "mounted/");
    }
    assertThat(notices()).hasSize(3).allMatch(line -> line.contains("is malformed"));
  }

  @Test
  void layersWithCapabilitiesOfAUserNamespaceRun() throws IOException {
    Path layout =
        Layouts.of(temp.resolve("layout"), Bases.busybox(), Files.readAllBytes(archive()));
    Image image = cooper.load(layout).get(0);
    try (WorkingContainer c = image.container()) {
      c.run("test -f /c/third");
      assertCapabilities(c.commit(CommitOptions::squashed), "");
    }
    assertThat(notices()).hasSize(1);
  }

  @Test
  void hardlinkToADirectoryIsRefusedWhenItIsBrought() throws IOException {
    byte[] bad =
        Tars.of(
            tar -> {
              Tars.directory(tar, "d", 0755);
              tar.put(TarEntry.hardlink(ByteString.utf8("e"), ByteString.utf8("d")));
            });
    Path layout = Layouts.of(temp.resolve("layout"), bad);
    String message = "the hardlink e names d, which is a directory";
    assertThatThrownBy(() -> cooper.load(layout)).hasMessageContaining(message);
    Path tar = Files.write(temp.resolve("bad.tar"), bad);
    assertThatThrownBy(() -> cooper.importRoot(tar)).hasMessageContaining(message);
    try (WorkingContainer c = container()) {
      for (String ran : List.of("packed", "mounted")) {
        assertThatThrownBy(() -> c.add(tar, "/x/", UnaryOperator.identity()))
            .as(ran)
            .hasMessageContaining(message);
        c.run("true");
      }
      Path other =
          Files.write(
              temp.resolve("other.tar"),
              Tars.of(
                  out -> out.put(TarEntry.hardlink(ByteString.utf8("e"), ByteString.utf8("etc")))));
      assertThatThrownBy(() -> c.add(other, "/", UnaryOperator.identity()))
          .hasMessageContaining("which is a directory");
    }
  }

  @Test
  void attributeThatIsTooLargeForTheFileSystemSaysSo() throws IOException {
    Tools.requireRoot("a file system of its own");
    Path mounted = Files.createDirectories(temp.resolve("ext4"));
    FileSystems.mount("ext4", "mkfs.ext4 -q", mounted);
    try (var other = builder().store(mounted.resolve("store")).build()) {
      byte[] large = new byte[20_000];
      byte[] layer =
          Tars.of(
              tar ->
                  tar.put(
                      TarEntry.file(ByteString.utf8("f"), 0644, 0)
                          .withXattrs(Map.of(ByteString.utf8("user.x"), ByteString.of(large)))));
      Path layout = Layouts.of(temp.resolve("layout"), Bases.busybox(), layer);
      Image image = other.load(layout).get(0);
      try (WorkingContainer c = image.container()) {
        assertThatThrownBy(() -> c.run("true"))
            .hasMessageContaining("the attribute user.x of f")
            .hasMessageContaining("20000 bytes")
            .hasMessageNotContaining("prune");
      }
    } finally {
      Tools.run("umount", mounted.toString());
    }
  }
}
