package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TarHeaderTest {
  private static final int SIZE = 124;
  private static final int UID = 108;

  private final byte[] block = new byte[TarHeader.BLOCK + 32];
  private final TarHeader header = new TarHeader();

  private long read(int at, int length, String field) {
    int start = 16; // headers lie anywhere in a larger buffer
    byte[] content = field.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(content).hasSize(length);
    System.arraycopy(content, 0, block, start + at, length);
    header.look(block, start, 0);
    return header.natural(at, length, "field");
  }

  private void requireAllSpellings(int at, int length, long value) {
    String octal = Long.toOctalString(value);
    String padded = "0".repeat(length - 1 - octal.length()) + octal;
    assertThat(read(at, length, padded + "\0")).isEqualTo(value);
    assertThat(read(at, length, padded + " ")).isEqualTo(value);
    assertThat(read(at, length, " ".repeat(length - 1 - octal.length()) + octal + " "))
        .isEqualTo(value);
    assertThat(read(at, length, octal + "\0".repeat(length - octal.length()))).isEqualTo(value);
    assertThat(read(at, length, "0" + padded)).isEqualTo(value);
  }

  @Test
  void numbersInEverySpellingAreWhatTheySay() {
    Random random = new Random(17);
    for (int i = 0; i < 5000; i++) {
      requireAllSpellings(UID, 8, random.nextLong() >>> 43 + random.nextInt(21));
      requireAllSpellings(SIZE, 12, random.nextLong() >>> 31 + random.nextInt(33));
    }
    requireAllSpellings(UID, 8, 07777777);
    requireAllSpellings(SIZE, 12, 077777777777L);
    assertThat(read(UID, 8, "77777777")).isEqualTo(077777777);
    assertThat(read(SIZE, 12, "777777777777")).isEqualTo(0777777777777L);
    assertThat(read(SIZE, 12, "\200\0\0\0\0\0\0\0\1\0\0\0")).isEqualTo(0x1000000);
    assertThat(read(UID, 8, "        ")).isZero();
  }

  @Test
  void numbersWithOneWrongByteAnywhereAreRefused() {
    for (int at = 0; at < 8; at++) {
      for (char wrong : "89/:@?xX-+\u00b0p\u0080\u00ff".toCharArray()) {
        String field = "1234567\0";
        String bad = field.substring(0, at) + wrong + field.substring(at + 1);
        if (at == 0 && wrong > 0x7f) {
          continue; // base 256
        }
        assertThatThrownBy(() -> read(UID, 8, bad))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("expected octal");
      }
    }
    for (int at = 0; at < 12; at++) {
      String field = "12345671234\0";
      String bad = field.substring(0, at) + '8' + field.substring(at + 1);
      assertThatThrownBy(() -> read(SIZE, 12, bad)).hasMessageContaining("expected octal");
    }
  }
}
