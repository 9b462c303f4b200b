package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TailOutputTest {
  @Test
  void textWhenLessThanTheSizeWasWrittenIsAll() {
    assertThat(tail(8, "abc", "de")).isEqualTo("abcde");
    assertThat(tail(5, "abc", "de")).isEqualTo("abcde");
    assertThat(tail(5)).isEmpty();
  }

  @Test
  void textWhenMoreWasWrittenIsTheEnd() {
    assertThat(tail(5, "abc", "def")).isEqualTo("bcdef");
    assertThat(tail(5, "a", "0123456789")).isEqualTo("56789");
    assertThat(tail(5, "0123456789", "a")).isEqualTo("6789a");
  }

  @Test
  void textWhenWrittenInAnyPiecesIsTheSame() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      TailOutput tail = new TailOutput(13);
      StringBuilder all = new StringBuilder();
      for (int i = random.nextInt(6); i >= 0; i--) {
        String piece = "abcdefghijklmnopqrstuvwxyz".substring(random.nextInt(26));
        all.append(piece);
        byte[] bytes = ("--" + piece).getBytes(StandardCharsets.UTF_8);
        tail.write(bytes, 2, piece.length());
      }
      assertThat(tail.text()).isEqualTo(all.substring(Math.max(0, all.length() - 13)));
    }
  }

  private static String tail(int size, String... pieces) {
    TailOutput tail = new TailOutput(size);
    for (String each : pieces) {
      byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
      tail.write(bytes, 0, bytes.length);
    }
    return tail.text();
  }
}
