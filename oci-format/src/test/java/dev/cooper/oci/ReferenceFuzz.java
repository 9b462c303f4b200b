package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

/** Any text as a reference, a digest, a platform or a media type: refused, or the same again. */
public final class ReferenceFuzz {
  private ReferenceFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    reference(text);
    try {
      assertThat(Digest.parse(text)).hasToString(text);
    } catch (ContentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    try {
      assertThat(new MediaType(text)).isEqualTo(new MediaType(text));
      MediaType.ofHeader(text);
    } catch (ContentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    try {
      Platform platform = Platform.parse(text);
      assertThat(Platform.parse(platform.toString())).isEqualTo(platform);
    } catch (ContentException | IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  static void reference(String text) {
    ImageReference reference;
    try {
      reference = ImageReference.parse(text);
    } catch (ContentException e) {
      assertThat(e.getMessage()).contains(Text.quote(text));
      return;
    }
    assertThat(ImageReference.parse(reference.toString())).as(text).isEqualTo(reference);
    assertThat(ImageReference.parse(reference.familiar())).as(text).isEqualTo(reference);
  }
}
