package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;

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
        tail.write(piece);
      }
      assertThat(tail.text()).isEqualTo(all.substring(Math.max(0, all.length() - 13)));
    }
  }

  @Test
  void textWhenItsFirstCharacterWasCutLeavesItOut() {
    String smile = "\uD83D\uDE00";
    assertThat(tail(2, "a".repeat(9), smile + "b")).isEqualTo("b");
    assertThat(tail(3, "a".repeat(9), smile + "b")).isEqualTo(smile + "b");
  }

  @Test
  void textWhenSomebodyLooksThroughItIsTheEndAllTheSame() {
    TailOutput tail = new TailOutput(5);
    tail.watch();
    for (int i = 0; i < 100; i++) {
      tail.write("0123456");
    }
    assertThat(tail.text()).isEqualTo("23456");
    assertThat(tail.after(695).text()).as("5 before and 5 after").isEqualTo("4560123456");
    assertThat(tail.after(0).text().length()).as("what is kept").isBetween(75, 80);
    tail.unwatch();
    tail.write("x");
    assertThat(tail.after(0).text()).isEqualTo("3456x");
  }

  private static String tail(int size, String... pieces) {
    TailOutput tail = new TailOutput(size);
    for (String each : pieces) {
      tail.write(each);
    }
    return tail.text();
  }
}
