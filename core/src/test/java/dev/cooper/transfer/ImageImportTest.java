package dev.cooper.transfer;

import static dev.cooper.TestImages.file;
import static dev.cooper.TestImages.greeting;
import static dev.cooper.TestImages.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.PlainRuntime;
import dev.cooper.TestImages;
import dev.cooper.io.Directories;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.DockerArchive;
import dev.cooper.oci.layout.Layouts;
import dev.cooper.oci.layout.OciArchive;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.oci.layout.Validator;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From a store {@code from}, which is a layout, into a store {@code to}. */
class ImageImportTest {
  private static final Platform PLATFORM = Platform.of("linux", "amd64");

  @TempDir Path directory;
  private final List<Path> unpacked = Collections.synchronizedList(new ArrayList<>());
  private Path from;

  @BeforeEach
  void makeSource() throws IOException {
    from = directory.resolve("from");
  }

  private StoredImage source(Compression compression, byte[]... layers) throws IOException {
    try (Store store = TestImages.open(from)) {
      return TestImages.add(store, "app:1", compression, layers);
    }
  }

  private Store target() throws IOException {
    return TestImages.open(directory.resolve("to"));
  }

  private ImageImport importInto(Store store) {
    return new ImageImport(store, new PlainRuntime(unpacked::add), notice -> {});
  }

  private void assertNothingLeft(Store store) throws IOException {
    for (Path each : Directories.list(store.staging())) {
      assertThat(Directories.name(each)).isEqualTo("pins");
    }
  }

  @ParameterizedTest
  @EnumSource
  void allCopiesAndUnpacksInOnePass(Compression compression) throws IOException {
    StoredImage image = source(compression, greeting("one"), tar(s -> file(s, "d/x", "two")));
    try (Store store = target()) {
      List<StoredImage> got = importInto(store).all(from, PLATFORM);

      assertThat(got).containsExactly(image);
      assertThat(unpacked).hasSize(2);
      List<Path> trees =
          new LayerTrees(store).unpacked(got.get(0), new PlainRuntime(unpacked::add), notice -> {});
      assertThat(unpacked).hasSize(2);
      assertThat(trees.get(0).resolve("greeting")).hasContent("one");
      assertThat(trees.get(1).resolve("d/x")).hasContent("two");
      assertThat(store.layerIndex(image.config().diffIds().get(1))).exists();
      assertNothingLeft(store);
    }
    assertThat(Validator.validate(directory.resolve("to"))).isEmpty();
  }

  @Test
  void allFromArchivesGivesTheSameImage() throws IOException {
    StoredImage image = source(Compression.NONE, greeting("one"), greeting("two"));
    Path oci = directory.resolve("oci.tar");
    Path docker = directory.resolve("docker.tar");
    try (var reader = OciLayout.open(from);
        ContentWriter ociWriter = OciArchive.create(oci);
        ContentWriter dockerWriter = DockerArchive.create(docker)) {
      Layouts.copy(reader, ociWriter, reader.index());
      Layouts.copy(reader, dockerWriter, reader.index());
    }
    try (Store store = target()) {
      assertThat(importInto(store).all(oci, PLATFORM)).containsExactly(image);
      StoredImage fromDocker = importInto(store).all(docker, PLATFORM).get(0);
      assertThat(fromDocker.id()).isEqualTo(image.id());
      assertThat(fromDocker.names()).isEqualTo(image.names());
      assertThat(unpacked).hasSize(2);
      assertNothingLeft(store);
    }
  }

  @Test
  void oneTakesWhatIsAskedFor() throws IOException {
    source(Compression.NONE, greeting("one"));
    try (Store store = TestImages.open(from)) {
      TestImages.add(store, "other:2", Compression.NONE, greeting("other"));
    }
    ImageReference as = ImageReference.parse("mine:3");
    try (Store store = target()) {
      assertThatThrownBy(() -> importInto(store).one(from, null, PLATFORM, null))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("found 2 images")
          .hasMessageContaining("docker.io/library/other:2");
      assertThatThrownBy(() -> importInto(store).one(from, "app:7", PLATFORM, null))
          .hasMessageContaining("app:7");

      assertThat(importInto(store).one(from, "other:2", PLATFORM, as).names()).containsExactly(as);
      assertThat(store.list()).hasSize(1);
    }
  }

