package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we write, others read; what others write, we read. */
class PeerIT {
  private static final String NAME = "docker.io/library/app:1";

  @TempDir Path temp;
  private final TestImage image = TestImage.of("x", MediaType.OCI_LAYER_GZIP);

  @BeforeEach
  void write() throws IOException {
    image.writeAndCommit(OciLayout.create(temp.resolve("layout")), NAME);
    image.writeAndCommit(OciArchive.create(temp.resolve("oci.tar")), NAME);
    image.writeAndCommit(DockerArchive.create(temp.resolve("docker.tar")), NAME, "org/b:2");
  }

  private String skopeo(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy"));
    command.addAll(List.of(arguments));
    return PeerTool.run(temp, command.toArray(String[]::new));
  }

  /** The image in a place, which has to be valid and alone there. */
  private ImageConfig only(Path place) throws IOException {
    assertThat(Validator.validate(place)).isEmpty();
    try (ContentReader reader = Layouts.open(place)) {
      assertThat(reader.index().manifests()).hasSize(1);
      Descriptor descriptor = reader.index().manifests().get(0);
      Manifest manifest = Manifest.parse(reader.read(descriptor), descriptor.mediaType());
      ImageConfig config = ImageConfig.parse(reader.read(manifest.config()));
      config.requireLayers(manifest);
      return config;
    }
  }

  @Test
  void skopeoReadsWhatWeWrite() throws IOException {
    for (String place :
        List.of(
            "oci:layout:" + NAME,
            "oci-archive:oci.tar:" + NAME,
            "docker-archive:docker.tar:" + NAME,
            "docker-archive:docker.tar:org/b:2")) {
      assertThat(skopeo("inspect", "--config", place))
          .as(place)
          .contains(image.config.diffIds().get(0).toString())
          .contains(image.config.diffIds().get(1).toString());
      Path copy = temp.resolve("copy-of-" + place.replaceAll("[^a-z0-9]", "-"));
      skopeo("copy", place, "oci:" + copy + ":x");
      assertThat(only(copy)).isEqualTo(image.config);
    }
  }

  @Test
  void weReadWhatSkopeoWrites() throws IOException {
    String place = "oci:layout:" + NAME;
    skopeo("copy", place, "docker-archive:skopeo-docker.tar:" + NAME);
    assertThat(only(temp.resolve("skopeo-docker.tar"))).isEqualTo(image.config);
    skopeo("copy", place, "oci-archive:skopeo-oci.tar:" + NAME);
    assertThat(only(temp.resolve("skopeo-oci.tar"))).isEqualTo(image.config);
    skopeo("copy", "--format", "v2s2", place, "oci:skopeo-layout:x");
    assertThat(only(temp.resolve("skopeo-layout"))).isEqualTo(image.config);
  }

  @Test
  void umociReadsWhatWeWrite() throws IOException {
    Path layout = temp.resolve("umoci");
    try (ContentWriter writer = OciLayout.create(layout)) {
      image.write(writer);
      writer.commit(Index.of(List.of(image.descriptor.withAnnotation(ImageNames.REF_NAME, "1.0"))));
    }
    assertThat(PeerTool.run(temp, "umoci", "ls", "--layout", layout.toString())).contains("1.0");
    assertThat(PeerTool.run(temp, "umoci", "stat", "--image", layout + ":1.0"))
        .contains(image.manifest.layers().get(1).digest().toString())
        .contains("base");
  }

  @Test
  void weReadWhatUmociWrites() throws IOException {
    Path layout = temp.resolve("umoci");
    PeerTool.run(temp, "umoci", "init", "--layout", layout.toString());
    try (ContentReader reader = Layouts.open(layout)) {
      assertThat(reader.index().manifests()).isEmpty();
    }
    assertThat(Validator.validate(layout))
        .extracting(Violation::where)
        .containsExactly("index.json.manifests");
    PeerTool.run(temp, "umoci", "new", "--image", layout + ":x");
    assertThat(only(layout).platform().os()).isEqualTo("linux");
  }

  /** Podman wants no more than 50 characters for its run directory, so names are short. */
  @Test
  void podmanLoadsWhatWeWrite() throws IOException {
    for (String archive : List.of("docker.tar", "oci.tar")) {
      Path storage = Files.createDirectory(temp.resolve(archive.substring(0, 1)));
      String[] podman = {"podman", "--root", storage + "/a", "--runroot", storage + "/r"};
      assertThat(run(podman, "--storage-driver", "vfs", "load", "-i", archive)).contains(NAME);
      assertThat(run(podman, "--storage-driver", "vfs", "inspect", "--format", "{{.ID}}", NAME))
          .contains(image.manifest.config().digest().hex());
    }
  }

  @Test
  void weReadWhatPodmanSaves() throws IOException {
    Path storage = Files.createDirectory(temp.resolve("s"));
    String[] podman = {"podman", "--root", storage + "/a", "--runroot", storage + "/r"};
    run(podman, "--storage-driver", "vfs", "load", "-i", "docker.tar");
    for (String format : List.of("docker-archive", "oci-archive")) {
      String file = "saved-" + format + ".tar";
      run(podman, "--storage-driver", "vfs", "save", "--format", format, "-o", file, NAME);
      assertThat(only(temp.resolve(file)).diffIds()).isEqualTo(image.config.diffIds());
    }
  }

  private String run(String[] program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return PeerTool.run(temp, command.toArray(String[]::new));
  }

  @Test
  void buildahPullsWhatWeWrite() throws IOException {
    Path storage = Files.createDirectory(temp.resolve("s"));
    String[] buildah = {
      "buildah",
      "--root",
      storage + "/root",
      "--runroot",
      storage + "/run",
      "--storage-driver",
      "vfs"
    };
    String said = run(buildah, "pull", "docker-archive:" + temp.resolve("docker.tar") + ":" + NAME);
    assertThat(said).contains(image.manifest.config().digest().hex());
  }
}
