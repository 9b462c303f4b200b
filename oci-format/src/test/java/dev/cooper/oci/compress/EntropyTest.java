package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EntropyTest {
  private static final int LENGTH = 16 * 1024;

  private final Entropy entropy = new Entropy();

  private boolean isPacked(byte[] bytes) {
    return entropy.isPacked(bytes, 0, bytes.length - LENGTH, LENGTH);
  }

  @Test
  void isPackedWhenBytesAreRandomIsTrue() {
    assertThat(isPacked(Samples.random(LENGTH))).isTrue();
    assertThat(isPacked(Samples.random(3 * LENGTH))).isTrue();
  }

  @Test
  void isPackedWhenBytesAreOfFewKindsIsFalse() {
    assertThat(isPacked(Samples.text(LENGTH))).isFalse();
    assertThat(isPacked(new byte[LENGTH])).isFalse();
  }

  /** Every byte is as frequent as any other, but deflate finds them in its window. */
  @Test
  void isPackedWhenRandomBytesRepeatIsFalse() {
    for (int period : new int[] {1000, 4097, 10_000, 30_001}) {
      byte[] once = Samples.random(period);
      byte[] bytes = new byte[3 * LENGTH];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = once[i % period];
      }
      assertThat(isPacked(bytes)).as("period %d", period).isFalse();
    }
  }
}
