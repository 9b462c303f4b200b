package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Function;

/**
 * A manifest, index or config of any bytes: refused with a {@link ContentException}, or read, and
 * then it survives being written and read again.
 */
public final class DocumentFuzz {
  private DocumentFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    check(input, Manifest::parse, Manifest::toBytes);
    check(input, Index::parse, Index::toBytes);
    check(input, ImageConfig::parse, ImageConfig::toBytes);
  }

  /** Whether it was read. */
  static <T> boolean check(byte[] input, Function<byte[], T> parser, Function<T, byte[]> writer) {
    T value;
    try {
      value = parser.apply(input);
    } catch (ContentException e) {
      assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(2000);
      return false;
    }
    byte[] written = writer.apply(value);
    assertThat(parser.apply(written)).isEqualTo(value);
    assertThat(writer.apply(parser.apply(written))).isEqualTo(written);
    return true;
  }
}
