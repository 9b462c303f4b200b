package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class IndexTest {
  private static Descriptor descriptor(MediaType type, String content) {
    return Descriptor.of(type, content.getBytes(StandardCharsets.UTF_8));
  }

  private static Descriptor image(String platform) {
    return descriptor(MediaType.OCI_MANIFEST, platform).withPlatform(Platform.parse(platform));
  }

  private static Index of(String platforms) {
    return Index.of(List.of(platforms.split(" ")).stream().map(IndexTest::image).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/arm64 linux/amd64, linux/amd64",
    "linux/amd64, linux/amd64/v2 linux/amd64, linux/amd64",
    "linux/amd64, linux/amd64/v1, linux/amd64/v1",
    "linux/amd64/v3, linux/amd64 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4, linux/amd64/v3",
    "linux/amd64/v3, linux/amd64 linux/amd64/v2 linux/amd64/v4, linux/amd64/v2",
    "linux/amd64/v3, linux/amd64 linux/amd64/v4, linux/amd64",
    "linux/amd64/v2, linux/amd64/v3 linux/amd64/v1, linux/amd64/v1",
    "linux/arm/v8, linux/arm/v5 linux/arm/v6 linux/arm/v7, linux/arm/v7",
    "linux/arm/v7, linux/arm/v5 linux/arm/v6 linux/arm/v8, linux/arm/v6",
    "linux/arm/v7, linux/arm/v6 linux/arm, linux/arm",
    "linux/arm/v6, linux/arm/v7 linux/arm/v5, linux/arm/v5",
    "linux/arm/v6, linux/arm/v7 linux/arm, linux/arm",
    "linux/arm/v6, linux/arm linux/arm/v5, linux/arm/v5",
    "linux/arm, linux/arm/v6 linux/arm/v7, linux/arm/v7",
    "linux/arm, linux/arm/v5 linux/arm/v6, linux/arm/v6",
    "linux/arm64, linux/arm/v7 linux/arm64/v8, linux/arm64/v8",
    "linux/arm64/v8, linux/arm64 linux/arm64/v8, linux/arm64/v8",
    "linux/arm64, linux/arm64/v8 linux/arm64, linux/arm64",
    "linux/arm64/v8, linux/arm64, linux/arm64",
    "linux/arm64/v9, linux/arm64 linux/arm64/v9, linux/arm64/v9",
    "linux/arm64/v9, linux/arm64, linux/arm64",
    "linux/riscv64/x, linux/riscv64 linux/riscv64/x, linux/riscv64/x",
    "linux/riscv64/x, linux/riscv64/y linux/riscv64, linux/riscv64",
    "windows/amd64, linux/amd64 windows/amd64, windows/amd64",
  })
  void selectTakesTheNearest(String wanted, String there, String expected) {
    assertThat(of(there).select(Platform.parse(wanted))).isEqualTo(image(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/arm64",
    "linux/amd64, windows/amd64",
    "linux/amd64, linux/amd64/v2",
    "linux/amd64/v2, linux/amd64/v3",
    "linux/arm/v6, linux/arm/v7",
    "linux/arm64, linux/arm/v8",
    "linux/arm64, linux/arm64/v9",
    "linux/riscv64, linux/riscv64/x",
    "linux/riscv64/x, linux/riscv64/y",
  })
  void selectWhenNothingFitsListsWhatIsThere(String wanted, String there) {
    Index index = of(there + " linux/s390x linux/s390x");
    assertThatThrownBy(() -> index.select(Platform.parse(wanted)))
        .isInstanceOf(OperationException.class)
        .hasMessage(
            "found no image for " + wanted + " in the index; it has " + there + ", linux/s390x");
  }

  @Test
  void selectAmongEqualsTakesTheFirst() {
    Descriptor first = descriptor(MediaType.OCI_MANIFEST, "first");
    Descriptor second = descriptor(MediaType.OCI_MANIFEST, "second");
    Platform platform = Platform.parse("linux/amd64");
    Index index = Index.of(List.of(first.withPlatform(platform), second.withPlatform(platform)));
    assertThat(index.select(platform).digest()).isEqualTo(first.digest());
  }

  private static Descriptor windows(String version) {
    Platform platform = Platform.of("windows", "amd64").withOsVersion(version);
    return descriptor(MediaType.DOCKER_MANIFEST, version).withPlatform(platform);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.20348.2, 10.0.20348.2",
    "10.0.20348.9, 10.0.20348.1",
    "10.0.17763, 10.0.17763.5",
    "'', 10.0.17763.5",
  })
  void selectForWindowsTakesTheBuild(String version, String expected) {
    Index index =
        Index.empty(MediaType.DOCKER_MANIFEST_LIST)
            .withManifest(windows("10.0.17763.5"))
            .withManifest(windows("10.0.20348.1"))
            .withManifest(windows("10.0.20348.2"));
    Platform wanted = Platform.of("windows", "amd64").withOsVersion(version);
    assertThat(index.select(wanted)).isEqualTo(windows(expected));
    assertThatThrownBy(() -> index.select(wanted.withOsVersion("10.0.1.5")))
        .hasMessageContaining("windows/amd64 (10.0.1.5)")
        .hasMessageContaining("windows/amd64 (10.0.17763.5)");
  }

  @Test
  void selectSkipsAttestations() {
    Platform unknown = Platform.of("unknown", "unknown");
    Descriptor attestation =
        descriptor(MediaType.OCI_MANIFEST, "attestation")
            .withAnnotation("vnd.docker.reference.type", "attestation-manifest");
    Index index =
        Index.of(
            List.of(
                attestation,
                attestation.withPlatform(unknown),
                attestation.withAnnotations(Map.of()).withPlatform(unknown),
                descriptor(MediaType.OCI_CONFIG, "no manifest"),
                image("linux/amd64")));
    assertThat(index.select(Platform.parse("linux/amd64"))).isEqualTo(image("linux/amd64"));
    assertThatThrownBy(() -> index.select(Platform.parse("linux/arm64")))
        .hasMessageEndingWith("it has linux/amd64");
    assertThatThrownBy(() -> index.withManifests(List.of(attestation)).select(unknown))
        .hasMessageEndingWith("it has none");
  }

  @Test
  void selectTakesWhatNamesNoPlatformIfNothingElseFits() {
    Descriptor plain = descriptor(MediaType.OCI_MANIFEST, "plain");
    Descriptor inner = descriptor(MediaType.OCI_INDEX, "inner");
    Index index = Index.of(List.of(plain, inner, image("linux/arm64")));
    assertThat(index.select(Platform.parse("linux/arm64"))).isEqualTo(image("linux/arm64"));
    assertThat(index.select(Platform.parse("linux/amd64"))).isEqualTo(plain);
  }

  static List<MediaType> types() {
    return List.of(MediaType.OCI_INDEX, MediaType.DOCKER_MANIFEST_LIST);
  }

  private static Descriptor manifest(MediaType index, String content) {
    boolean oci = index.equals(MediaType.OCI_INDEX);
    return descriptor(oci ? MediaType.OCI_MANIFEST : MediaType.DOCKER_MANIFEST, content);
  }

  @ParameterizedTest
  @MethodSource("types")
  void indexOfSeveralPlatformsRoundTrips(MediaType type) {
    Platform arm =
        new Platform("linux", "arm", "v7", null, List.of("x"), Map.of("features", List.of("sse4")));
    Descriptor one = manifest(type, "one");
    Descriptor two = manifest(type, "two");
    Index index =
        Index.empty(type)
            .withImage(one, ImageConfig.of(Platform.of("linux", "amd64")))
            .withImage(two, ImageConfig.of(Platform.of("linux", "arm64")))
            .withEntry(two.digest(), entry -> entry.withPlatform(arm));

    assertThat(index.manifests())
        .containsExactly(one.withPlatform(Platform.of("linux", "amd64")), two.withPlatform(arm));
    assertThat(Index.parse(index.toBytes(), type)).isEqualTo(index);
    assertThat(index.select(Platform.parse("linux/arm/v7")).digest()).isEqualTo(two.digest());
    assertThat(index.without(one.digest()).manifests()).containsExactly(two.withPlatform(arm));
    assertThat(index.contains(one.digest())).isTrue();
    assertThat(index.without(one.digest()).contains(one.digest())).isFalse();
  }

  @Test
  void withImageTakesThePlaceOfTheSameOne() {
    Descriptor one = manifest(MediaType.OCI_INDEX, "one");
    Index index = of("linux/arm64").withManifest(one).withManifest(image("linux/s390x"));
    Index again = index.withImage(one, ImageConfig.of(Platform.parse("linux/arm/v6")));
    assertThat(again.manifests())
        .containsExactly(
            image("linux/arm64"),
            one.withPlatform(Platform.parse("linux/arm/v6")),
            image("linux/s390x"));
    assertThatThrownBy(() -> index.withImage(one, ImageConfig.of(Platform.of("", "amd64"))))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("\"/amd64\"");
  }

  @Test
  void withImageOfAPlatformThatIsThereIsRefused() {
    Index index = of("linux/amd64 linux/arm/v7");
    Descriptor other = manifest(MediaType.OCI_MANIFEST, "other");
    for (String each : List.of("linux/amd64", "linux/amd64/v1", "linux/arm", "linux/armhf")) {
      assertThatThrownBy(() -> index.withImage(other, ImageConfig.of(Platform.parse(each))))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("two images for linux/");
    }
    ImageConfig free = ImageConfig.of(Platform.parse("linux/arm/v6"));
    assertThat(index.withImage(other, free).manifests()).hasSize(3);
  }

  @Test
  void withAnnotationsRoundTrips() {
    Descriptor one = image("linux/amd64");
    Index index =
        of("linux/amd64 linux/arm64")
            .withAnnotation("a", "1")
            .withAnnotation("b", "2")
            .withEntry(one.digest(), entry -> entry.withAnnotation("c", "3"));
    assertThat(Index.parse(index.toBytes())).isEqualTo(index);
    assertThat(index.annotations()).isEqualTo(new TreeMap<>(Map.of("a", "1", "b", "2")));
    assertThat(index.manifests().get(0)).isEqualTo(one.withAnnotation("c", "3"));
    assertThat(index.manifests().get(1)).isEqualTo(image("linux/arm64"));
  }

  @Test
  void withEntryOfAnotherDigestRefuses() {
    Digest missing = image("linux/s390x").digest();
    Index index = of("linux/amd64");
    assertThatThrownBy(() -> index.withEntry(missing, entry -> entry))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(missing.toString())
        .hasMessageContaining(image("linux/amd64").digest().toString());
    assertThatThrownBy(() -> index.without(missing)).isInstanceOf(OperationException.class);
    assertThatThrownBy(
            () -> index.withEntry(image("linux/amd64").digest(), old -> image("linux/s390x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void withMediaTypeRefusesWhatDockerCannotSay() {
    Descriptor docker = manifest(MediaType.DOCKER_MANIFEST_LIST, "x");
    Index index = Index.of(List.of(docker));
    Index list = index.withMediaType(MediaType.DOCKER_MANIFEST_LIST);
    assertThat(list.mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST_LIST);
    assertThat(list.withMediaType(MediaType.OCI_INDEX)).isEqualTo(index);
    for (Index each :
        List.of(
            index.withAnnotation("a", "b"),
            index.withEntry(docker.digest(), entry -> entry.withAnnotation("a", "b")),
            index.withManifest(image("linux/amd64")))) {
      assertThatThrownBy(() -> each.withMediaType(MediaType.DOCKER_MANIFEST_LIST))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("OCI index");
    }
    assertThatThrownBy(() -> index.withMediaType(MediaType.OCI_MANIFEST))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
