package dev.cooper.oci.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveTest {
  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");

  private Path ociArchive() throws IOException {
    Path file = temp.resolve("oci.tar");
    image.writeAndCommit(OciArchive.create(file), "app:1", "org/app:2");
    return file;
  }

  private Path dockerArchive() throws IOException {
    Path file = temp.resolve("docker.tar");
    image.writeAndCommit(DockerArchive.create(file), "app:1", "org/app:2");
    return file;
  }

  private static List<String> names(Path archive) throws IOException {
    List<String> names = new ArrayList<>();
    try (TarReader tar = TarReader.over(Files.newInputStream(archive))) {
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        names.add(entry.path().toString());
      }
    }
    return names;
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void openWhenAnOciArchiveGivesTheSameBack(Compression compression) throws IOException {
    Path file = temp.resolve("packed");
    Files.write(file, TestImage.pack(Files.readAllBytes(ociArchive()), compression));
    try (ContentReader reader = Layouts.open(file)) {
      assertThat(reader).isInstanceOf(OciArchive.class);
      assertThat(reader.index()).isEqualTo(image.index("app:1", "org/app:2"));
      for (Descriptor blob : image.blobs.keySet()) {
        assertThat(reader.read(blob)).isEqualTo(image.blobs.get(blob));
      }
      assertThat(Validator.validate(reader)).isEmpty();
    }
    assertThat(temp).isDirectoryNotContaining("glob:**/.*");
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void openWhenADockerArchiveMakesManifests(Compression compression) throws IOException {
    Path file = temp.resolve("packed");
    Files.write(file, TestImage.pack(Files.readAllBytes(dockerArchive()), compression));
    try (ContentReader reader = Layouts.open(file)) {
      assertThat(reader).isInstanceOf(DockerArchive.class);
      assertThat(reader.index().manifests())
          .extracting(each -> each.annotations().get(ImageNames.REF_NAME))
          .containsExactly("docker.io/library/app:1", "docker.io/org/app:2");
      Descriptor descriptor = reader.index().manifests().get(0);
      assertThat(descriptor.platform()).isEqualTo(image.config.platform());
      Manifest manifest = Manifest.parse(reader.read(descriptor), MediaType.DOCKER_MANIFEST);
      assertThat(manifest.layers())
          .extracting(Descriptor::digest)
          .isEqualTo(image.config.diffIds());
      assertThat(ImageConfig.parse(reader.read(manifest.config()))).isEqualTo(image.config);
      assertThat(Validator.validate(reader)).isEmpty();
    }
    assertThat(temp).isDirectoryNotContaining("glob:**/.*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.v1.tar+gzip"
      })
  void dockerArchiveUnpacksEachCompression(String type) throws IOException {
    TestImage packed = TestImage.of("z", new MediaType(type));
    Path file = temp.resolve("docker.tar");
    packed.writeAndCommit(DockerArchive.create(file), "app:1");
    assertThat(Validator.validate(file)).isEmpty();
    assertThat(names(file))
        .containsExactlyInAnyOrder(
            "manifest.json",
            "repositories",
            packed.manifest.config().digest().hex() + ".json",
            packed.config.diffIds().get(0).hex() + ".tar",
            packed.config.diffIds().get(1).hex() + ".tar");
  }

  @Test
  void createWhenBlobsComeInAnotherOrderGivesTheSameBytes() throws IOException {
    byte[] oci = Files.readAllBytes(ociArchive());
    byte[] docker = Files.readAllBytes(dockerArchive());
    List<Map.Entry<Descriptor, byte[]>> backwards = new ArrayList<>(image.blobs.entrySet());
    Collections.reverse(backwards);
    for (ContentWriter writer :
        List.of(
            OciArchive.create(temp.resolve("oci.tar")),
            DockerArchive.create(temp.resolve("docker.tar")))) {
      try (writer) {
        for (Map.Entry<Descriptor, byte[]> blob : backwards) {
          writer.blob(blob.getKey(), blob.getValue());
        }
        writer.commit(image.index("app:1", "org/app:2"));
      }
    }
    assertThat(temp.resolve("oci.tar")).hasBinaryContent(oci);
    assertThat(temp.resolve("docker.tar")).hasBinaryContent(docker);
  }

  @Test
  void createWhenATimeIsGivenPutsItOnEveryFile() throws IOException {
    Path file = temp.resolve("a.tar");
    image.writeAndCommit(OciArchive.create(file, Instant.ofEpochSecond(1234567890)));
    try (TarReader tar = TarReader.over(Files.newInputStream(file))) {
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        assertThat(entry.mtimeSeconds()).isEqualTo(1234567890);
        boolean file0 = entry.type() == EntryType.FILE;
        assertThat(entry.mode()).isEqualTo(file0 ? 0644 : 0755);
      }
    }
  }

  @Test
  void createWhenSeveralImagesShareALayerHoldsItOnce() throws IOException {
    TestImage other = TestImage.of("y");
    Path file = temp.resolve("docker.tar");
    try (ContentWriter writer = DockerArchive.create(file)) {
      image.write(writer);
      other.write(writer);
      writer.commit(
          image.index("app:1").withManifest(other.descriptor).withManifest(image.descriptor));
    }
    try (ContentReader reader = Layouts.open(file)) {
      assertThat(reader.index().manifests()).hasSize(2);
      assertThat(reader.index().manifests().get(1).annotations()).isEmpty();
    }
    assertThat(Validator.validate(file)).isEmpty();
  }

  @Test
  void closeWithoutCommitKeepsTheOldFile() throws IOException {
    Path file = ociArchive();
    byte[] old = Files.readAllBytes(file);
    try (ContentWriter writer = OciArchive.create(file)) {
      TestImage.of("y").write(writer);
    }
    assertThat(file).hasBinaryContent(old);
    assertThat(temp).isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void dockerArchiveWhenGivenAnIndexSaysWhatToDo() throws IOException {
    byte[] inner = image.index().toBytes();
    Descriptor descriptor = Descriptor.of(MediaType.OCI_INDEX, inner);
    try (ContentWriter writer = DockerArchive.create(temp.resolve("a.tar"))) {
      writer.blob(descriptor, inner);
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> writer.commit(Index.of(List.of(descriptor))))
          .withMessageContaining("choose one platform");
    }
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void copyTakesAllThatANestedIndexLeadsTo() throws IOException {
    byte[] inner = image.index().toBytes();
    Descriptor descriptor = Descriptor.of(MediaType.OCI_INDEX, inner);
    try (ContentWriter writer = OciLayout.create(temp.resolve("a"))) {
      image.write(writer);
      writer.blob(descriptor, inner);
      writer.commit(Index.of(List.of(descriptor)));
    }
    Path copy = temp.resolve("b.tar");
    try (ContentReader from = Layouts.open(temp.resolve("a"));
        ContentWriter to = OciArchive.create(copy)) {
      Layouts.copy(from, to, from.index());
    }
    assertThat(Validator.validate(copy)).isEmpty();
    try (ContentReader reader = Layouts.open(copy)) {
      assertThat(image.blobs.keySet()).allMatch(blob -> reader.contains(blob.digest()));
    }
  }

  /** As Docker writes it from 25 on. */
  @Test
  void openWhenAnArchiveIsBothTakesItAsOci() throws IOException {
    Path file = temp.resolve("both.tar");
    try (TarReader in = TarReader.over(Files.newInputStream(ociArchive()));
        TarWriter out = new TarWriter(Files.newOutputStream(file))) {
      put(out, "manifest.json", "[]".getBytes(UTF_8)); // instead of its own
      for (TarEntry entry = in.next(); entry != null; entry = in.next()) {
        if (!entry.path().toString().equals("manifest.json")) {
          out.put(entry, in.content());
        }
      }
      out.finish();
    }
    try (ContentReader reader = Layouts.open(file)) {
      assertThat(reader).isInstanceOf(OciArchive.class);
      assertThat(reader.index()).isEqualTo(image.index("app:1", "org/app:2"));
    }
  }

  @Test
  void namesWhenALoneWordAreNoReference() {
    for (String name : List.of("1.0", "latest", "a b:c", "UP:1", "h.io/a", "")) {
      assertThat(ImageNames.of(image.descriptor.withAnnotation(ImageNames.REF_NAME, name)))
          .as(name)
          .isNull();
    }
    String pinned = "h:1/a:t@" + image.descriptor.digest();
    assertThat(ImageNames.of(image.descriptor.withAnnotation(ImageNames.IMAGE_NAME, pinned)))
        .hasToString("h:1/a:t");
  }

  @Test
  void readWhenAnotherReaderWasInterruptedStillWorks() throws IOException {
    try (ContentReader reader = Layouts.open(ociArchive())) {
      Thread.currentThread().interrupt();
      try {
        assertThat(reader.read(image.descriptor)).isNotEmpty();
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(reader.read(image.descriptor)).isNotEmpty();
    }
  }

  @Test
  void openWhenTruncatedSaysSo() throws IOException {
    for (Path file : List.of(ociArchive(), dockerArchive())) {
      byte[] whole = Files.readAllBytes(file);
      for (int length : new int[] {700, whole.length / 2 + 17}) {
        Files.write(file, Arrays.copyOf(whole, length));
        assertRefused(file, file + ": ");
      }
    }
  }

  private static List<String> dockerNames(Path archive) throws IOException {
    try (ContentReader reader = Layouts.open(archive)) {
      return reader.index().manifests().stream()
          .map(each -> each.annotations().get(ImageNames.REF_NAME))
          .toList();
    }
  }

  @Test
  void openWhenATagOfADockerArchiveIsNoneKeepsTheOthers() throws IOException {
    Path file = temp.resolve("file");
    String other = "x/y@sha256:" + "a".repeat(64);
    Files.write(
        file,
        docker("[{'Config':'c.json','RepoTags':['Up:1','good:1','" + other + "'],'Layers':[]}]"));
    assertThat(dockerNames(file)).containsExactly("Up:1", "docker.io/library/good:1", other);
    try (ContentReader reader = Layouts.open(file)) {
      assertThat(reader.index().manifests())
          .extracting(ImageNames::of)
          .containsExactly(null, dev.cooper.oci.ImageReference.parse("good:1"), null);
    }
  }

  @Test
  void openWhenADockerArchiveNamesATagTwiceTheLastHasIt() throws IOException {
    Path file = temp.resolve("file");
    Files.write(
        file,
        docker(
            "[{'Config':'c.json','RepoTags':['a:1','library/a:1','b:1'],'Layers':[]},"
                + "{'Config':'c.json','RepoTags':['docker.io/library/a:1'],'Layers':[]},"
                + "{'Config':'c.json','RepoTags':['b:1','b:1'],'Layers':[]}]"));
    assertThat(dockerNames(file))
        .containsExactly(null, "docker.io/library/a:1", "docker.io/library/b:1");
  }

  @Test
  void ofWhenADigestIsAnotherImagesGivesNoName() {
    Descriptor manifest = Descriptor.of(MediaType.OCI_MANIFEST, new byte[] {1});
    String own = "x/y:1@" + manifest.digest();
    for (String key : List.of(ImageNames.REF_NAME, ImageNames.IMAGE_NAME)) {
      assertThat(ImageNames.of(manifest.withAnnotation(key, own))).hasToString("docker.io/x/y:1");
      assertThat(ImageNames.of(manifest.withAnnotation(key, "x/y:1@sha256:" + "a".repeat(64))))
          .isNull();
    }
  }

  @Test
  void ociArchiveNamesItsBlobsForDockersClassicStoreToo() throws IOException {
    try (TarFile tar = TarFile.open(ociArchive(), temp, dev.cooper.oci.ImageLimits.DEFAULT)) {
      SavedImage saved = SavedImage.parseAll(tar.document(SavedImage.FILE)).get(0);
      assertThat(SavedImage.parseAll(tar.document(SavedImage.FILE))).hasSize(1);
      assertThat(saved.tags()).containsExactly("docker.io/library/app:1", "docker.io/org/app:2");
      assertThat(saved.config())
          .isEqualTo("blobs/sha256/" + image.manifest.config().digest().hex());
      assertThat(saved.layers())
          .isEqualTo(
              image.manifest.layers().stream()
                  .map(each -> "blobs/sha256/" + each.digest().hex())
                  .toList());
      // Without the OCI part it is a Docker archive.
      for (String each : saved.layers()) {
        assertThat(tar.has(each)).isTrue();
      }
    }
  }

  @Test
  void openWhenSomethingElseSaysSo() throws IOException {
    Path file = temp.resolve("file");
    Files.write(file, TestImage.tar("a", "b"));
    assertRefused(file, "found neither oci-layout and index.json nor manifest.json");
    Files.write(file, new byte[0]);
    assertRefused(file, "found neither");
    Files.writeString(file, "no tar at all");
    assertRefused(file, file + ": ");
    Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3});
    assertRefused(file, "");
    assertThat(temp).isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void openWhenANameIsHostileRefuses() throws IOException {
    Path file = temp.resolve("file");
    Files.write(file, TestImage.tar("../oci-layout", "{}"));
    assertRefused(file, "..");
    Files.write(file, TestImage.tar("index.json", "{}", "./index.json", "{}"));
    assertRefused(file, "found index.json twice");
    Files.write(file, docker("[{'Config':'../x','Layers':[]}]"));
    assertRefused(file, "..");
    Files.write(file, docker("[{'Config':'c.json','Layers':['/etc/passwd']}]"));
    assertRefused(file, "found 1 layers of c.json, expected 0");
    Files.write(file, docker("[{'Config':'d.json','Layers':[]}]"));
    assertRefused(file, "found no file d.json");
    Files.write(file, docker("{}"));
    assertRefused(file, "manifest.json: found an object, expected a JSON array");
    Files.write(file, docker("[null]"));
    assertRefused(file, "manifest.json[0]: found null");
  }

  @Test
  void openWhenDockerBefore110WroteItSaysHowToConvertIt() throws IOException {
    String id = "ab".repeat(32);
    Path file = temp.resolve("old.tar");
    Files.write(
        file,
        TestImage.tar(
            id + "/VERSION",
            "1.0",
            id + "/json",
            "{\"id\":\"" + id + "\"}",
            id + "/layer.tar",
            "",
            "repositories",
            "{\"old\":{\"1\":\"" + id + "\"}}"));
    assertRefused(file, file + ": found repositories but no manifest.json");
    assertRefused(file, "docker save");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> DockerArchive.open(file, temp))
        .withMessageContaining("before 1.10");
  }

  private static byte[] docker(String manifest) {
    String config = "{'architecture':'amd64','os':'linux','rootfs':{'type':'layers'}}";
    return TestImage.tar(
        "c.json", config.replace('\'', '"'), "manifest.json", manifest.replace('\'', '"'));
  }

  private static void assertRefused(Path file, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Layouts.open(file))
        .withMessageContaining(message);
  }

  /** As Docker wrote it from 1.10 on: a directory a layer, and links where layers are the same. */
  private Path legacy(TarEntry... links) throws IOException {
    byte[] layer = TestImage.tar("f", "1");
    String config =
        String.format(
            "{'architecture':'amd64','os':'linux','rootfs':{'type':'layers','diff_ids':['%s','%s']}}",
            Digest.sha256(layer), Digest.sha256(layer));
    Path file = temp.resolve("legacy.tar");
    try (TarWriter tar = new TarWriter(Files.newOutputStream(file))) {
      put(tar, "c.json", config.replace('\'', '"').getBytes(UTF_8));
      for (TarEntry link : links) {
        tar.put(link);
      }
      put(tar, "one/layer.tar", layer);
      String manifest =
          "[{'Config':'c.json','RepoTags':null,'Layers':['one/layer.tar','two/layer.tar']}]";
      put(tar, "manifest.json", manifest.replace('\'', '"').getBytes(UTF_8));
      tar.finish();
    }
    return file;
  }

  private static void put(TarWriter tar, String name, byte[] content) throws IOException {
    tar.put(
        TarEntry.file(ByteString.utf8(name), 0644, content.length),
        new ByteArrayInputStream(content));
  }

  private static TarEntry symlink(String target) {
    return TarEntry.symlink(ByteString.utf8("two/layer.tar"), ByteString.utf8(target));
  }

  @Test
  void openWhenLayersAreLinksFollowsThemInTheArchive() throws IOException {
    for (TarEntry link :
        List.of(
            symlink("../one/layer.tar"),
            symlink("./../two/.././one//layer.tar"),
            TarEntry.hardlink(
                ByteString.utf8("two/layer.tar"), ByteString.utf8("one/layer.tar")))) {
      try (ContentReader reader = Layouts.open(legacy(link))) {
        assertThat(Validator.validate(reader)).isEmpty();
      }
    }
  }

  @Test
  void openWhenLinksLeadOutOrRoundRefuses() throws IOException {
    assertRefused(legacy(symlink("../../etc/passwd")), "leads out of the archive");
    assertRefused(legacy(symlink("/etc/passwd")), "found no file two/layer.tar");
    assertRefused(legacy(symlink("layer.tar")), "too many links");
    assertRefused(
        legacy(
            TarEntry.hardlink(ByteString.utf8("two/layer.tar"), ByteString.utf8("../layer.tar"))),
        "..");
    assertRefused(legacy(TarEntry.fifo(ByteString.utf8("two/layer.tar"), 0644)), "found a FIFO");
    assertRefused(legacy(), "found no file two/layer.tar");
  }

  @Test
  void openWhenALayerIsCompressedTellsItsOwnDigest() throws IOException {
    byte[] layer = TestImage.tar("f", "1");
    byte[] packed = TestImage.pack(layer, Compression.GZIP);
    String config =
        String.format(
            "{'architecture':'amd64','os':'linux','rootfs':{'type':'layers','diff_ids':['%s']}}",
            Digest.sha256(layer));
    Path file = temp.resolve("a.tar");
    try (TarWriter tar = new TarWriter(Files.newOutputStream(file))) {
      put(tar, "c.json", config.replace('\'', '"').getBytes(UTF_8));
      put(tar, "l", packed);
      String manifest = "[{'Config':'c.json','RepoTags':[],'Layers':['l']}]";
      put(tar, "manifest.json", manifest.replace('\'', '"').getBytes(UTF_8));
      tar.finish();
    }
    try (ContentReader reader = Layouts.open(file)) {
      Manifest manifest = Manifest.parse(reader.read(reader.index().manifests().get(0)));
      assertThat(manifest.layers())
          .containsExactly(Descriptor.of(MediaType.DOCKER_LAYER_GZIP, packed));
      assertThat(Validator.validate(reader)).isEmpty();
    }
  }

  @Test
  void openWhenTheConfigIsNotWhatItsNameSaysRefuses() throws IOException {
    Path file = temp.resolve("a.tar");
    String name = "0".repeat(64) + ".json";
    Files.write(
        file,
        TestImage.tar(
            name,
            "{\"rootfs\":{\"type\":\"layers\"}}",
            "manifest.json",
            "[{\"Config\":\"" + name + "\",\"Layers\":[]}]"));
    assertRefused(file, "content of " + name + " has the digest");
  }

  @Test
  void readWhenALayerIsNotItsDiffIdRefuses() throws IOException {
    Path file = dockerArchive();
    byte[] bytes = Files.readAllBytes(file);
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("etc/name");
    bytes[at]--;
    bytes[at + 1]++;
    Files.write(file, bytes);
    try (ContentReader reader = Layouts.open(file)) {
      Manifest manifest = Manifest.parse(reader.read(reader.index().manifests().get(0)));
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(
              () -> {
                for (Descriptor layer : manifest.layers()) {
                  reader.read(layer);
                }
              })
          .withMessageContaining("has the digest");
    }
  }
}
