package dev.cooper.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CopyOptionsTest {
  /** Each is written in octal here, as in Java source. */
  @ParameterizedTest
  @ValueSource(
      ints = {
        0, 01, 0200, 0400, 0440, 0444, 0500, 0511, 0550, 0555, 0600, 0640, 0644, 0660, 0664, 0666,
        0700, 0710, 0711, 0744, 0750, 0751, 0755, 0770, 0771, 0775, 0776, 0777, 01000, 01755, 01777,
        02755, 02775, 04711, 04750, 04755, 06755, 07777
      })
  void modeWhenOctalIsTaken(int mode) {
    assertThat(CopyOptions.DEFAULT.mode(mode).mode()).isEqualTo(mode);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 666, 700, 711, 740, 744, 750, 751,
        755, 770, 771, 775, 777, 1700, 1755, 1770, 1775, 1777, 2750, 2755, 2775, 3777
      })
  void modeWhenUsualPermissionsAreWrittenInDecimalRefusesThem(int mode) {
    assertThatThrownBy(() -> CopyOptions.DEFAULT.mode(mode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid mode " + mode)
        .hasMessageContaining("write 0" + mode);
    assertThat(CopyOptions.DEFAULT.mode(String.valueOf(mode)).mode())
        .isEqualTo(Integer.parseInt(String.valueOf(mode), 8));
    assertThat(CopyOptions.DEFAULT.mode(Integer.toOctalString(mode)).mode()).isEqualTo(mode);
  }

  @ParameterizedTest
  @CsvSource({"010000", "017777", "-1", "07777777"})
  void modeWhenBeyondTheBitsOfAModeRefusesIt(String octal) {
    assertThatThrownBy(() -> CopyOptions.DEFAULT.mode(Integer.parseInt(octal, 8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected octal 0 to 07777, such as 0644");
    assertThatThrownBy(() -> CopyOptions.DEFAULT.mode(octal))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "8", "0888", "rw", "0x1a4", " 644", "-644", "00000000644"})
  void modeWhenTextIsNotOctalRefusesIt(String text) {
    assertThatThrownBy(() -> CopyOptions.DEFAULT.mode(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " "})
  void ownerWhenBlankIsRefused(String owner) {
    assertThatThrownBy(() -> CopyOptions.DEFAULT.owner(owner))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid owner \"" + owner + "\": expected user or user:group");
  }

  @Test
  void modeWhenDecimalIsBeyondTheBitsShowsBoth() {
    assertThatThrownBy(() -> CopyOptions.DEFAULT.mode(4755))
        .hasMessageContaining("011223")
        .hasMessageContaining("4755 in decimal");
  }
}
