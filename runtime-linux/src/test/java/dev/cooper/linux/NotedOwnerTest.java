package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NotedOwnerTest {
  @Test
  void parseReadsWhatTextWrites() {
    NotedOwner owner = new NotedOwner(1000, NotedOwner.HIGHEST_ID);
    assertThat(owner.text()).isEqualTo(ByteString.utf8("1000:4294967294"));
    assertThat(NotedOwner.parse(owner.text())).isEqualTo(owner);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1:",
        ":1",
        "-1:0",
        "1:2:3",
        " 1:2",
        "4294967295:0",
        "0:9999999999",
        "0:99999999999999999999"
      })
  void parseWhenACommandWroteNoOwnerIsNone(String text) {
    assertThat(NotedOwner.parse(ByteString.utf8(text))).isNull();
  }
}
