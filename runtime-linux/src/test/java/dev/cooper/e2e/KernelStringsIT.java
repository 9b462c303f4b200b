package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.OciLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * What an image or a caller says with a NUL in it is refused, not cut where the kernel reads it.
 */
class KernelStringsIT extends EndToEnd {
  private Image image(String name, UnaryOperator<ContainerConfig> edit) throws IOException {
    byte[] tar = Bases.busybox();
    Path directory = temp.resolve(name);
    ImageConfig config = ImageConfig.of(Platform.current()).withDiffId(Digest.sha256(tar));
    byte[] document = config.withConfig(edit.apply(config.config())).toBytes();
    try (ContentWriter to = OciLayout.create(directory)) {
      Descriptor layer = Descriptor.of(MediaType.OCI_LAYER, tar);
      to.blob(layer, tar);
      Descriptor described = Descriptor.of(MediaType.OCI_CONFIG, document);
      to.blob(described, document);
      byte[] manifest = Manifest.of(MediaType.OCI_MANIFEST, described, List.of(layer)).toBytes();
      to.blob(Descriptor.of(MediaType.OCI_MANIFEST, manifest), manifest);
      to.commit(Index.of(List.of(Descriptor.of(MediaType.OCI_MANIFEST, manifest))));
    }
    return cooper.load(directory).get(0);
  }

  private void assertRefused(String name, UnaryOperator<ContainerConfig> edit, String named)
      throws IOException {
    try (WorkingContainer c = cooper.from(image(name, edit))) {
      assertThatThrownBy(() -> c.run("echo ran > /ran"))
          .as(name)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(named)
          .hasMessageMatching("(?s).*(NUL|has no user).*")
          .hasMessageNotContaining("canary");
    }
  }

  @Test
  void runWhenAnImagesConfigHoldsANulSaysWhere() throws IOException {
    assertRefused("env", it -> it.withEnv(List.of("SAFE=1\0canary")), "\"SAFE\"");
    assertRefused("name", it -> it.withEnv(List.of("SA\0FE=canary")), "SA\\u0000FE");
    assertRefused("path", it -> it.withEnv(List.of("PATH=/bin\0:canary")), "\"PATH\"");
    assertRefused("workdir", it -> it.withWorkingDir("/srv\0/real"), "/srv\\u0000/real");
    assertRefused("shell", it -> it.withShell(List.of("/bin/sh\0", "-c")), "/bin/sh\\u0000");
    assertRefused("user", it -> it.withUser("app\0x"), "app");
  }

  @Test
  void runWhenACallersValueHoldsANulFails() throws IOException {
    try (WorkingContainer c = container()) {
      Command command = Command.shell("true");
      List<Supplier<Command>> refused =
          List.of(
              () -> command.workdir("/srv\0/real"),
              () -> command.mount(Mount.tmpfs("/mnt\0/x")),
              () -> command.user("root\0"),
              () -> command.env("A", "b\0"));
      for (Supplier<Command> bad : refused) {
        assertThatThrownBy(() -> c.run(bad.get())).isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(c.exec("/bin/true").status()).isZero();
    }
  }
}
