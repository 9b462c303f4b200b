package dev.cooper.oci.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidatorTest {
  @TempDir Path temp;
  private final MemoryReader memory = new MemoryReader();

  /** Blobs in memory, with no check at all: what a lying place hands out. */
  private static final class MemoryReader implements ContentReader {
    final Map<Digest, byte[]> blobs = new HashMap<>();
    Index index = Index.of(List.of());

    Descriptor put(MediaType type, byte[] content) {
      Descriptor blob = Descriptor.of(type, content);
      blobs.put(blob.digest(), content);
      return blob;
    }

    @Override
    public Index index() {
      return index;
    }

    @Override
    public byte[] read(Descriptor descriptor) throws IOException {
      try (InputStream in = open(descriptor)) {
        return in.readAllBytes();
      }
    }

    @Override
    public InputStream open(Descriptor descriptor) throws IOException {
      byte[] content = blobs.get(descriptor.digest());
      if (content == null) {
        throw new dev.cooper.oci.ContentException("blob " + descriptor.digest() + " is missing");
      }
      return new ByteArrayInputStream(content);
    }

    @Override
    public boolean contains(Digest digest) {
      return blobs.containsKey(digest);
    }

    @Override
    public void close() {}
  }

  private List<String> validate() throws IOException {
    return Validator.validate(memory).stream().map(Violation::toString).toList();
  }

  private static ImageConfig config(byte[]... layers) {
    ImageConfig config = ImageConfig.of(Platform.of("linux", "amd64"));
    for (byte[] layer : layers) {
      config = config.withDiffId(Digest.sha256(layer));
    }
    return config;
  }

  private List<String> validate(ImageConfig config, Descriptor... layers) throws IOException {
    return validate(
        Manifest.of(
            MediaType.OCI_MANIFEST,
            memory.put(MediaType.OCI_CONFIG, config.toBytes()),
            List.of(layers)));
  }

  private List<String> validate(Manifest manifest) throws IOException {
    memory.index = Index.of(List.of(memory.put(manifest.mediaType(), manifest.toBytes())));
    return validate();
  }

  private List<String> validate(byte[] layer) throws IOException {
    return validate(config(layer), memory.put(MediaType.OCI_LAYER, layer));
  }

  private static byte[] tar(TarEntry... entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      for (TarEntry entry : entries) {
        tar.put(entry, new ByteArrayInputStream(new byte[(int) entry.size()]));
      }
      tar.finish();
    }
    return bytes.toByteArray();
  }

  private static ByteString name(String text) {
    return ByteString.utf8(text);
  }

  @Test
  void validateWhenEverythingIsRightFindsNothing() throws IOException {
    TestImage image = TestImage.of("x", MediaType.OCI_LAYER_ZSTD);
    image.blobs.forEach((blob, content) -> memory.blobs.put(blob.digest(), content));
    memory.index = image.index("app:1", "app:2");
    assertThat(validate()).isEmpty();
  }

  @Test
  void validateWhenNothingCanBeOpenedSaysWhy() throws IOException {
    assertThat(Validator.validate(temp).get(0).toString())
        .startsWith(temp + ": found " + temp + ": found no file oci-layout");
    Path file = Files.write(temp.resolve("file"), new byte[5000]);
    assertThat(Validator.validate(file)).hasSize(1);
  }

  @Test
  void validateWhenBlobsAreMissingTellsEach() throws IOException {
    TestImage image = TestImage.of("x");
    memory.index = image.index();
    assertThat(validate())
        .containsExactly(
            "index.json.manifests[0]: found blob "
                + image.descriptor.digest()
                + " is missing, expected a valid application/vnd.oci.image.manifest.v1+json");
    memory.put(MediaType.OCI_MANIFEST, image.manifest.toBytes());
    assertThat(validate())
        .hasSize(3)
        .anyMatch(each -> each.startsWith("index.json.manifests[0].config: "))
        .anyMatch(each -> each.startsWith("index.json.manifests[0].layers[0]: "))
        .anyMatch(each -> each.startsWith("index.json.manifests[0].layers[1]: "));
  }

  @Test
  void validateWhenABlobOnDiskIsWrongTellsItAlone() throws IOException {
    TestImage image = TestImage.of("x");
    image.writeAndCommit(OciLayout.create(temp.resolve("layout")));
    Descriptor layer = image.manifest.layers().get(0);
    Path file = temp.resolve("layout").resolve(BlobReader.path(layer.digest()));
    byte[] content = Files.readAllBytes(file);
    content[content.length - 1]++;
    Files.write(file, content);
    assertThat(Validator.validate(temp.resolve("layout")))
        .singleElement()
        .extracting(Violation::found)
        .asString()
        .contains("content of blob " + layer.digest() + " has the digest");
  }

  @Test
  void validateWhenDiffIdsDifferTellsBoth() throws IOException {
    byte[] layer = tar(TarEntry.file(name("a"), 0644, 1));
    Descriptor blob = memory.put(MediaType.OCI_LAYER, layer);
    assertThat(validate(config(new byte[0]), blob))
        .singleElement()
        .asString()
        .contains("layers[0]: found the uncompressed digest " + blob.digest())
        .endsWith("expected the diffID " + Digest.sha256(new byte[0]));
    assertThat(validate(config(layer, layer), blob))
        .containsExactly(
            "index.json.manifests[0].config.rootfs.diff_ids: found 2 of them,"
                + " expected 1 as in the manifest's layers");
  }

  @Test
  void validateWhenTheTypeIsNotTheContentsSaysSo() throws IOException {
    byte[] layer = tar(TarEntry.file(name("a"), 0644, 1));
    byte[] packed = TestImage.pack(layer, Compression.GZIP);
    assertThat(validate(config(layer), memory.put(MediaType.OCI_LAYER_ZSTD, packed)))
        .singleElement()
        .asString()
        .contains("found content compressed with GZIP");
    assertThat(validate(config(layer), memory.put(MediaType.OCI_LAYER_GZIP, layer)))
        .singleElement()
        .asString()
        .contains("found content compressed with NONE");
    assertThat(validate(config(layer), memory.put(MediaType.DOCKER_LAYER, layer)))
        .singleElement()
        .asString()
        .contains("layers[0].mediaType: found application/vnd.docker.image.rootfs.diff.tar");
    assertThat(
            validate(
                config(layer), memory.put(MediaType.OCI_LAYER_GZIP, Arrays.copyOf(packed, 30))))
        .isNotEmpty();
  }

  @Test
  void validateWhenATarIsTruncatedSaysSo() throws IOException {
    byte[] layer = Arrays.copyOf(tar(TarEntry.file(name("a"), 0644, 600)), 700);
    assertThat(validate(layer)).singleElement().asString().endsWith("expected a valid tar");
  }

  @Test
  void validateWhenEntriesAreHostileTellsEach() throws IOException {
    byte[] layer =
        tar(
            TarEntry.file(name("/abs"), 0644, 0),
            TarEntry.file(name("a/../../b"), 0644, 0),
            TarEntry.file(name("twice"), 0644, 0),
            TarEntry.directory(name("./twice"), 0755),
            TarEntry.file(name("plain"), 0644, 0),
            TarEntry.file(name("plain/below"), 0644, 0),
            TarEntry.file(name("dir/.wh."), 0644, 0),
            TarEntry.file(name("dir/.wh.."), 0644, 0),
            TarEntry.file(name("dir/.wh.full"), 0644, 3),
            TarEntry.hardlink(name("hard"), name("../out")),
            TarEntry.hardlink(name("root"), name("/plain")),
            TarEntry.symlink(name("nowhere"), ByteString.EMPTY),
            TarEntry.directory(name("over"), 0755)
                .withXattrs(Map.of(name("trusted.overlay.redirect"), name("/"))));
    List<String> found = validate(layer);
    assertThat(found).hasSize(11);
    for (String each :
        List.of(
            "/abs: found an absolute path",
            "a/../../b: found ",
            "./twice: found it again",
            "plain/below: found a parent that is a FILE",
            "dir/.wh.: found ",
            "dir/.wh..: found ",
            "dir/.wh.full: found a whiteout with content",
            "hard: found ",
            "root: link: found an absolute path",
            "nowhere: found no target",
            "over: found the attribute trusted.overlay.redirect")) {
      assertThat(found).as(each).anyMatch(line -> line.contains(": " + each));
    }
  }

  @Test
  void validateWhenLayersDoNotFitTellsEach() throws IOException {
    byte[] base =
        tar(
            TarEntry.directory(name("a"), 0755),
            TarEntry.file(name("a/file"), 0644, 0),
            TarEntry.file(name("a.txt"), 0644, 0),
            TarEntry.directory(name("gone"), 0755),
            TarEntry.file(name("gone/x"), 0644, 0),
            TarEntry.directory(name("opaque"), 0755),
            TarEntry.file(name("opaque/x"), 0644, 0),
            TarEntry.directory(name("replaced"), 0755),
            TarEntry.file(name("replaced/x"), 0644, 0));
    byte[] middle =
        tar(
            TarEntry.whiteout(name("gone")),
            TarEntry.opaque(name("opaque")),
            TarEntry.file(name("opaque/y"), 0644, 0),
            TarEntry.file(name("replaced"), 0644, 0));
    byte[] top =
        tar(
            TarEntry.file(name("a/file/below"), 0644, 0),
            TarEntry.hardlink(name("1"), name("gone/x")),
            TarEntry.hardlink(name("2"), name("opaque/x")),
            TarEntry.hardlink(name("3"), name("replaced/x")),
            TarEntry.hardlink(name("4"), name("a")),
            TarEntry.hardlink(name("right1"), name("opaque/y")),
            TarEntry.hardlink(name("right2"), name("replaced")),
            TarEntry.hardlink(name("right3"), name("a.txt")),
            TarEntry.file(name("gone"), 0644, 0));
    assertThat(
            validate(
                config(base, middle, top),
                memory.put(MediaType.OCI_LAYER, base),
                memory.put(MediaType.OCI_LAYER, middle),
                memory.put(MediaType.OCI_LAYER, top)))
        .extracting(line -> line.replaceAll("^.*layers\\[2]: |, expected.*", ""))
        .containsExactly(
            "a/file/below: found a parent that is a FILE",
            "1: found a hard link to gone/x",
            "2: found a hard link to opaque/x",
            "3: found a hard link to replaced/x",
            "4: found a hard link to a directory");
  }

  @Test
  void validateWhenAFieldOnlyLooksKnownSaysSo() throws IOException {
    assertOdd("\"user\":\"0\"", "config.config.user: found this spelling, expected \"User\"");
    assertOdd("\"Healthcheck\":{\"Interval\":-5}", "Healthcheck: found a negative number");
  }

  private void assertOdd(String field, String violation) throws IOException {
    byte[] odd =
        ("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{"
                + field
                + "},\"rootfs\":{\"type\":\"layers\"}}")
            .getBytes(UTF_8);
    Descriptor config = memory.put(MediaType.OCI_CONFIG, odd);
    assertThat(validate(Manifest.of(MediaType.OCI_MANIFEST, config, List.of())))
        .singleElement()
        .asString()
        .contains(violation);
  }

  @Test
  void validateWhenANameHasSpacesSaysSo() throws IOException {
    TestImage image = TestImage.of("x");
    image.blobs.forEach((blob, content) -> memory.blobs.put(blob.digest(), content));
    memory.index =
        Index.of(List.of(image.descriptor.withAnnotation(ImageNames.REF_NAME, " bad name")));
    assertThat(validate()).singleElement().asString().contains("found the name \" bad name\"");
  }

  @Test
  void validateWhenTheConfigIsOddTellsEach() throws IOException {
    byte[] layer = tar(TarEntry.file(name("a"), 0644, 1));
    ImageConfig odd =
        config(layer)
            .withPlatform(Platform.of("", ""))
            .withHistory(History.of(null, "x", true))
            .withConfig(
                config()
                    .config()
                    .withEnv(List.of("A=1", "A=2", "B", "=c"))
                    .withVolume("")
                    .withWorkingDir("here"));
    String text = new String(odd.toBytes(), StandardCharsets.UTF_8);
    odd =
        ImageConfig.parse(
            text.replace("\"Volumes\"", "\"ExposedPorts\":{\"http\":{}},\"Volumes\"")
                .getBytes(StandardCharsets.UTF_8));
    assertThat(validate(odd, memory.put(MediaType.OCI_LAYER, layer)))
        .extracting(line -> line.replaceAll("^index.json.manifests\\[0].config.|, expected.*", ""))
        .containsExactlyInAnyOrder(
            "history: found 0 steps with a layer",
            "config.Env: found A again",
            "config.Env: found \"B\"",
            "config.Env: found \"=c\"",
            "config.ExposedPorts: found http",
            "config.Volumes: found an empty path",
            "config.WorkingDir: found here",
            "os: found none",
            "architecture: found none");
  }

  @Test
  void validateWhenPlatformsDisagreeSaysSo() throws IOException {
    TestImage image = TestImage.of("x");
    image.blobs.forEach((blob, content) -> memory.blobs.put(blob.digest(), content));
    Descriptor other = image.descriptor.withPlatform(Platform.of("linux", "arm64"));
    memory.index = Index.of(List.of(other));
    assertThat(validate())
        .containsExactly(
            "index.json.manifests[0].config: found platform linux/amd64,"
                + " expected linux/arm64 as its descriptor says");
  }

  @Test
  void validateWhenNamesOrTimesAreWrongSaysSo() throws IOException {
    TestImage image = TestImage.of("x");
    image.blobs.forEach((blob, content) -> memory.blobs.put(blob.digest(), content));
    memory.index = image.index("app:1", "app:1");
    assertThat(validate()).singleElement().asString().contains("manifests[1]: found the name");
    Manifest dated =
        image.manifest.withAnnotations(Map.of("org.opencontainers.image.created", "now"));
    assertThat(validate(dated))
        .singleElement()
        .asString()
        .contains("annotations.org.opencontainers.image.created: found \"now\"");
  }

  @Test
  void validateWhenAnArtifactHasNoTypeSaysSo() throws IOException {
    Descriptor empty = memory.put(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8));
    Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, empty, List.of(empty));
    assertThat(validate(manifest)).singleElement().asString().contains("artifactType: found none");
    Manifest typed =
        new Manifest(
            MediaType.OCI_MANIFEST,
            empty,
            List.of(empty),
            new TreeMap<>(),
            null,
            new MediaType("application/vnd.example+type"),
            Map.of());
    assertThat(validate(typed)).isEmpty();
  }

  @Test
  void validateWhenAForeignLayerIsElsewhereWantsItsUrl() throws IOException {
    Descriptor layer = Descriptor.of(MediaType.OCI_FOREIGN_LAYER, new byte[5]);
    assertThat(validate(config(new byte[5]), layer))
        .singleElement()
        .asString()
        .contains("found no urls and no blob");
  }

  @Test
  void validateWhenIndexesLieTooDeepSaysSo() throws IOException {
    Descriptor inner = memory.put(MediaType.OCI_INDEX, Index.of(List.of()).toBytes());
    for (int i = 0; i < 10; i++) {
      inner = memory.put(MediaType.OCI_INDEX, Index.of(List.of(inner)).toBytes());
    }
    memory.index = Index.of(List.of(inner));
    assertThat(validate()).singleElement().asString().contains("found 9 indexes around it");
  }

  @Test
  void validateWhenAnIndexContainsItselfEnds() throws IOException {
    Digest self = Digest.sha256(new byte[0]);
    Index index = Index.of(List.of(Descriptor.of(MediaType.OCI_INDEX, self, 7)));
    memory.blobs.put(self, index.toBytes());
    memory.index = index;
    assertThat(validate()).isEmpty();
  }

  @Test
  void validateWhenThereAreThousandsStops() throws IOException {
    TarEntry[] entries = new TarEntry[3000];
    Arrays.fill(entries, TarEntry.file(name("/x"), 0644, 0));
    assertThat(validate(tar(entries))).hasSize(1001);
  }
}
