package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.Decompression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class UnpackingTest {
  @Test
  void copyWhenABombGoesOnStopsAtTheLimit() throws IOException {
    byte[] bomb = TestImage.pack(new byte[50_000_000], Compression.GZIP);
    assertThat(bomb).hasSizeLessThan(500_000);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (InputStream in = Decompression.open(new ByteArrayInputStream(bomb))) {
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> Unpacking.copy(in, out, "it", 1_000_000))
          .withMessage("it unpacks to more than 1000000 bytes");
    }
    assertThat(out.size()).isLessThanOrEqualTo(1_000_000);
  }

  @Test
  void copyWhenWithinTheLimitCopiesAll() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Unpacking.copy(new ByteArrayInputStream(new byte[1000]), out, "it", 1000);
    assertThat(out.size()).isEqualTo(1000);
  }
}
