package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "linux/amd64, linux/amd64",
    "linux/x86_64, linux/amd64",
    "Linux/AMD64, linux/amd64",
    "arm64, linux/arm64",
    "linux/aarch64/v8, linux/arm64/v8",
    "linux/arm/v7, linux/arm/v7",
    "linux/armhf, linux/arm/v7",
    "linux/arm/7, linux/arm/v7",
    "linux/armv7, linux/arm/v7",
    "armv7l, linux/arm/v7",
    "linux/armv6l, linux/arm/v6",
    "linux/arm/5, linux/arm/v5",
    "linux/armv8, linux/arm64/v8",
    "linux/aarch64/8, linux/arm64/v8",
    "linux/amd64/3, linux/amd64/v3",
    "macos/arm64, darwin/arm64",
    "linux/riscv64, linux/riscv64",
    "windows/amd64, windows/amd64",
  })
  void parseGivesGoNames(String text, String expected) {
    assertThat(Platform.parse(text)).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "linux/", "linux//v8", "a/b/c/d", "linux/../x", "linux/amd 64"})
  void parseWhenMalformedQuotesTheInput(String text) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Platform.parse(text))
        .withMessageContaining(Text.quote(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"vax", "linux/vax", "vms/amd64", "linux/amd", "linux/arm46", "linux/linux"})
  void parseOfWhatGoHasNoNameForIsRefused(String text) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Platform.parse(text))
        .withMessageContaining(Text.quote(text))
        .withMessageContaining("expected one of Go's");
  }

  /** Documents are read as they are, and compared as containerd compares them. */
  @ParameterizedTest
  @CsvSource({
    "linux/arm/v7, arm, 7, true",
    "linux/arm/v7, armv7, , true",
    "linux/arm/v7, armhf, , true",
    "linux/arm/v7, arm, 8, false",
    "linux/arm64, aarch64, , true",
    "linux/arm64, arm64, 8, true",
    "linux/amd64, x86_64, , true",
    "linux/amd64, vax, , false"
  })
  void matchesWhatADocumentSpellsOtherwise(
      String wanted, String architecture, String variant, boolean matches) {
    Platform found = new Platform("linux", architecture, variant, null, List.of());
    assertThat(Platform.parse(wanted).matches(found)).isEqualTo(matches);
    assertThat(found.architecture()).isEqualTo(architecture);
  }

  @Test
  void requireDistinctRefusesTheSamePlatformTwice() {
    List<Platform> two = List.of(Platform.parse("linux/arm"), Platform.parse("linux/arm/7"));
    assertThatExceptionOfType(OperationException.class)
        .isThrownBy(() -> Platform.requireDistinct(two))
        .withMessageContaining("two images for linux/arm/v7");
    Platform.requireDistinct(
        List.of(
            Platform.parse("linux/arm/v6"),
            Platform.parse("linux/arm/v7"),
            Platform.of("unknown", "unknown"),
            Platform.of("unknown", "unknown"),
            new Platform("windows", "amd64", null, "10.0.1", List.of()),
            new Platform("windows", "amd64", null, "10.0.2", List.of())));
  }

  @ParameterizedTest
  @CsvSource({
    "linux/arm64, linux/arm64/v8, true",
    "linux/arm64/v8, linux/arm64, true",
    "linux/arm, linux/arm/v7, true",
    "linux/arm/v6, linux/arm/v7, false",
    "linux/arm/v7, linux/arm/v6, true",
    "linux/arm/v7, linux/arm/v9, false",
    "linux/arm/v9, linux/arm/v8, false",
    "linux/arm64/v9, linux/arm64, true",
    "linux/arm64, linux/arm64/v9, false",
    "linux/amd64, linux/amd64/v3, false",
    "linux/amd64/v3, linux/amd64, true",
    "linux/amd64, linux/arm64, false",
    "linux/amd64, windows/amd64, false",
    "linux/riscv64, linux/riscv64, true",
  })
  void matchesComparesWhatTheVariantRuns(String wanted, String found, boolean matches) {
    assertThat(Platform.parse(wanted).matches(Platform.parse(found))).isEqualTo(matches);
  }

  @Test
  void matchesWhenAVersionIsAskedForComparesIt() {
    Platform any = Platform.of("windows", "amd64");
    Platform one = new Platform("windows", "amd64", null, "10.0.1", List.of());
    assertThat(any.matches(one)).isTrue();
    assertThat(one.matches(any)).isFalse();
  }

  @Test
  void currentIsLinuxInGoWords() {
    assertThat(Platform.current().os()).isEqualTo("linux");
    assertThat(Platform.current().architecture()).doesNotContain("x86").isNotEmpty();
  }
}
