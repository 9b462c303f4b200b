package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileCapabilityTest {
  /** cap_net_raw=ep, as setcap writes it. */
  private static final String SECOND = "0100000200200000000000000000000000000000";

  private static ByteString hex(String text) {
    return ByteString.of(HexFormat.of().parseHex(text));
  }

  @Test
  void normalizedOfVersionTwoIsTheSame() {
    assertThat(FileCapability.normalized(hex(SECOND))).isEqualTo(hex(SECOND));
  }

  @Test
  void normalizedOfVersionThreeHasNoNamespace() {
    String third = SECOND.replaceFirst("02", "03") + "a0860100";
    assertThat(FileCapability.normalized(hex(third))).isEqualTo(hex(SECOND));
  }

  @Test
  void normalizedOfVersionOneHasRoomForSixtyFour() {
    assertThat(FileCapability.normalized(hex("010000010020000000000000"))).isEqualTo(hex(SECOND));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "01000002",
        "0100000200200000000000000000000000000000ff",
        "0100000300200000000000000000000000000000",
        "010000020020000000000000",
        "0100000400200000000000000000000000000000",
        "0200000200200000000000000000000000000000",
        "010000ff00200000000000000000000000000000"
      })
  void normalizedOfAnythingElseLeavesItOut(String malformed) {
    TarEntry entry =
        TarEntry.file(ByteString.utf8("f"), 0755, 0)
            .withXattrs(Map.of(FileCapability.NAME, hex(malformed)));
    List<String> told = new ArrayList<>();
    assertThat(FileCapability.isToChange(entry.xattrs())).isTrue();
    assertThat(FileCapability.normalized(entry, told::add).xattrs()).isEmpty();
    assertThat(told)
        .containsExactly("f: the attribute security.capability is malformed and was left out");
  }
}
