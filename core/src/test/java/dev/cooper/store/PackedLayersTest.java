package dev.cooper.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedLayersTest {
  @TempDir private Path directory;
  private Cooper cooper;
  private Image image;

  @BeforeEach
  void build() {
    cooper = Cooper.builder().store(directory.resolve("store")).build();
    try (WorkingContainer container = cooper.scratch()) {
      image = container.write("/file", "content\n".repeat(1000)).commit("packed");
    }
  }

  @AfterEach
  void close() {
    cooper.close();
  }

  @Test
  void saveWhenLayerWasPackedBeforeWritesTheSameBytes() throws IOException {
    byte[] first = Files.readAllBytes(save("first.tar"));

    assertThat(packed()).hasSize(1);
    assertThat(Files.readAllBytes(save("second.tar"))).isEqualTo(first);
  }

  @Test
  void saveWhenPackedLayerIsDamagedPacksItAgain() throws IOException {
    byte[] first = Files.readAllBytes(save("first.tar"));
    Files.writeString(packed().get(0), "nothing that was packed");

    assertThat(Files.readAllBytes(save("second.tar"))).isEqualTo(first);
  }

  @Test
  void saveWhenLayerIsDamagedIsRefused() throws IOException {
    Path blob = directory.resolve("store/blobs/sha256");
    Path layer = blob.resolve(image.manifest().layers().get(0).digest().hex());
    byte[] bytes = Files.readAllBytes(layer);
    bytes[600] ^= 1;
    Files.delete(layer);
    Files.write(layer, bytes);

    assertThatThrownBy(() -> save("damaged.tar"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("is damaged");
    assertThat(directory.resolve("damaged.tar")).doesNotExist();
  }

  @Test
  void removeWhenLayerWasPackedRemovesIt() throws IOException {
    save("first.tar");

    image.remove();

    assertThat(packed()).isEmpty();
  }

  private Path save(String name) {
    Path archive = directory.resolve(name);
    image.save(archive);
    return archive;
  }

  private List<Path> packed() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("store/layers"))) {
      return files.filter(file -> file.toString().contains(".gzip-")).toList();
    }
  }
}
