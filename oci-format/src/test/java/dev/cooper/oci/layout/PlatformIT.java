package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Indexes of several platforms that we make, and what skopeo takes of them. */
class PlatformIT {
  @TempDir Path temp;

  /**
   * An OCI index of images without layers, in a layout by the name {@code all}; also one that we
   * would not make, as {@code linux/arm} and {@code linux/arm/v7} are one platform.
   */
  private Index write(List<String> platforms) throws IOException {
    List<Descriptor> images = new ArrayList<>();
    Index index;
    try (ContentWriter writer = OciLayout.create(temp.resolve("layout"))) {
      for (String each : platforms) {
        ImageConfig config = ImageConfig.of(Platform.parse(each));
        Descriptor configBlob = put(writer, MediaType.OCI_CONFIG, config.toBytes());
        Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, configBlob, List.of());
        images.add(
            put(writer, MediaType.OCI_MANIFEST, manifest.toBytes())
                .withPlatform(config.platform()));
      }
      index = Index.of(images);
      Descriptor root = put(writer, MediaType.OCI_INDEX, index.toBytes());
      writer.commit(Index.of(List.of(root.withAnnotation(ImageNames.REF_NAME, "all"))));
    }
    return index;
  }

  private static Descriptor put(ContentWriter writer, MediaType type, byte[] content)
      throws IOException {
    Descriptor descriptor = Descriptor.of(type, content);
    writer.blob(descriptor, content);
    return descriptor;
  }

  private String skopeo(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy"));
    command.addAll(List.of(arguments));
    return PeerTool.run(temp, command.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/arm64 linux/amd64",
    "linux/arm/v7, linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64",
    "linux/arm/v7, linux/arm/v5 linux/arm/v6",
    "linux/arm/v7, linux/arm/v6 linux/arm/v8",
    "linux/arm/v6, linux/arm linux/arm/v5 linux/arm/v7",
    "linux/arm/v6, linux/arm/v7 linux/arm",
    "linux/arm/v8, linux/arm/v5 linux/arm/v6 linux/arm/v7",
    "linux/arm64/v8, linux/arm64 linux/arm64/v8",
    "linux/arm64/v8, linux/arm64",
    "linux/amd64/v2, linux/amd64 linux/amd64/v2",
    "linux/amd64/v2, linux/amd64 linux/amd64/v3",
    "windows/amd64, linux/amd64 windows/amd64",
  })
  void selectTakesWhatSkopeoTakes(String asked, String there) throws IOException {
    Platform wanted = Platform.parse(asked);
    Index index = write(List.of(there.split(" ")));
    List<String> arguments =
        new ArrayList<>(List.of("--override-os", wanted.os(), "--override-arch"));
    arguments.add(wanted.architecture());
    if (wanted.variant() != null) {
      arguments.addAll(List.of("--override-variant", wanted.variant()));
    }
    arguments.addAll(List.of("inspect", "--config", "--raw", "oci:layout:all"));
    String config = skopeo(arguments.toArray(String[]::new));

    assertThat(ImageConfig.parse(config.getBytes(StandardCharsets.UTF_8)))
        .extracting(ImageConfig::platform)
        .isEqualTo(index.select(wanted).platform());
  }

  @Test
  void skopeoCopiesAllOfThem() throws IOException {
    Index index = write(List.of("linux/amd64", "linux/arm/v7", "linux/arm64/v8"));
    skopeo("copy", "--all", "--preserve-digests", "oci:layout:all", "oci:copy:all");
    try (ContentReader reader = OciLayout.open(temp.resolve("copy"))) {
      Descriptor root = reader.index().manifests().get(0);
      assertThat(Index.parse(reader.read(root), root.mediaType())).isEqualTo(index);
      for (Descriptor each : index.manifests()) {
        assertThat(reader.contains(each.digest())).isTrue();
      }
    }
  }
}
