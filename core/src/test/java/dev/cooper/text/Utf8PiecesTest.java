package dev.cooper.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8PiecesTest {
  @Test
  void decodeWhenCutAnywhereLosesAndReplacesNothing() {
    String text = "a\u00e4\u20ac\uD83D\uDE00z\uFFFD";
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int first = 0; first <= bytes.length; first++) {
      for (int second = first; second <= bytes.length; second++) {
        Utf8Pieces pieces = new Utf8Pieces();
        String decoded =
            pieces.decode(bytes, 0, first)
                + pieces.decode(bytes, first, second - first)
                + pieces.decode(bytes, second, bytes.length - second)
                + pieces.end();
        assertThat(decoded).isEqualTo(text);
      }
    }
  }

  @Test
  void decodeWhenPiecesAreNoUtf8GivesWhatTheWholeWouldGive() {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      Utf8Pieces pieces = new Utf8Pieces();
      StringBuilder decoded = new StringBuilder();
      for (int i = 0; i < bytes.length; i++) {
        decoded.append(pieces.decode(bytes, i, 1));
      }
      decoded.append(pieces.end());
      assertThat(decoded.toString()).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
    }
  }

  @Test
  void endWhenACharacterIsNotCompleteReplacesIt() {
    Utf8Pieces pieces = new Utf8Pieces();
    assertThat(pieces.decode(new byte[] {'a', (byte) 0xe2, (byte) 0x82}, 0, 3)).isEqualTo("a");
    assertThat(pieces.end()).isEqualTo("\uFFFD");
    assertThat(pieces.end()).isEmpty();
  }
}
