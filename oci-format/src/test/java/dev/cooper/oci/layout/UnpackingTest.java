package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.Decompression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class UnpackingTest {
  private static final ImageLimits LIMITS = ImageLimits.DEFAULT.withImageBytes(1_000_000);

  @Test
  void copyWhenABombGoesOnStopsAtTheLimit() throws IOException {
    byte[] bomb = TestImage.pack(new byte[50_000_000], Compression.GZIP);
    assertThat(bomb).hasSizeLessThan(500_000);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (InputStream in = Decompression.open(new ByteArrayInputStream(bomb))) {
      assertThatExceptionOfType(ContentException.class)
          .isThrownBy(() -> Unpacking.copy(in, out, "it", LIMITS, bomb.length))
          .withMessage(
              "it unpacks to 1048576 bytes or more, over the limit imageBytes of 1000000: if this is to be"
                  + " trusted, raise it, with ImageLimits.withImageBytes and Cooper.builder().limits");
    }
    assertThat(out.size()).isLessThanOrEqualTo(1_000_000);
  }

  @Test
  void copyWhenWithinTheLimitCopiesAll() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Unpacking.copy(
        new ByteArrayInputStream(new byte[1000]), out, "it", LIMITS.withImageBytes(1000), 1000);
    assertThat(out.size()).isEqualTo(1000);
  }
}
