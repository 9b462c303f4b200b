package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LayerOutputTest {
  @ParameterizedTest
  @EnumSource(Compression.class)
  void digestsAreThoseOfWhatWentInAndCameOut(Compression compression) throws IOException {
    byte[] tar = Samples.text(1_000_000);
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    LayerOutput layer = new LayerOutput(blob, compression);
    try (layer) {
      layer.write(tar[0]);
      layer.write(tar, 1, 10);
      layer.write(tar, 11, tar.length - 11);
      assertThatThrownBy(layer::diffId).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(layer::digest).isInstanceOf(IllegalStateException.class);
    }
    assertThat(layer.diffId()).isEqualTo(Digest.sha256(tar));
    assertThat(layer.uncompressedSize()).isEqualTo(tar.length);
    assertThat(layer.digest()).isEqualTo(Digest.sha256(blob.toByteArray()));
    assertThat(layer.size()).isEqualTo(blob.size());
    assertThat(layer.digest().equals(layer.diffId())).isEqualTo(compression == Compression.NONE);
  }

  @Test
  void digestWhenWritesAreLargeAndSmallIsThatOfAllOfThem() throws IOException {
    byte[] bytes = Samples.random(3_000_000);
    ByteArrayOutputStream below = new ByteArrayOutputStream();
    try (DigestingOutputStream out = new DigestingOutputStream(below)) {
      int at = 0;
      for (int length = 1; at < bytes.length; length = length * 3 % 500_009) {
        int n = Math.min(length, bytes.length - at);
        out.write(bytes, at, n);
        at += n;
      }
      assertThat(out.digest()).isEqualTo(Digest.sha256(bytes));
      assertThat(out.size()).isEqualTo(bytes.length);
      assertThat(below.toByteArray()).isEqualTo(bytes);
      assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
    }
  }
}
