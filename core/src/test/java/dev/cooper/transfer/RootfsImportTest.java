package dev.cooper.transfer;

import static dev.cooper.TestImages.path;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.TestImages;
import dev.cooper.host.PortableTree;
import dev.cooper.io.Directories;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layout.Validator;
import dev.cooper.spi.TreeFilter;
import dev.cooper.store.ImageView;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RootfsImportTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);
  private static final ImageReference NAME = ImageReference.parse("root:1");
  private static final Platform PLATFORM = Platform.of("linux", "arm64");

  @TempDir Path directory;
  private final List<String> told = new ArrayList<>();

  private static byte[] packed(Compression compression, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = compression.compress(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @EnumSource
  void tarballBecomesAnImageOfItsBytes(Compression compression) throws IOException {
    byte[] tar = TestImages.greeting("hello");
    Path tarball = Files.write(directory.resolve("root.tar"), packed(compression, tar));
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = new RootfsImport(store, PLATFORM, NOW).tarball(tarball, told::add, NAME);

      assertThat(image.names()).containsExactly(NAME);
      assertThat(image.config().platform()).isEqualTo(PLATFORM);
      assertThat(image.config().diffIds()).containsExactly(Digest.sha256(tar));
      assertThat(image.manifest().layers().get(0).digest()).isEqualTo(Digest.sha256(tar));
      assertThat(ImageView.open(store, image).read(path("greeting"), 10))
          .isEqualTo("hello".getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(Validator.validate(directory.resolve("store"))).isEmpty();
  }

  @Test
  void tarballWhenEmptyIsRefused() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty"));
    try (Store store = TestImages.open(directory.resolve("store-of-none"))) {
      for (Path nothing : List.of(empty, Path.of("/dev/null"))) {
        assertThatThrownBy(
                () ->
                    new RootfsImport(store, Platform.current(), java.time.Instant.EPOCH)
                        .tarball(nothing, told::add, null))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining(nothing.toString())
            .hasMessageContaining("expected a tar");
      }
      assertThat(store.list()).isEmpty();
    }
  }

  @Test
  void tarballWhenMalformedRefusesAndLeavesNothing() throws IOException {
    byte[] tar = TestImages.greeting("hello".repeat(1000));
    List<byte[]> bad =
        List.of(
            "this is no tar, whatever its name says ".repeat(100).getBytes(StandardCharsets.UTF_8),
            Arrays.copyOf(tar, 2000),
            Arrays.copyOf(packed(Compression.GZIP, tar), 60));
    try (Store store = TestImages.open(directory.resolve("store"))) {
      for (byte[] each : bad) {
        Path tarball = Files.write(directory.resolve("bad.tar"), each);
        assertThatThrownBy(
                () -> new RootfsImport(store, PLATFORM, NOW).tarball(tarball, told::add, NAME))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("bad.tar");
      }
      assertThat(store.list()).isEmpty();
      assertThat(Directories.list(store.staging())).hasSize(1);
    }
  }

  /**
   * What the layer of an imported tarball holds: a path, its type, its mode and its content or
   * link.
   */
  private List<String> imported(TestImages.Filling filling) throws IOException {
    Path tarball = Files.write(directory.resolve("root.tar"), TestImages.tar(filling));
    List<String> lines = new ArrayList<>();
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = new RootfsImport(store, PLATFORM, NOW).tarball(tarball, told::add, NAME);
      try (InputStream in = store.open(image.manifest().layers().get(0));
          TarReader tar = TarReader.over(in)) {
        for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
          String content =
              entry.type() == EntryType.FILE
                  ? new String(tar.content().readAllBytes(), StandardCharsets.UTF_8)
                  : entry.link().toString();
          lines.add(
              String.format(
                      Locale.ROOT, "%s %s %o %s", entry.path(), entry.type(), entry.mode(), content)
                  .strip());
        }
      }
      assertThat(Directories.list(store.staging())).hasSize(1);
    }
    assertThat(Validator.validate(directory.resolve("store"))).isEmpty();
    return lines;
  }

  @Test
  void tarballWhenAPathComesAgainKeepsTheLast() throws IOException {
    assertThat(
            imported(
                sink -> {
                  TestImages.file(sink, "./etc/a", "old");
                  TestImages.file(sink, "etc/b", "only");
                  TestImages.file(sink, "/etc/a", "new");
                  TestImages.file(sink, "etc//a", "newest");
                }))
        .containsExactly("etc/b FILE 644 only", "etc/a FILE 644 newest");
  }

  @Test
  void tarballWhenALinkedFileComesAgainKeepsTheLinksContent() throws IOException {
    assertThat(
            imported(
                sink -> {
                  TestImages.file(sink, "a", "old");
                  sink.put(TarEntry.hardlink(path("b"), path("a")));
                  sink.put(TarEntry.hardlink(path("c"), path("./a")));
                  TestImages.file(sink, "a", "new");
                  sink.put(TarEntry.hardlink(path("d"), path("a")));
                  sink.put(TarEntry.hardlink(path("c"), path("c")));
                }))
        .containsExactly(
            "b FILE 644 old", "c HARDLINK 644 b", "a FILE 644 new", "d HARDLINK 644 a");
  }

  @Test
  void tarballWhenADirectoryComesAgainHasItsLastAttributesAndAllItsContent() throws IOException {
    assertThat(
            imported(
                sink -> {
                  sink.put(TarEntry.directory(path("."), 0755));
                  sink.put(TarEntry.directory(path("d"), 0755));
                  TestImages.file(sink, "d/one", "1");
                  sink.put(TarEntry.directory(path("d/"), 0700));
                  TestImages.file(sink, "d/two", "2");
                  sink.put(TarEntry.directory(path("./"), 0711));
                }))
        .containsExactly(
            ". DIRECTORY 711", "d DIRECTORY 700", "d/one FILE 644 1", "d/two FILE 644 2");
  }

  @Test
  void tarballWhenAPathBecomesAnotherKindKeepsTheLastKind() throws IOException {
    assertThat(
            imported(
                sink -> {
                  sink.put(TarEntry.directory(path("x"), 0755));
                  TestImages.file(sink, "x/gone", "gone");
                  sink.put(TarEntry.symlink(path("x"), path("y")));
                  sink.put(TarEntry.hardlink(path("z"), path("x")));
                  TestImages.file(sink, "y", "file");
                  sink.put(TarEntry.directory(path("y"), 0750));
                  TestImages.file(sink, "x/through", "link");
                }))
        .containsExactly(
            "x SYMLINK 777 y", "y DIRECTORY 750", "z HARDLINK 777 x", "y/through FILE 644 link");
  }

  @Test
  void tarballWhenALinkNamesWhatIsGoneRefuses() throws IOException {
    assertThatThrownBy(
            () ->
                imported(
                    sink -> {
                      TestImages.file(sink, "a", "");
                      TestImages.file(sink, "a", "");
                      sink.put(TarEntry.hardlink(path("b"), path("c")));
                    }))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("root.tar")
        .hasMessageContaining("hard link b");
  }

  @Test
  void directoryBecomesALayerInCanonicalOrder() throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    Files.createDirectory(root.resolve("a"));
    Files.writeString(root.resolve("a/x"), "content");
    Files.createLink(root.resolve("b-link"), root.resolve("a/x"));
    Files.writeString(root.resolve("a.txt"), "");
    Files.createSymbolicLink(root.resolve("s"), Path.of("../out/side"));
    Files.createSymbolicLink(root.resolve("t"), Path.of("/abs"));
    // A name that is no text in any charset that the JVM may run with.
    Process touch =
        new ProcessBuilder("sh", "-c", "touch \"$(printf '\\374\\012x')\"")
            .directory(root.toFile())
            .inheritIO()
            .start();
    assertThat(touch.waitFor()).isZero();
    Files.writeString(root.resolve(".wh.trap"), "");
    Files.setPosixFilePermissions(
        root.resolve("a/x"), PosixFilePermissions.fromString("rwxr-x--x"));
    Files.setLastModifiedTime(
        root.resolve("a/x"), FileTime.from(Instant.ofEpochSecond(1_000_000, 5_000)));
    List<String> notices = new ArrayList<>();

    List<TarEntry> entries = new ArrayList<>();
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image =
          new RootfsImport(store, PLATFORM, NOW).directory(root, null, notices::add, NAME);
      try (InputStream in = store.open(image.manifest().layers().get(0));
          TarReader tar = TarReader.over(in)) {
        for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
          entries.add(entry);
        }
      }
    }

    assertThat(entries)
        .extracting(TarEntry::path)
        .containsExactly(
            path("."),
            path("a"),
            path("a/x"),
            path("a.txt"),
            path("b-link"),
            path("s"),
            path("t"),
            new ByteString("\u00fc\nx"));
    assertThat(entries.get(2).mode()).isEqualTo(0751);
    assertThat(entries.get(2).mtimeSeconds()).isEqualTo(1_000_000);
    assertThat(entries.get(2).mtimeNanos()).isEqualTo(5_000);
    assertThat(entries.get(4).type()).isEqualTo(EntryType.HARDLINK);
    assertThat(entries.get(4).link()).isEqualTo(path("a/x"));
    assertThat(entries.get(5).link()).isEqualTo(path("../out/side"));
    assertThat(entries.get(6).link()).isEqualTo(path("/abs"));
    assertThat(notices).singleElement().asString().contains(".wh.trap");
  }

  @Test
  void filteredTreeHasOnlyTheDirectoriesThatLeadSomewhere() throws IOException {
    Path root = Files.createDirectories(directory.resolve("root"));
    Files.createDirectories(root.resolve("a/b/c"));
    Files.writeString(root.resolve("a/b/c/wanted"), "");
    Files.createDirectories(root.resolve("d/e"));
    Files.writeString(root.resolve("d/e/not"), "");
    byte[] tar =
        TestImages.tar(
            sink ->
                PortableTree.read(
                    root.resolve("a"),
                    (path, isDirectory) ->
                        path.toString().endsWith("wanted")
                            ? TreeFilter.Choice.TAKE
                            : TreeFilter.Choice.DESCEND,
                    new RenamingSink(sink),
                    notice -> {}));

    try (TarReader reader = TarReader.over(new java.io.ByteArrayInputStream(tar))) {
      List<String> names = new ArrayList<>();
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        names.add(entry.path().toString());
      }
      assertThat(names).containsExactly("root", "root/b", "root/b/c", "root/b/c/wanted");
    }
  }

  /** Puts all below {@code root}. */
  private record RenamingSink(dev.cooper.oci.layer.EntrySink sink)
      implements dev.cooper.oci.layer.EntrySink {
    @Override
    public void begin(TarEntry entry) throws IOException {
      sink.begin(entry.withPath(dev.cooper.oci.layer.LayerPath.join(path("root"), entry.path())));
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      sink.write(source, offset, length);
    }

    @Override
    public void end() throws IOException {
      sink.end();
    }
  }
}
