package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ImageReference;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LocalHost:5000",
        "a.localhost:1",
        "127.0.0.1",
        "127.1.2.3:80",
        "[::1]",
        "[::1]:5000"
      })
  void directWhenOnThisMachineAllowsPlainHttp(String registry) throws IOException {
    ImageReference reference = new ImageReference(registry, "a", "1", null);
    assertThat(EndpointResolver.DIRECT.endpoints(reference))
        .containsExactly(new Endpoint(registry, "a", true, false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com:80",
        "128.0.0.1",
        "[::2]:5000",
        "127.0.0.1x"
      })
  void directWhenElsewhereAllowsTlsAlone(String registry) throws IOException {
    ImageReference reference = new ImageReference(registry, "a", "1", null);
    assertThat(EndpointResolver.DIRECT.endpoints(reference))
        .containsExactly(new Endpoint(registry, "a", false, false));
  }

  @Test
  void hostWhenDockerHubIsWhereItsRegistryIs() {
    assertThat(new Endpoint("docker.io", "library/a", false, false).host())
        .isEqualTo("registry-1.docker.io");
    assertThat(new Endpoint("example.com:5000", "a", false, false).host())
        .isEqualTo("example.com:5000");
  }
}
