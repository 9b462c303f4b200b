package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers that try to reach outside, where layers are copied into one tree. */
@Timeout(120)
final class CopiedHostileIT {
  @RegisterExtension static final BusyboxHost HOST = BusyboxHost.copying();

  @ParameterizedTest
  @MethodSource("dev.cooper.linux.HostileLayerIT#plants")
  void mountWhenALowerLayerHasALinkStaysInside(List<String> plant) throws IOException {
    Path canary = HOST.directory();
    Files.createDirectory(canary.resolve("dir"));
    for (String file : List.of("victim", "dir/inner")) {
      Files.writeString(canary.resolve(file), "untouched");
    }
    Path lower =
        HOST.layer(
            it ->
                it.file("own", "mine").symlink(plant.get(0), String.format(plant.get(2), canary)));
    for (TarEntry entry : HostileLayerIT.everyType(ByteString.utf8(plant.get(1)))) {
      Path upper = HOST.directory();
      try {
        HOST.unpack(upper, it -> it.file("own", "mine").put(entry));
        try (Rootfs root = HOST.root(lower, upper);
            var output = root.write()) {
          output.put(entry);
          output.finish();
          sh(root, "true");
        }
      } catch (CooperException refused) {
        assertThat(refused).hasMessageMatching("(?s).{10,}");
      }
      HOST.runtime().delete(upper);
      assertThat(canary.resolve("victim")).hasContent("untouched");
      assertThat(canary.resolve("dir/inner")).hasContent("untouched");
      assertThat(canary.toFile().list()).containsExactlyInAnyOrder("victim", "dir");
      assertThat(canary.resolve("dir").toFile().list()).containsExactly("inner");
    }
  }
}
