package dev.cooper.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ImageReference;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ImagePlaceTest {
  @Test
  void parseTakesSkopeosWords() {
    assertThat(ImagePlace.parse("docker://dind"))
        .isEqualTo(new ImagePlace.Registry(ImageReference.parse("dind")));
    assertThat(ImagePlace.parse("docker-daemon:app:1")).isEqualTo(new ImagePlace.Daemon("app:1"));
    assertThat(ImagePlace.parse("docker-archive:a.tar:x:1"))
        .isEqualTo(new ImagePlace.File(ImagePlace.Kind.DOCKER_ARCHIVE, Path.of("a.tar"), "x:1"));
    assertThat(ImagePlace.parse("oci-archive:a.tar"))
        .isEqualTo(new ImagePlace.File(ImagePlace.Kind.OCI_ARCHIVE, Path.of("a.tar"), null));
  }

  /** Docker's own image of that name, by a tag, is one of the store like any other. */
  @Test
  void parseWhenAnImageIsCalledDockerTakesItForOne() {
    assertThat(ImagePlace.parse("docker:dind")).isEqualTo(new ImagePlace.Stored("docker:dind"));
  }
}
