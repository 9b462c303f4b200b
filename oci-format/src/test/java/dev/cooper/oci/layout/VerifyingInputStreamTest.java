package dev.cooper.oci.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class VerifyingInputStreamTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);
  private static final Descriptor RIGHT = Descriptor.of(MediaType.OCI_LAYER, CONTENT);

  private static InputStream over(byte[] content, Descriptor descriptor) {
    return new VerifyingInputStream(new ByteArrayInputStream(content), descriptor, "here");
  }

  @Test
  void readWhenRightGivesAll() throws IOException {
    assertThat(over(CONTENT, RIGHT)).hasBinaryContent(CONTENT);
    InputStream in = over(CONTENT, RIGHT);
    assertThat(in.skip(3)).isEqualTo(3);
    assertThat(in.read()).isEqualTo('t');
    assertThat(in.available()).isEqualTo(3);
    assertThat(in.skip(9)).isEqualTo(3);
    assertThat(in.read()).isEqualTo(-1);
    assertThat(in.read(new byte[1])).isEqualTo(-1);
  }

  @Test
  void readWhenEmptyAndRightGivesTheEnd() throws IOException {
    Descriptor empty = Descriptor.of(MediaType.OCI_LAYER, new byte[0]);
    assertThat(over(new byte[0], empty).read()).isEqualTo(-1);
    assertRefused(over(CONTENT, empty), "has more than 0 bytes");
  }

  @Test
  void readWhenAByteDiffersKeepsTheLastOne() throws IOException {
    InputStream in = over("Content".getBytes(UTF_8), RIGHT);
    assertThat(in.readNBytes(CONTENT.length - 1)).hasSize(CONTENT.length - 1);
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(in::read)
        .withMessageContaining("here: content of blob " + RIGHT.digest());
  }

  @Test
  void readWhenSizeIsOneLessOrMoreSaysSo() {
    Digest digest = RIGHT.digest();
    assertRefused(
        over(CONTENT, Descriptor.of(MediaType.OCI_LAYER, digest, 6)), "has more than 6 bytes");
    assertRefused(
        over(CONTENT, Descriptor.of(MediaType.OCI_LAYER, digest, 8)),
        "ends after 7 bytes, expected 8");
    assertRefused(
        over(CONTENT, Descriptor.of(MediaType.OCI_LAYER, digest, Long.MAX_VALUE)), "ends after 7");
  }

  private static void assertRefused(InputStream in, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(in::readAllBytes)
        .withMessageContaining(message);
  }
}
