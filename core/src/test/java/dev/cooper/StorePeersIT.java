package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store as other tools see it: an OCI image layout, as it is. */
class StorePeersIT {
  private static final String DEBIAN = "docker.io/library/debian:12";
  private static final String APP = "localhost:5000/x/app:1";

  @TempDir Path directory;
  private Path store;

  @BeforeEach
  void makeStore() throws IOException {
    store = directory.resolve("store");
    try (Store opened = TestImages.open(store)) {
      TestImages.add(opened, DEBIAN, Compression.GZIP, TestImages.greeting("debian"));
      TestImages.add(opened, APP, Compression.ZSTD, TestImages.greeting("app"));
      TestImages.add(opened, null, Compression.NONE, TestImages.greeting("nameless"));
    }
  }

  private static void require(String tool) {
    boolean there =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .anyMatch(each -> Files.isExecutable(Path.of(each, tool)));
    if (!there && "true".equals(System.getenv("CI"))) {
      throw new AssertionError(tool + " is not installed, and this is CI");
    }
    assumeTrue(there, tool + " is not installed");
  }

  private String run(String... command) throws IOException, InterruptedException {
    require(command[0]);
    Process process =
        new ProcessBuilder(List.of(command))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }

  @Test
  void skopeoInspectsImagesByTheirWholeNames() throws Exception {
    for (String name : List.of(DEBIAN, APP)) {
      assertThat(run("skopeo", "inspect", "--config", "oci:" + store + ":" + name))
          .contains("\"architecture\": \"" + Platform.current().architecture() + "\"");
    }
  }

  /** A name of several platforms is an index, and one that is not touched stays as it was. */
  @Test
  void skopeoAndBuildahChooseAmongPlatforms() throws Exception {
    Platform other =
        Platform.parse(
            Platform.current().architecture().equals("arm64") ? "linux/amd64" : "linux/arm64");
    try (Cooper cooper = Cooper.builder().store(store).build()) {
      for (Platform platform : List.of(Platform.current(), other)) {
        try (WorkingContainer c = cooper.from("scratch", platform)) {
          c.write("/which", platform.toString()).commit("localhost/multi:1");
        }
      }
    }
    for (Platform platform : List.of(Platform.current(), other)) {
      String place = "oci:" + store + ":localhost/multi:1";
      assertThat(
              run(
                  "skopeo",
                  "--override-arch=" + platform.architecture(),
                  "inspect",
                  "--config",
                  place))
          .contains("\"architecture\": \"" + platform.architecture() + "\"");
      run(
          "buildah",
          "--root=" + directory.resolve("root"),
          "--runroot=" + directory.resolve("run"),
          "--storage-driver=vfs",
          "pull",
          "--arch=" + platform.architecture(),
          place);
    }
    assertThat(run("umoci", "ls", "--layout", store.toString()))
        .contains(DEBIAN, APP, "localhost/multi:1");
    run("umoci", "gc", "--layout", store.toString());
    try (Cooper cooper = Cooper.builder().store(store).build()) {
      assertThat(cooper.image("localhost/multi:1", other).platform()).isEqualTo(other);
      assertThat(cooper.image("localhost/multi:1").platform()).isEqualTo(Platform.current());
    }
  }

  @Test
  void umociListsAndUnpacks() throws Exception {
    assertThat(run("umoci", "ls", "--layout", store.toString())).contains(DEBIAN, APP);
    Path bundle = directory.resolve("bundle");
    run("umoci", "unpack", "--rootless", "--image", store + ":" + DEBIAN, bundle.toString());
    assertThat(bundle.resolve("rootfs/greeting")).hasContent("debian");
  }

  @Test
  void buildahPulls() throws Exception {
    for (String name : List.of(DEBIAN, APP)) {
      run(
          "buildah",
          "--root=" + directory.resolve("root"),
          "--runroot=" + directory.resolve("run"),
          "--storage-driver=vfs",
          "pull",
          "oci:" + store + ":" + name);
    }
  }
}
