package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That a tree on disk is what its entries say, and reads back as the same. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class UnpackIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static ByteString bytes(String text) {
    return ByteString.utf8(text);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 0400, 0755, 0777, 04755, 02755, 01777, 07777, 06711})
  void unpackWhenModesAndOwnersAreGivenSetsThemExactly(int mode) throws IOException {
    TarEntry directory = TarEntry.directory(bytes("d"), mode | 0700).withOwner(3, 4);
    TarEntry file = TarEntry.file(bytes("d/f"), mode, 0).withOwner(1000, 2000);
    Path layer = HOST.layer(it -> it.put(directory).put(file, new byte[] {1}));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "stat -c '%a %u:%g' /d /d/f"))
          .isEqualTo(String.format("%o 3:4%n%o 1000:2000%n", mode | 0700, mode));
    }
    RecordedEntries read = HOST.tree(layer);
    assertThat(read.entry("d")).isEqualTo(directory);
    assertThat(read.entry("d/f")).isEqualTo(file.withSize(1));
  }

  @Test
  void unpackWhenTimesAreGivenSetsThemToTheNanosecond() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.put(TarEntry.directory(bytes("d"), 0755).withMtime(1_000_000_001, 123_456_789))
                    .put(
                        TarEntry.file(bytes("d/f"), 0644, 0).withMtime(-5, 999_999_999),
                        new byte[0])
                    .put(
                        TarEntry.symlink(bytes("d/l"), bytes("nowhere"))
                            .withMtime(1_234_567_890, 1))
                    .put(TarEntry.fifo(bytes("d/p"), 0600).withMtime(1_234_567_891, 0)));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "cd /d; stat -c '%n %Y %y' . f l p | cut -c1-45"))
          .isEqualTo(
              """
              . 1000000001 2001-09-09 01:46:41.123456789 +0
              f -5 1969-12-31 23:59:55.999999999 +0000
              l 1234567890 2009-02-13 23:31:30.000000001 +0
              p 1234567891 2009-02-13 23:31:31.000000000 +0
              """);
    }
  }

  @Test
  void unpackWhenEveryKindIsGivenReadsBackTheSame() throws IOException {
    List<TarEntry> entries = new ArrayList<>();
    entries.add(TarEntry.directory(bytes("a"), 0755));
    entries.add(TarEntry.file(bytes("a/empty"), 0644, 0));
    entries.add(TarEntry.symlink(bytes("a/link"), bytes("../../../etc/passwd")));
    entries.add(TarEntry.symlink(bytes("a/long"), bytes("x/".repeat(2000) + "y")));
    entries.add(TarEntry.fifo(bytes("a/pipe"), 0622));
    entries.add(TarEntry.file(bytes("f"), 0600, 0).withOwner(5, 6));
    entries.add(TarEntry.hardlink(bytes("g"), bytes("f")).withMode(0600).withOwner(5, 6));
    entries.add(TarEntry.symlink(bytes("h"), bytes("f")).withOwner(7, 8).withMtime(9, 0));
    Path layer =
        HOST.layer(
            it -> {
              for (TarEntry entry : entries) {
                it.put(entry);
              }
            });
    RecordedEntries read = HOST.tree(layer);
    assertThat(read.entries.stream().filter(entry -> !entry.path().isEmpty()))
        .filteredOn(entry -> !entry.path().equals(bytes("a")))
        .containsExactlyElementsOf(entries.subList(1, entries.size()));
    assertThat(HOST.notices).isEmpty();
  }

  @Test
  void unpackWhenAHardlinkIsGivenMakesOneFile() throws IOException {
    Path layer = HOST.layer(it -> it.file("f", "same").hardlink("g", "f").hardlink("./h", "/f"));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "stat -c %i /f /g /h | sort -u | wc -l; stat -c %h /f"))
          .isEqualTo("1\n3\n");
    }
  }

  @Test
  void unpackWhenAHardlinksTargetIsOfALowerLayerSaysSo() throws IOException {
    assertThatThrownBy(() -> HOST.layer(it -> it.hardlink("g", "missing")))
        .hasMessageContaining("hardlink g names missing");
  }

  @Test
  void unpackWhenADeviceIsGivenMakesItAsRootAndSaysSoElse() throws IOException {
    TarEntry device =
        TarEntry.device(bytes("n"), EntryType.CHAR_DEVICE, 0620, 1, 3).withOwner(0, 5);
    TarEntry block = TarEntry.device(bytes("b"), EntryType.BLOCK_DEVICE, 0660, 259, 70_000);
    Path layer = HOST.layer(it -> it.put(device).file("after", "x").put(block));
    RecordedEntries read = HOST.tree(layer);
    if (HOST.rootless()) {
      assertThat(HOST.notices).singleElement().asString().startsWith("n, b: a device node");
      assertThat(read.paths()).contains("after").doesNotContain("n", "b");
    } else {
      assertThat(read.entry("n")).isEqualTo(device);
      assertThat(read.entry("b")).isEqualTo(block);
    }
  }

  @Test
  void unpackWhenAttributesAreGivenKeepsTheirBytes() throws IOException {
    // A capability of version 2 whose bits hold 0x80 and 0x0A, as setcap writes it: magic,
    // effective, permitted, inheritable.
    byte[] capability = {1, 0, 0, 2, 0, 10, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    Map<ByteString, ByteString> attributes =
        Map.of(
            bytes("security.capability"), ByteString.of(capability),
            bytes("user.name"), ByteString.of(new byte[] {0, (byte) 0xff, 10}),
            bytes("user.empty"), ByteString.EMPTY);
    TarEntry file = TarEntry.file(bytes("bin/ping"), 0755, 0).withXattrs(attributes);
    TarEntry directory =
        TarEntry.directory(bytes("marked"), 0755)
            .withXattrs(Map.of(bytes("user.d"), bytes("directory")));
    Path layer = HOST.layer(it -> it.put(file, new byte[100_000]).put(directory));
    RecordedEntries read = HOST.tree(layer);
    assertThat(HOST.notices).isEmpty();
    assertThat(read.entry("bin/ping")).isEqualTo(file.withSize(100_000));
    assertThat(read.entry("marked").xattrs()).isEqualTo(directory.xattrs());
    try (Rootfs root = HOST.root(layer)) {
      sh(root, "echo >>/bin/ping; chmod 711 /marked");
      RecordedEntries diff = BusyboxHost.diff(root);
      assertThat(diff.entry("marked").xattrs()).isEqualTo(directory.xattrs());
      assertThat(diff.entry("bin/ping").xattrs()).containsKey(bytes("user.name"));
    }
  }

  @Test
  void unpackWhenAFileIsLargeWritesAllOfIt() throws IOException {
    byte[] content = new byte[5_000_003];
    new Random(1).nextBytes(content);
    java.util.Arrays.fill(content, 1_000_000, 3_000_000, (byte) 0);
    for (int size : new int[] {0, 1, 4096, 65536, 65537, 262_144, 262_145, 1 << 20, 5_000_003}) {
      byte[] part = java.util.Arrays.copyOf(content, size);
      Path layer = HOST.layer(it -> it.file("f", 0644, part).file("after", "x"));
      RecordedEntries read = HOST.tree(layer);
      assertThat(read.content("f")).as("%d bytes", size).isEqualTo(part);
      assertThat(read.content("after")).asString().isEqualTo("x");
    }
  }

  @Test
  void unpackWhenContentComesInPiecesWritesItInOrder() throws IOException {
    byte[] content = new byte[700_001];
    new Random(2).nextBytes(content);
    Path layer = HOST.directory();
    try (var output = HOST.runtime().unpack(layer, HOST.notices::add)) {
      output.begin(TarEntry.file(bytes("f"), 0644, content.length));
      for (int at = 0; at < content.length; at += 12_347) {
        output.write(content, at, Math.min(12_347, content.length - at));
      }
      output.end();
      output.finish();
    }
    assertThat(HOST.tree(layer).content("f")).isEqualTo(content);
  }

  @Test
  void unpackWhenContentIsShortFails() throws IOException {
    Path layer = HOST.directory();
    try (var output = HOST.runtime().unpack(layer, HOST.notices::add)) {
      output.begin(TarEntry.file(bytes("f"), 0644, 10));
      output.write(new byte[9], 0, 9);
      assertThatThrownBy(output::end).hasMessageContaining("1 bytes before its size of 10");
    }
  }

  @Test
  void unpackWhenNamesAreNotUtf8KeepsTheirBytes() throws IOException {
    List<ByteString> names =
        List.of(
            new ByteString("\u0001\n\t"),
            new ByteString("\"' \\*"),
            new ByteString("-rf"),
            new ByteString("N\u00c3"),
            new ByteString("\u00ff\u00fe"));
    Path layer =
        HOST.layer(
            it -> {
              for (ByteString name : names) {
                it.put(TarEntry.file(name, 0644, 0), name.toBytes());
                it.put(TarEntry.symlink(new ByteString(name.latin1() + "~"), name));
              }
            });
    RecordedEntries read = HOST.tree(layer);
    assertThat(read.entries.stream().map(TarEntry::path)).containsAll(names);
    assertThat(read.entries.stream().filter(e -> e.type() == EntryType.SYMLINK).map(TarEntry::link))
        .containsExactlyElementsOf(names);
  }

  @Test
  void unpackWhenAPathIsAsLongAsTheKernelTakesWorks() throws IOException {
    String deep = ("d".repeat(127) + "/").repeat(31);
    String path = deep + "f".repeat(4095 - deep.length());
    Path layer = HOST.layer(it -> it.file(path.substring(0, 4000) + "/" + "f".repeat(94), "deep"));
    RecordedEntries read = HOST.tree(layer);
    assertThat(read.entries.get(read.entries.size() - 1).path().length()).isEqualTo(4095);
    assertThat(read.contents.get(read.contents.size() - 1)).hasSize(4);
  }

  @Test
  void unpackWhenANameIsTooLongFails() throws IOException {
    assertThatThrownBy(() -> HOST.layer(it -> it.file("n".repeat(256), "")))
        .hasMessageContaining("256 bytes");
    assertThatThrownBy(() -> HOST.layer(it -> it.file("n/".repeat(32_000) + "x", "")))
        .isInstanceOf(dev.cooper.oci.ContentException.class);
  }

  @Test
  void unpackWhenPathsAreReplacedWithinALayerKeepsTheLast() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.directory("p")
                    .file("p/x", "1")
                    .directory("p/q")
                    .file("p/q/y", "2")
                    .file("p", "a file now")
                    .directory("p")
                    .file("p/z", "3")
                    .symlink("p/z", "elsewhere")
                    .directory("r")
                    .file("r/deep/er/f", "4")
                    .symlink("r", "p")
                    .file("f", "old")
                    .file("f", "new"));
    assertThat(HOST.tree(layer).lines().stream().skip(1))
        .containsExactly(
            "FILE 644 0:0 f = new",
            "DIRECTORY 755 0:0 p",
            "SYMLINK 777 0:0 p/z -> elsewhere",
            "SYMLINK 777 0:0 r -> p");
  }

  @Test
  void unpackWhenADirectoryComesAfterItsFilesKeepsItsTime() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.file("d/e/f", "x")
                    .put(TarEntry.directory(bytes("d"), 0711).withMtime(1_000_000_000, 0))
                    .put(TarEntry.directory(bytes("d/e"), 0700).withMtime(1_100_000_000, 0))
                    .file("d/late", "y"));
    RecordedEntries read = HOST.tree(layer);
    assertThat(read.entry("d").mtimeSeconds()).isEqualTo(1_000_000_000L);
    assertThat(read.entry("d/e").mtimeSeconds()).isEqualTo(1_100_000_000L);
    assertThat(read.entry("d").mode()).isEqualTo(0711);
  }

  @Test
  void unpackWhenADirectoryHoldsTwentyThousandFilesReadsThemInOrder() throws IOException {
    Path layer =
        HOST.layer(
            it -> {
              for (int i = 0; i < 20_000; i++) {
                it.file("many/" + i, Integer.toString(i));
              }
            });
    RecordedEntries read = HOST.tree(layer);
    List<String> files = read.paths().subList(2, read.paths().size());
    assertThat(files).hasSize(20_000).isSorted();
    assertThat(new String(read.content("many/12345"), StandardCharsets.UTF_8)).isEqualTo("12345");
  }

  @Test
  void unpackWhenAnOwnerIsBeyondTheSubordinateIdsSaysWhatToDo() throws IOException {
    TarEntry entry = TarEntry.file(bytes("f"), 0644, 0).withOwner(3_000_000, 5);
    if (HOST.rootless()) {
      assertThatThrownBy(() -> HOST.layer(it -> it.put(entry)))
          .hasMessageContaining("cannot give f to 3000000:5")
          .hasMessageContaining("/etc/subuid");
    } else {
      assertThat(HOST.tree(HOST.layer(it -> it.put(entry))).entry("f").uid()).isEqualTo(3_000_000);
    }
  }

  @Test
  void writeWhenIntoAMountedRootKeepsTimesOfExistingDirectories() throws IOException {
    try (Rootfs root = HOST.root()) {
      String stat = "stat -c '%n %Y %a' /usr /usr/share /home";
      String before = sh(root, stat);
      try (var output = root.write()) {
        new Layer(output).file("usr/share/new", "x").file("home/a/b", "y");
        output.finish();
      }
      assertThat(sh(root, stat)).isEqualTo(before);
      assertThat(BusyboxHost.diff(root).paths())
          .containsExactly("home", "home/a", "home/a/b", "usr", "usr/share", "usr/share/new");
    }
  }

  @Test
  void writeWhenAPathLeadsThroughTheImagesLinkFollowsItInside() throws IOException {
    Path layer =
        HOST.layer(it -> it.directory("usr/lib").symlink("lib", "usr/lib").symlink("abs", "/home"));
    try (Rootfs root = HOST.root(layer)) {
      try (var output = root.write()) {
        new Layer(output).file("lib/f", "x").file("abs/g", "y");
        output.finish();
      }
      assertThat(sh(root, "readlink /lib; cat /usr/lib/f /home/g")).isEqualTo("usr/lib\nxy");
    }
  }

  @Test
  void writeWhenAnotherKindLiesThereReplacesIt() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.directory("d/sub")
                    .file("d/sub/old", "o")
                    .directory("e")
                    .file("e/old", "o")
                    .directory("gone/sub")
                    .directory("usr/lib")
                    .file("usr/lib/old", "o")
                    .symlink("lib", "usr/lib")
                    .file("file", "f"));
    try (Rootfs root = HOST.root(layer)) {
      try (var output = root.write()) {
        new Layer(output)
            .file("d/sub/new", "n") // held open while it is replaced
            .file("d", "x")
            .directory("d")
            .file("d/sub/newer", "n")
            .symlink("e", "usr/lib")
            .put(TarEntry.whiteout(bytes("gone")))
            .directory("lib")
            .file("lib/f", "x")
            .directory("file")
            .file("file/in", "y");
        output.finish();
      }
      assertThat(sh(root, "find /d /e /lib /file /usr/lib /gone 2>/dev/null | sort | tr '\\n' ' '"))
          .isEqualTo("/d /d/sub /d/sub/newer /e /file /file/in /lib /lib/f /usr/lib /usr/lib/old ");
    }
  }

  @Test
  void deleteWhenNothingIsThereDoesNothing() throws IOException {
    HOST.runtime().delete(HOST.directory().resolve("nothing"));
  }

  @Test
  void deleteWhenALinkIsInTheTreeLeavesItsTarget() throws IOException {
    Path outside = HOST.directory();
    java.nio.file.Files.writeString(outside.resolve("canary"), "c");
    Path layer =
        HOST.layer(
            it ->
                it.put(TarEntry.directory(bytes("locked"), 0).withOwner(7, 7))
                    .symlink("locked/out", outside.toString()));
    HOST.runtime().delete(layer);
    assertThat(layer).doesNotExist();
    assertThat(outside.resolve("canary")).hasContent("c");
  }

  @Test
  void entryAndReadWhenPathsAreAnythingAnswer() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.file("f", "content")
                    .symlink("l", "f")
                    .symlink("etc2", "etc")
                    .put(TarEntry.fifo(bytes("p"), 0644)));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(root.entry(ByteString.EMPTY))
          .extracting(TarEntry::type)
          .isEqualTo(EntryType.DIRECTORY);
      assertThat(root.entry(bytes("f"))).extracting(TarEntry::size).isEqualTo(7L);
      assertThat(root.entry(bytes("l"))).extracting(TarEntry::link).isEqualTo(bytes("f"));
      assertThat(root.entry(bytes("etc2/passwd"))).isNull();
      assertThat(root.entry(bytes("../../etc/passwd"))).isNull();
      assertThat(root.entry(bytes("none"))).isNull();
      assertThat(root.read(bytes("f"), 7)).asString().isEqualTo("content");
      assertThat(root.read(bytes("f"), 6)).isNull();
      assertThat(root.read(bytes("l"), 100)).isNull();
      assertThat(root.read(bytes("p"), 100)).isNull();
      assertThat(root.read(bytes("etc2/passwd"), 1000)).isNull();
    }
  }

  @Test
  void syncWhenTheDirectoryIsMissingSaysSo() throws IOException {
    Path directory = HOST.directory();
    HOST.runtime().sync(directory);
    assertThatThrownBy(() -> HOST.runtime().sync(directory.resolve("missing")))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        "../x",
        "a/../a/f",
        "a/..",
        ".",
        "./a",
        "a/.",
        "a//f",
        "/a/f",
        "a/f/",
        "/",
        "a/f/x"
      })
  void entryWhenThePathIsNotCanonicalIsNone(String path) throws IOException {
    try (Rootfs root = HOST.root(HOST.layer(it -> it.directory("a").file("a/f", "f")))) {
      assertThat(root.entry(bytes("a/f"))).isNotNull();
      assertThat(root.entry(bytes(path))).isNull();
      assertThat(root.read(bytes(path), 100)).isNull();
      assertThatThrownBy(() -> root.readTree(bytes(path), TreeFilter.ALL, new RecordedEntries()))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(path);
    }
  }
}