  @Test
  void oneOfAnIndexTakesThePlatform() throws IOException {
    StoredImage amd = source(Compression.NONE, greeting("amd64"));
    Index inner =
        Index.of(
            List.of(
                Descriptor.of(MediaType.OCI_MANIFEST, Digest.sha256(new byte[0]), 5)
                    .withPlatform(Platform.of("linux", "arm64")),
                amd.descriptor().withPlatform(PLATFORM)));
    Files.write(
        from.resolve("blobs/sha256").resolve(Digest.sha256(inner.toBytes()).hex()),
        inner.toBytes());
    Files.write(
        from.resolve("index.json"),
        Index.of(List.of(Descriptor.of(MediaType.OCI_INDEX, inner.toBytes()))).toBytes());
    try (Store store = target()) {
      assertThat(importInto(store).one(from, null, PLATFORM, null).id()).isEqualTo(amd.id());
      assertThatThrownBy(
              () -> importInto(store).one(from, null, Platform.of("linux", "s390x"), null))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("s390x")
          .hasMessageContaining("arm64");
    }
  }

  @Test
  void oneOfAnIndexOfAnotherPlatformRefuses() throws IOException {
    StoredImage image = source(Compression.NONE, greeting("arm64"));
    Index inner =
        Index.of(List.of(image.descriptor().withPlatform(Platform.parse("linux/arm64/v8"))));
    Files.write(
        from.resolve("blobs/sha256").resolve(Digest.sha256(inner.toBytes()).hex()),
        inner.toBytes());
    Descriptor root = Descriptor.of(MediaType.OCI_INDEX, inner.toBytes());
    Files.write(from.resolve("index.json"), Index.of(List.of(root)).toBytes());
    try (Store store = target()) {
      assertThatThrownBy(() -> importInto(store).one(from, null, PLATFORM, null))
          .isInstanceOf(OperationException.class)
          .hasMessage(
              "index "
                  + root.digest()
                  + ": found no image for linux/amd64 in the index; it has linux/arm64/v8");
      Platform arm = Platform.parse("linux/arm64");
      assertThat(importInto(store).one(from, null, arm, null).id()).isEqualTo(image.id());
    }
  }

  @ParameterizedTest
  @EnumSource
  void allWhenALayerIsCutRefusesAndLeavesNothing(Compression compression) throws IOException {
    StoredImage image = source(compression, greeting("one"), greeting("x".repeat(100_000)));
    Digest layer = image.manifest().layers().get(1).digest();
    Path blob = from.resolve("blobs/sha256").resolve(layer.hex());
    byte[] bytes = Files.readAllBytes(blob);

    Files.write(blob, Arrays.copyOf(bytes, bytes.length - 1));
    refused(layer);
    byte[] flipped = bytes.clone();
    flipped[bytes.length / 2] ^= 4;
    Files.write(blob, flipped);
    refused(layer);
    Files.write(blob, Arrays.copyOf(bytes, bytes.length + 1));
    refused(layer);
    Files.delete(blob);
    refused(layer);

    Files.write(blob, bytes);
    try (Store store = target()) {
      assertThat(importInto(store).all(from, PLATFORM)).hasSize(1);
    }
  }

  private void refused(Digest layer) throws IOException {
    try (Store store = target()) {
      assertThatThrownBy(() -> importInto(store).all(from, PLATFORM))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(layer.hex());
      assertThat(store.list()).isEmpty();
      assertThat(store.blob(layer)).doesNotExist();
      assertNothingLeft(store);
    }
    try (Stream<Path> left = Files.list(directory.resolve("to/blobs/sha256"))) {
      assertThat(left).isEmpty(); // the good layer went when the store was closed
    }
    assertThat(directory.resolve("to/staging")).isEmptyDirectory();
    assertThat(directory.resolve("to/layers")).isEmptyDirectory();
  }

  @Test
  void allWhenTheDiffIdLiesRefuses() throws IOException {
    byte[] layer = greeting("one");
    Digest lie = Digest.sha256(greeting("another"));
    try (Store store = TestImages.open(from);
        StagedBlob staged = store.stage()) {
      staged.output().write(layer);
      Descriptor blob = staged.keep(MediaType.OCI_LAYER, Digest.sha256(layer), layer.length);
      ImageConfig config = ImageConfig.of(PLATFORM).withDiffId(lie);
      Descriptor configBlob = store.put(MediaType.OCI_CONFIG, config.toBytes());
      store.add(
          store.put(
              MediaType.OCI_MANIFEST,
              Manifest.of(MediaType.OCI_MANIFEST, configBlob, List.of(blob)).toBytes()),
          ImageReference.parse("liar"));
    }
    refused(Digest.sha256(layer));
    try (Store store = TestImages.open(from)) {
      LayerTrees trees = new LayerTrees(store);
      StoredImage liar = store.find("liar").orElseThrow();
      assertThatThrownBy(() -> trees.unpacked(liar, new PlainRuntime(unpacked::add), notice -> {}))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(lie.hex());
      assertThat(store.layer(lie)).doesNotExist();
      assertNothingLeft(store);
    }
  }
}
