package dev.cooper.store;

import static dev.cooper.TestImages.file;
import static dev.cooper.TestImages.path;
import static dev.cooper.TestImages.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.TestImages;
import dev.cooper.container.PendingTree;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import dev.cooper.tree.EmptyView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageViewTest {
  @TempDir Path directory;

  private ImageView view(TestImages.Filling... layers) throws IOException {
    byte[][] tars = new byte[layers.length][];
    for (int i = 0; i < layers.length; i++) {
      tars[i] = tar(layers[i]);
    }
    try (Store store = TestImages.open(directory.resolve("store"))) {
      return ImageView.open(store, TestImages.add(store, "x", Compression.NONE, tars));
    }
  }

  private static String text(ImageView view, String path) {
    byte[] content = view.read(path(path), 1000);
    return content == null ? "nothing" : new String(content, StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @EnumSource
  void readGivesContentWhateverTheCompression(Compression compression) throws IOException {
    byte[] tar =
        tar(
            sink -> {
              file(sink, "./a/b", "first");
              file(sink, "a/c", "second");
              sink.put(TarEntry.hardlink(path("d"), path("a/c")));
            });
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = TestImages.add(store, "x", compression, tar);
      for (int i = 0; i < 2; i++) { // by a scan, and by the index that it wrote
        ImageView view = ImageView.open(store, image);
        assertThat(text(view, "a/b")).isEqualTo("first");
        assertThat(text(view, "a/c")).isEqualTo("second");
        assertThat(text(view, "d")).isEqualTo("second");
        assertThat(view.read(path("d"), 5)).isNull();
        assertThat(view.read(path("a"), 5)).isNull();
        assertThat(view.entry(path("d"))).isEqualTo(TarEntry.file(path("d"), 0644, 6));
        assertThat(view.entry(path("a"))).isEqualTo(TarEntry.directory(path("a"), 0755));
        assertThat(view.entry(path(""))).isNotNull();
      }
      assertThat(store.layerIndex(image.config().diffIds().get(0))).exists();
    }
  }

  @Test
  void entryOfADirectoryThatTheUpperLayerDoesNotNameIsAsTheLowerOneSays() throws IOException {
    TarEntry owned = TarEntry.directory(path("a"), 01777).withOwner(7, 8).withMtime(9, 0);
    TestImages.Filling base =
        sink -> {
          sink.put(owned);
          sink.put(TarEntry.directory(path("b"), 0700));
          sink.put(TarEntry.directory(path("c"), 0700));
        };
    TestImages.Filling thin =
        sink -> {
          file(sink, "a/x", "");
          file(sink, "b/x", "");
          sink.put(TarEntry.whiteout(path("b")));
          sink.put(TarEntry.opaque(path("c")));
        };
    ImageView view = view(base, thin);
    assertThat(view.entry(path("a"))).isEqualTo(owned);
    assertThat(view.entry(path("b"))).isEqualTo(TarEntry.directory(path("b"), 0755));
    assertThat(view.entry(path("c"))).isEqualTo(TarEntry.directory(path("c"), 0700));
    assertThat(view.unnamedDirectories().stream().map(each -> each.path().toString()))
        .containsExactly("", "a", "c");
    assertThat(view(thin, base).unnamedDirectories()).hasSize(1);
  }

  @Test
  void openWhenTheIndexIsTornReadsTheBlob() throws IOException {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image =
          TestImages.add(store, "x", Compression.NONE, tar(sink -> file(sink, "a", "b")));
      Path index = store.layerIndex(image.config().diffIds().get(0));
      ImageView.open(store, image);
      byte[] good = Files.readAllBytes(index);
      byte[] torn = good.clone();
      torn[good.length - 1] ^= 1;
      Files.write(index, torn);

      assertThat(text(ImageView.open(store, image), "a")).isEqualTo("b");
      assertThat(Files.readAllBytes(index)).isEqualTo(good);
    }
  }

  @Test
  void anOpaqueRootHidesAllLowerLayers() throws IOException {
    ImageView view =
        view(
            sink -> {
              file(sink, "old", "1");
              file(sink, "both/old", "1");
            },
            sink -> {
              file(sink, "both/new", "2");
              sink.put(TarEntry.opaque(path("")));
            });

    assertThat(view.entry(path("old"))).isNull();
    assertThat(text(view, "both/old")).isEqualTo("nothing");
    assertThat(text(view, "both/new")).isEqualTo("2");
  }

  @Test
  void upperLayersHideLowerOnes() throws IOException {
    ImageView view =
        view(
            sink -> {
              file(sink, "gone", "1");
              file(sink, "kept", "1");
              file(sink, "changed", "1");
              file(sink, "opaque/old", "1");
              file(sink, "tree/x", "1");
              file(sink, "swap/x", "1");
              file(sink, "file", "1");
            },
            sink -> {
              sink.put(TarEntry.whiteout(path("gone")));
              file(sink, "changed", "2");
              file(sink, "opaque/new", "2");
              sink.put(TarEntry.opaque(path("opaque")));
              sink.put(TarEntry.whiteout(path("tree")));
              sink.put(TarEntry.whiteout(path("swap")));
              file(sink, "swap/y", "2");
              file(sink, "file/inside", "2");
              sink.put(TarEntry.directory(path("kept2"), 01777));
            });

    assertThat(text(view, "gone")).isEqualTo("nothing");
    assertThat(text(view, "kept")).isEqualTo("1");
    assertThat(text(view, "changed")).isEqualTo("2");
    assertThat(text(view, "opaque/old")).isEqualTo("nothing");
    assertThat(text(view, "opaque/new")).isEqualTo("2");
    assertThat(view.entry(path("tree"))).isNull();
    assertThat(text(view, "swap/x")).isEqualTo("nothing");
    assertThat(text(view, "swap/y")).isEqualTo("2");
    assertThat(text(view, "file/inside")).isEqualTo("2");
    assertThat(view.entry(path("kept2"))).extracting(TarEntry::mode).isEqualTo(01777);
  }

  @Test
  void whiteoutsHideNothingOfTheirOwnLayer() throws IOException {
    ImageView view =
        view(
            sink -> file(sink, "d/lower", "1"),
            sink -> {
              file(sink, "d/upper", "2");
              sink.put(TarEntry.whiteout(path("d")));
              file(sink, "e", "2");
              sink.put(TarEntry.whiteout(path("e")));
            });

    assertThat(text(view, "d/upper")).isEqualTo("2");
    assertThat(text(view, "d/lower")).isEqualTo("nothing");
    assertThat(text(view, "e")).isEqualTo("2");
  }

  @Test
  void entriesBehindALinkOfTheirLayerStayInside() throws IOException {
    ImageView view =
        view(
            sink -> {
              sink.put(TarEntry.symlink(path("lib"), path("usr/lib")));
              sink.put(TarEntry.symlink(path("up"), path("../../../..")));
              file(sink, "lib/a", "a");
              file(sink, "up/b", "b");
              sink.put(TarEntry.symlink(path("loop"), path("loop")));
            });

    assertThat(text(view, "usr/lib/a")).isEqualTo("a");
    assertThat(view.entry(path("lib/a"))).isNull();
    assertThat(view.entry(path("lib"))).extracting(TarEntry::type).isEqualTo(EntryType.SYMLINK);
    assertThat(text(view, "b")).isEqualTo("b");
  }

  @Test
  void openWhenALayerIsHostileRefuses() {
    assertThatThrownBy(() -> view(sink -> file(sink, "../x", "x")))
        .isInstanceOf(ContentException.class);
    assertThatThrownBy(() -> view(sink -> sink.put(TarEntry.hardlink(path("a"), path("b")))))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("hard link a");
    assertThatThrownBy(
            () ->
                view(
                    sink -> {
                      sink.put(TarEntry.symlink(path("loop"), path("loop")));
                      file(sink, "loop/x", "x");
                    }))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("links");
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
    ImageView view = view(sink -> file(sink, "a/f", "f"));
    PendingTree pending = new PendingTree(directory.resolve("steps"), view);
    pending.add(sink -> file(sink, "b", "b"));
    for (RootView root : List.of(view, pending, EmptyView.INSTANCE)) {
      assertThat(root.entry(path(path))).isNull();
      assertThat(root.read(path(path), 100)).isNull();
    }
  }

  /** What a link leads to adds to the depth of what is named below it. */
  @Test
  void openWhenLinksLeadDeepIsRefused() {
    String deep = "a/".repeat(1000);
    assertThatThrownBy(
            () ->
                view(
                    sink -> {
                      sink.put(TarEntry.symlink(path("l"), path(deep)));
                      file(sink, "l/" + "b/".repeat(1900) + "f", "x");
                    }))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("deep");
  }

  @Test
  void openWhenOldLayersHoldAufsOwnFilesShowsNoneOfThem() throws IOException {
    ImageView view =
        view(
            sink -> file(sink, "a/b", "lower"),
            sink -> {
              sink.put(TarEntry.directory(path(".wh..wh.plnk"), 0700));
              file(sink, ".wh..wh.plnk/12.34", "x");
              file(sink, ".wh..wh.aufs", "x");
              file(sink, "a/.wh..wh.cooper", "x");
              file(sink, "a/c", "upper");
            });
    assertThat(text(view, "a/b")).isEqualTo("lower");
    assertThat(text(view, "a/c")).isEqualTo("upper");
    for (String none : List.of(".wh..wh.plnk", ".wh..wh.plnk/12.34", ".wh..wh.aufs")) {
      assertThat(view.entry(path(none))).isNull();
    }
  }

  @Test
  void openWhenSomethingLiesBelowAWhiteoutIsRefused() {
    assertThatThrownBy(() -> view(sink -> file(sink, "a/.wh.b/c", "x")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining(".wh.b");
  }
}
