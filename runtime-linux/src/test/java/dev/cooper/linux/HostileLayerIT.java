package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Layers that try to reach outside. Whatever becomes of them, a directory outside, the canary, is
 * as it was: names, content, modes, owners, times, links.
 *
 * <pre>
 * canary
 * ├── victim       "untouched", mode 600
 * └── dir
 *     └── inner    "untouched"
 * </pre>
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HostileLayerIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private Path canary = Path.of("");
  private Map<String, String> before = Map.of();

  @BeforeEach
  void makeTheCanary() throws IOException {
    canary = HOST.directory();
    Files.createDirectory(canary.resolve("dir"));
    for (String file : List.of("victim", "dir/inner")) {
      Files.writeString(canary.resolve(file), "untouched");
    }
    before = state();
  }

  private Map<String, String> state() throws IOException {
    Map<String, String> state = new TreeMap<>();
    try (Stream<Path> all = Files.walk(canary)) {
      for (Path path : all.toList()) {
        state.put(
            path.toString(),
            Files.readAttributes(
                    path,
                    "unix:mode,uid,gid,ino,nlink,lastModifiedTime,ctime,size",
                    LinkOption.NOFOLLOW_LINKS)
                + (Files.isRegularFile(path) ? Files.readString(path) : ""));
      }
    }
    return state;
  }

  private void assertUntouched() throws IOException {
    assertThat(state()).isEqualTo(before);
  }

  /** Unpacks what may be refused, but only in the way that says so. */
  private static void attempt(Path layer, Layer.Content content) throws IOException {
    try {
      HOST.unpack(layer, content);
    } catch (CooperException e) {
      assertThat(e).hasMessageMatching("(?s).{10,}");
    }
  }

  /** How an entry below a planted link may be named, and what the link leads to. */
  static Stream<List<String>> plants() {
    return Stream.of(
        List.of("lnk", "lnk/victim", "%s"),
        List.of("lnk", "lnk/new", "%s"),
        List.of("lnk", "lnk/dir/inner", "%s"),
        List.of("lnk", "lnk", "%s/victim"),
        List.of("lnk", "lnk", "%s/dir"),
        List.of("a/lnk", "a/lnk/dir/new", "../../../../../../../../../..%s"),
        List.of("lnk", "./lnk/../lnk/victim", "%s"),
        List.of("lnk", "lnk/victim", "/proc/self/root%s"));
  }

  static List<TarEntry> everyType(ByteString path) {
    TarEntry file = TarEntry.file(path, 04777, 0).withOwner(1000, 1000).withMtime(1, 0);
    return List.of(
        file.withXattrs(Map.of(ByteString.utf8("user.evil"), ByteString.utf8("x"))),
        TarEntry.directory(path, 0777).withOwner(1000, 1000),
        TarEntry.symlink(path, ByteString.utf8("/etc/passwd")).withOwner(1000, 1000),
        TarEntry.hardlink(path, ByteString.utf8("own")).withMode(04777),
        TarEntry.hardlink(ByteString.utf8("stolen"), path).withMode(04777).withOwner(1000, 1000),
        TarEntry.fifo(path, 0666),
        TarEntry.device(path, EntryType.CHAR_DEVICE, 0666, 1, 3),
        TarEntry.device(path, EntryType.BLOCK_DEVICE, 0666, 7, 0),
        TarEntry.whiteout(path),
        TarEntry.opaque(path));
  }

  @ParameterizedTest
  @MethodSource("plants")
  void unpackWhenALinkIsPlantedInTheSameLayerStaysInside(List<String> plant) throws IOException {
    String target = String.format(plant.get(2), canary);
    for (TarEntry entry : everyType(ByteString.utf8(plant.get(1)))) {
      Path layer = HOST.directory();
      attempt(
          layer,
          it -> it.file("own", "mine").symlink(plant.get(0), target).put(entry).file("last", "x"));
      assertUntouched();
      HOST.runtime().delete(layer);
      assertUntouched();
    }
  }

  @ParameterizedTest
  @MethodSource("plants")
  void unpackWhenALinkIsPlantedInAnEarlierUnpackingStaysInside(List<String> plant)
      throws IOException {
    String target = String.format(plant.get(2), canary);
    for (TarEntry entry : everyType(ByteString.utf8(plant.get(1)))) {
      Path layer = HOST.layer(it -> it.file("own", "mine").symlink(plant.get(0), target));
      attempt(layer, it -> it.put(entry).file("last", "x"));
      assertUntouched();
      HOST.runtime().delete(layer);
    }
    assertUntouched();
  }

  @ParameterizedTest
  @MethodSource("plants")
  void writeWhenALowerLayerHasALinkStaysInside(List<String> plant) throws IOException {
    String target = String.format(plant.get(2), canary);
    Path layer = HOST.layer(it -> it.file("own", "mine").symlink(plant.get(0), target));
    for (TarEntry entry : everyType(ByteString.utf8(plant.get(1)))) {
      try (Rootfs root = HOST.root(layer);
          var output = root.write()) {
        output.put(entry);
        output.finish();
      } catch (CooperException e) {
        assertThat(e).hasMessageMatching("(?s).{10,}");
      }
      assertUntouched();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x",
        "a/../../x",
        "/../x",
        "../../../../../../../..%s/x",
        "%s/x",
        "//%s/victim",
        "..",
        "a/..",
        "../%n-evil/x"
      })
  void unpackWhenAPathClimbsStaysInside(String pattern) throws IOException {
    Path layer = HOST.directory();
    Path sibling = Files.createDirectory(Path.of(layer + "-evil"));
    String path =
        pattern.replace("%s", canary.toString()).replace("%n", layer.getFileName().toString());
    for (TarEntry entry : everyType(ByteString.utf8(path))) {
      attempt(layer, it -> it.file("own", "mine").put(entry));
      assertUntouched();
      assertThat(sibling).isEmptyDirectory();
      assertThat(layer.resolveSibling("x")).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "/", "./", "./."})
  void unpackWhenTheRootItselfIsALinkIsRefused(String name) throws IOException {
    // CVE-2021-29136
    Path layer = HOST.directory();
    assertThatThrownBy(
            () -> HOST.unpack(layer, it -> it.symlink(name, canary.toString()).file("x", "evil")))
        .isInstanceOf(CooperException.class)
        .hasMessageContaining("root");
    assertThat(Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertUntouched();
  }

  @Test
  void unpackWhenAHardlinkNamesAFileOfTheProcessesDirectoryLinksNothing() throws IOException {
    // CVE-2026-50163: a link's name is resolved against the tree, never the working directory.
    for (String name : List.of("pom.xml", "/etc/passwd", "../../etc/passwd", canary + "/victim")) {
      assertThatThrownBy(() -> HOST.layer(it -> it.hardlink("stolen", name)))
          .isInstanceOf(CooperException.class);
      assertUntouched();
    }
  }

  @Test
  void cve202547290WhenADirectoryIsSwappedWhileTwoLayersUnpackStaysInside() throws Exception {
    List<Path> layers = List.of(HOST.directory(), HOST.directory());
    Thread swapper =
        new Thread(
            () -> {
              while (!Thread.currentThread().isInterrupted()) {
                layers.forEach(layer -> swap(layer.resolve("d")));
              }
            });
    swapper.start();
    try {
      List<FutureTask<Integer>> both = new ArrayList<>();
      for (Path layer : layers) {
        FutureTask<Integer> unpacking = new FutureTask<>(() -> unpackForLong(layer));
        new Thread(unpacking).start();
        both.add(unpacking);
      }
      for (FutureTask<Integer> each : both) {
        assertThat(each.get()).isPositive();
      }
    } finally {
      swapper.interrupt();
      swapper.join();
    }
    assertUntouched();
  }

  private static int unpackForLong(Path layer) throws IOException {
    long end = System.nanoTime() + 10_000_000_000L;
    int rounds = 0;
    for (; rounds < 10_000 && System.nanoTime() < end; rounds++) {
      int number = rounds;
      try {
        HOST.unpack(
            layer, it -> it.directory("d").file("d/victim", "evil").file("d/new" + number, "x"));
      } catch (CooperException | UncheckedIOException e) {
        assertThat(e).hasMessageMatching("(?s).{5,}");
      }
    }
    return rounds;
  }

  private void swap(Path place) {
    try {
      Path aside = Path.of(place + "-aside");
      if (Files.isSymbolicLink(place)) {
        Files.delete(place);
        Files.move(aside, place);
      } else if (Files.isDirectory(place) && Files.notExists(aside)) {
        Files.move(place, aside);
        Files.createSymbolicLink(place, canary);
      }
    } catch (IOException e) {
      Thread.onSpinWait(); // the unpacking was there first
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".wh.", ".wh...", ".wh..", "d/.wh.", "d/.wh..", "d/.wh..."})
  void unpackWhenAWhiteoutNamesNothingIsRefused(String name) throws IOException {
    Path layer = HOST.directory();
    assertThatThrownBy(() -> HOST.unpack(layer, it -> it.directory("d").file(name, "")))
        .isInstanceOf(CooperException.class)
        .hasMessageContaining("whiteout");
  }

  @Test
  void unpackWhenWhiteoutsAndFilesAreMixedHidesTheLowerOnesAlone() throws IOException {
    Path lower =
        HOST.layer(
            it ->
                it.file("d/a", "low")
                    .file("d/b", "low")
                    .file("d/c", "low")
                    .file("e/x", "low")
                    .file("gone/x", "low")
                    .file("file", "low")
                    .file("foo/bar", "low")
                    .file("foo/baz", "low"));
    Path upper =
        HOST.layer(
            it ->
                it.directory("d")
                    .file("d/a", "high")
                    .file("d/.wh.a", "")
                    .file("d/.wh.b", "")
                    .file("d/b", "high")
                    .file("e/y", "high")
                    .file("e/.wh..wh..opq", "")
                    .file(".wh.gone", "")
                    .file(".wh.file", "")
                    .directory("file")
                    .file("foo/.wh.bar", "")
                    .file(".wh.none", "")
                    .file(".wh..wh.plnk", ""));
    try (Rootfs root = HOST.root(lower, upper)) {
      assertThat(sh(root, "cd /; for f in d/* e/* foo/*; do echo $f $(cat $f); done; ls -A file"))
          .isEqualTo("d/a high\nd/b high\nd/c low\ne/y high\nfoo/baz low\n");
      assertThat(sh(root, "ls -d /gone /none 2>/dev/null; ls -A / | grep wh; true")).isEmpty();
    }
  }

  @Test
  void unpackWhenAHiddenDirectoryHidesInItselfHidesAll() throws IOException {
    Path lower = HOST.layer(it -> it.file("foo/bar", "low").file("foo/baz", "low"));
    Path upper = HOST.layer(it -> it.file(".wh.foo", "").file("foo/.wh.bar", ""));
    try (Rootfs root = HOST.root(lower, upper)) {
      assertThat(sh(root, "ls -A /foo 2>/dev/null; true")).isEmpty();
    }
    Path anew = HOST.layer(it -> it.file(".wh.foo", "").file("foo/x/y", "high"));
    try (Rootfs root = HOST.root(lower, anew)) {
      assertThat(sh(root, "find /foo -type f")).isEqualTo("/foo/x/y\n");
    }
  }

  @Test
  void unpackWhenADirectoryIsHiddenAndMadeAnewInOneLayerIsOpaque() throws IOException {
    Path lower = HOST.layer(it -> it.file("d/old", "low"));
    for (boolean before : new boolean[] {true, false}) {
      Path upper =
          HOST.layer(
              it -> {
                if (before) {
                  it.file(".wh.d", "");
                }
                it.directory("d").file("d/new", "high");
                if (!before) {
                  it.file(".wh.d", "");
                }
              });
      try (Rootfs root = HOST.root(lower, upper)) {
        assertThat(sh(root, "ls /d")).as("whiteout first: %s", before).isEqualTo("new\n");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "trusted.overlay.opaque,y", "trusted.overlay.redirect,/etc", "trusted.overlay.metacopy,''",
    "trusted.overlay.whiteout,y", "user.overlay.opaque,y", "user.overlay.redirect,/etc",
    "user.overlay.metacopy,''", "user.overlay.whiteout,y", "trusted.overlay.overlay.opaque,y",
    "user.overlay.overlay.opaque,y", "trusted.other,x", "security.selinux,x",
    "user.cooper.owner,5:6"
  })
  void unpackWhenAttributesSteerTheOverlayOrUsAreNotHonoured(String name, String value)
      throws IOException {
    Path lower = HOST.layer(it -> it.file("d/old", "low").file("f", "low"));
    Map<ByteString, ByteString> evil = Map.of(ByteString.utf8(name), ByteString.utf8(value));
    Path upper =
        HOST.layer(
            it ->
                it.put(TarEntry.directory(ByteString.utf8("d"), 0755).withXattrs(evil))
                    .put(
                        TarEntry.file(ByteString.utf8("f"), 0644, 0).withXattrs(evil),
                        new byte[] {'h'}));
    try (Rootfs root = HOST.root(lower, upper)) {
      assertThat(sh(root, "ls /d; cat /d/old /f")).isEqualTo("old\nlowh");
      RecordedEntries tree = new RecordedEntries();
      root.readTree(ByteString.utf8("d"), TreeFilter.ALL, tree);
      assertThat(tree.entries).allMatch(entry -> entry.xattrs().isEmpty());
    }
    if (name.contains(".overlay.") || name.contains(".cooper.")) {
      assertThat(HOST.notices).anyMatch(line -> line.contains(name));
    }
  }

  @Test
  void unpackWhenADeviceIsTheOverlaysWhiteoutHidesNothing() throws IOException {
    Path lower = HOST.layer(it -> it.file("f", "low"));
    Path upper =
        HOST.layer(
            it -> it.put(TarEntry.device(ByteString.utf8("f"), EntryType.CHAR_DEVICE, 0, 0, 0)));
    try (Rootfs root = HOST.root(lower, upper)) {
      assertThat(sh(root, "cat /f")).isEqualTo("low");
    }
    assertThat(HOST.notices).anyMatch(line -> line.contains("0:0"));
  }

  @Test
  void readTreeWhenAFifoOrALinkIsInItOpensNeither() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.put(TarEntry.fifo(ByteString.utf8("d/p"), 0666))
                    .symlink("d/l", canary + "/victim")
                    .symlink("d/m", canary + "/dir"));
    RecordedEntries read = HOST.tree(layer);
    List<String> paths = new ArrayList<>(read.paths());
    assertThat(paths).containsExactly("", "d", "d/l", "d/m", "d/p");
    assertThat(read.entry("d/l").type()).isEqualTo(EntryType.SYMLINK);
  }

  /** A device 0:0 under another name would hide a lower file of which no whiteout tells. */
  @Test
  void unpackWhenAHardlinkNamesAWhiteoutIsRefused() throws IOException {
    for (String target : List.of("a", ".wh.a", "./a")) {
      Path layer = HOST.directory();
      assertThatThrownBy(
              () ->
                  HOST.unpack(
                      layer,
                      it ->
                          it.put(TarEntry.whiteout(ByteString.utf8("a"))).hardlink("etc", target)))
          .isInstanceOf(CooperException.class)
          .hasMessageContaining("hardlink etc");
    }
    assertUntouched();
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  @Test
  void unpackWhenItFailsWithinAFileLeavesNoDescriptorOpen() throws IOException {
    long before = descriptors();
    TarEntry file = TarEntry.file(ByteString.utf8("f"), 0755, 0);
    Map<ByteString, ByteString> malformed =
        Map.of(ByteString.utf8("security.capability"), ByteString.utf8("?"));
    for (int i = 0; i < 20; i++) {
      attempt(HOST.directory(), it -> it.put(file.withXattrs(malformed)));
      attempt(HOST.directory(), it -> it.put(file.withSize(1 << 20)));
      attempt(
          HOST.directory(),
          it ->
              it.directory("d")
                  .symlink("l", "nowhere")
                  .put(TarEntry.directory(ByteString.utf8("l/x"), 0755)));
    }
    assertThat(descriptors()).isLessThan(before + 10);
  }

  /**
   * Descriptors are the whole JVM's: one that is closed twice may be another thread's file by then.
   */
  @Test
  void unpackWhenADirectoryCannotBeOpenedClosesNobodyElsesFile() throws Exception {
    Path file = canary.resolve("victim");
    AtomicBoolean done = new AtomicBoolean();
    FutureTask<Integer> others =
        new FutureTask<>(
            () -> {
              int opened = 0;
              for (; !done.get(); opened++) {
                try (FileChannel channel = FileChannel.open(file)) {
                  Thread.onSpinWait();
                  assertThat(channel.size()).isEqualTo(9);
                }
              }
              return opened;
            });
    new Thread(others).start();
    for (int round = 0; round < 300 && !others.isDone(); round++) {
      attempt(
          HOST.directory(),
          it -> {
            for (int i = 0; i < 70; i++) {
              it.directory("d" + i).file("d" + i + "/f", "x");
            }
            it.symlink("l", "nowhere").file("l/x", "x");
          });
    }
    done.set(true);
    assertThat(others.get()).isPositive();
  }
}
