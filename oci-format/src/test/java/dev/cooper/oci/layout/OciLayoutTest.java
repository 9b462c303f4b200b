package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciLayoutTest {
  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");

  private Path layout() throws IOException {
    Path directory = temp.resolve("layout");
    image.writeAndCommit(OciLayout.create(directory), "app:1");
    return directory;
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void openWhenWrittenGivesTheSameBack() throws IOException {
    try (OciLayout layout = OciLayout.open(layout())) {
      assertThat(layout.index()).isEqualTo(image.index("app:1"));
      for (Descriptor blob : image.blobs.keySet()) {
        assertThat(layout.contains(blob.digest())).isTrue();
        assertThat(layout.read(blob)).isEqualTo(image.blobs.get(blob));
      }
      assertThat(layout.contains(Digest.sha256(new byte[9]))).isFalse();
    }
    assertThat(Validator.validate(temp.resolve("layout"))).isEmpty();
    assertThat(files(temp)).hasSize(image.blobs.size() + 2);
  }

  @Test
  void commitWhenTheDirectoryIsEmptyFillsIt() throws IOException {
    Path directory = Files.createDirectory(temp.resolve("empty"));
    image.writeAndCommit(OciLayout.create(directory));
    assertThat(Validator.validate(directory)).isEmpty();
  }

  @Test
  void commitWhenALayoutIsThereAddsToIt() throws IOException {
    Path directory = layout();
    TestImage other = TestImage.of("y");
    try (ContentWriter writer = OciLayout.create(directory)) {
      assertThat(writer.contains(image.descriptor.digest())).isTrue();
      writer.blob(image.descriptor, new FailingInputStream());
      other.write(writer);
      writer.commit(image.index("app:1").withManifest(other.descriptor));
    }
    assertThat(Validator.validate(directory)).isEmpty();
    try (OciLayout layout = OciLayout.open(directory)) {
      assertThat(layout.index().manifests()).hasSize(2);
    }
    assertThat(temp.resolve("layout")).isDirectoryNotContaining("glob:**/.staging*");
  }

  /** Content that must not be read, as it is there already. */
  private static final class FailingInputStream extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("read");
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      throw new IOException("read");
    }
  }

  @Test
  void closeWithoutCommitLeavesNothing() throws IOException {
    try (ContentWriter writer = OciLayout.create(temp.resolve("layout"))) {
      image.write(writer);
    }
    assertThat(temp).isEmptyDirectory();
    Path directory = layout();
    List<Path> before = files(directory);
    try (ContentWriter writer = OciLayout.create(directory)) {
      TestImage.of("y").write(writer);
    }
    assertThat(files(directory)).isEqualTo(before);
  }

  @Test
  void blobWhenContentLiesLeavesNothing() throws IOException {
    try (ContentWriter writer = OciLayout.create(temp.resolve("layout"))) {
      Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, new byte[5]);
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> writer.blob(blob, new byte[] {0, 0, 0, 0, 1}));
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> writer.blob(blob, new byte[4]));
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> writer.blob(blob, new byte[6]));
      assertThat(writer.contains(blob.digest())).isFalse();
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> writer.commit(Index.of(List.of(image.descriptor))))
          .withMessageContaining("was not written before");
    }
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void commitWhenDoneBeforeSaysSo() throws IOException {
    ContentWriter writer = OciLayout.create(temp.resolve("layout"));
    image.writeAndCommit(writer);
    assertThatIllegalStateException().isThrownBy(() -> writer.commit(image.index()));
    assertThatIllegalStateException()
        .isThrownBy(() -> writer.blob(image.descriptor, new ByteArrayInputStream(new byte[0])));
  }

  @Test
  void createWhenSomethingElseIsThereRefuses() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    assertRefused(() -> OciLayout.create(file), "expected a layout or nothing");
    assertRefused(() -> OciLayout.create(temp), "found no file oci-layout");
  }

  @Test
  void openWhenNotWholeSaysWhat() throws IOException {
    Path directory = layout();
    Files.delete(directory.resolve("index.json"));
    assertRefused(() -> OciLayout.open(directory), "found no file index.json");
    Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"2.0.0\"}");
    assertRefused(
        () -> OciLayout.open(directory),
        directory + ": oci-layout.imageLayoutVersion: found \"2.0.0\", expected 1.0.0");
    Files.writeString(directory.resolve("oci-layout"), "{");
    assertRefused(() -> OciLayout.open(directory), "oci-layout: found no valid JSON");
    Files.delete(directory.resolve("oci-layout"));
    assertRefused(() -> OciLayout.open(directory), "found no file oci-layout");
    assertRefused(() -> OciLayout.open(temp.resolve("none")), "found no file oci-layout");
  }

  @Test
  void readWhenABlobIsWrongSaysHow() throws IOException {
    Path directory = layout();
    Descriptor config = image.manifest.config();
    Path file = directory.resolve(BlobReader.path(config.digest()));
    byte[] content = Files.readAllBytes(file);
    try (OciLayout layout = OciLayout.open(directory)) {
      content[3]++;
      Files.write(file, content);
      assertRefused(() -> layout.read(config), "content of blob " + config.digest());
      Files.write(file, new byte[3]);
      assertRefused(() -> layout.read(config), "has 3 bytes, expected " + config.size());
      Files.delete(file);
      assertRefused(() -> layout.read(config), "blob " + config.digest() + " is missing");
      Descriptor big =
          Descriptor.of(
              MediaType.OCI_CONFIG, config.digest(), ImageLimits.DEFAULT.documentBytes() + 1L);
      assertRefused(() -> layout.read(big), "over the limit documentBytes of 4194304");
    }
  }

  @Test
  void openWhenABlobIsASymbolicLinkRefuses() throws IOException {
    Path directory = layout();
    Descriptor config = image.manifest.config();
    Path file = directory.resolve(BlobReader.path(config.digest()));
    Files.move(file, temp.resolve("outside"));
    Files.createSymbolicLink(file, temp.resolve("outside"));
    try (OciLayout layout = OciLayout.open(directory)) {
      assertRefused(() -> layout.read(config), "found a symbolic link");
    }
    Files.move(directory.resolve("blobs"), temp.resolve("blobs"));
    Files.createSymbolicLink(directory.resolve("blobs"), temp.resolve("blobs"));
    try (OciLayout layout = OciLayout.open(directory)) {
      assertRefused(() -> layout.read(image.descriptor), "found a symbolic link");
    }
    Files.move(directory.resolve("index.json"), temp.resolve("index.json"));
    Files.createSymbolicLink(directory.resolve("index.json"), temp.resolve("index.json"));
    assertRefused(() -> OciLayout.open(directory), "found no file index.json");
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(call)
        .withMessageContaining(message);
  }
}
