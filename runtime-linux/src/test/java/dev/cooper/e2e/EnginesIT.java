package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Other engines take, run and give back what was built. */
class EnginesIT extends EndToEnd {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void runWhenUmociUnpackedItForAnOrdinaryUserSaysWhatItShould() throws IOException {
    Tools.require("umoci", "runc", "skopeo");
    Image image;
    try (WorkingContainer c = container()) {
      image =
          c.run("echo built > /made && chown 5:6 /made && ln -s made /link")
              .env("SAID", "so")
              .workdir("/srv/real")
              .entrypoint("/bin/sh", "-c")
              .cmd("cat /link old; echo $SAID; id -u; pwd")
              .commit("app:x");
    }
    Path layout = temp.resolve("layout");
    image.save(layout, SaveOptions.ociLayout());
    Path plain = temp.resolve("plain");
    Tools.run("skopeo", "copy", "-q", "oci:" + layout, "oci:" + plain + ":x");
    Path bundle = temp.resolve("bundle");
    Tools.run("umoci", "unpack", "--rootless", "--image", plain + ":x", bundle.toString());
    assertThat(run(bundle)).isEqualTo("built\nold\nso\n0\n/srv/real\n");
  }

  private String run(Path bundle) throws IOException {
    Path config = bundle.resolve("config.json");
    ObjectNode tree = (ObjectNode) JSON.readTree(config.toFile());
    ((ObjectNode) tree.get("process")).put("terminal", false);
    Files.write(config, JSON.writeValueAsBytes(tree));
    Tools.Ended ended =
        Tools.attempt(
            Map.of(),
            "runc",
            "--rootless",
            "true",
            "--root",
            temp.resolve("runc").toString(),
            "run",
            "--bundle",
            bundle.toString(),
            "cooper-engines-" + ProcessHandle.current().pid());
    assertThat(ended.status()).as(ended.output()).isZero();
    return ended.output();
  }

  @Test
  void loadWhenPodmanReadsTheDockerArchiveHasTheImage() throws IOException {
    Tools.require("podman");
    Image image;
    try (WorkingContainer c = container()) {
      image =
          c.run("rm /srv/file && echo built > /made")
              .user("app")
              .cmd("/bin/cat", "/made")
              .commit(o -> o.dockerFormat(), "example.com/app:1");
    }
    Path archive = temp.resolve("archive.tar");
    image.save(archive, SaveOptions.dockerArchive());
    // Of 50 characters at most, as podman wants it.
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "cooper-podman-");
    try {
      assertThat(podman(directory, "load", "--input", archive.toString()))
          .contains("example.com/app:1");
      JsonNode inspected =
          JSON.readTree(
                  podman(directory, "image", "inspect", "example.com/app:1")
                      .replaceAll("(?m)^time=.*$", ""))
              .get(0);
      assertThat(inspected.get("Id").asText()).isEqualTo(image.id().hex());
      assertThat(inspected.get("User").asText()).isEqualTo("app");
      assertThat(inspected.get("RootFS").get("Layers"))
          .extracting(JsonNode::asText)
          .containsExactlyElementsOf(
              image.config().diffIds().stream().map(Object::toString).toList());
    } finally {
      podman(directory, "rmi", "--all", "--force");
      if (Tools.isRoot()) {
        Tools.run("rm", "-rf", directory.toString());
      } else {
        Tools.run("podman", "unshare", "rm", "-rf", directory.toString());
      }
    }
  }

  private static String podman(Path directory, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "podman",
                "--root",
                directory.resolve("root").toString(),
                "--runroot",
                directory.resolve("run").toString(),
                "--storage-driver",
                "vfs"));
    command.addAll(List.of(arguments));
    return Tools.run(command.toArray(new String[0]));
  }

  /** What Docker's format has and OCI's has not comes through skopeo and back as it was. */
  @Test
  void loadWhenSkopeoPassedItOnKeepsHealthcheckShellAndOnbuild() throws IOException {
    Tools.require("skopeo");
    Healthcheck check =
        new Healthcheck(
            List.of("CMD", "/bin/true"),
            Duration.ofSeconds(7),
            Duration.ofMillis(2_500),
            Duration.ofSeconds(3),
            Duration.ZERO,
            4,
            Map.of());
    Image image;
    try (WorkingContainer c = container()) {
      image =
          c.healthcheck(check)
              .shell("/bin/busybox", "sh", "-c")
              .onbuild("RUN true")
              .onbuild("COPY . /app")
              .commit(o -> o.dockerFormat(), "example.com/app:1");
    }
    assertThat(image.manifest().mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
    Path ours = temp.resolve("ours.tar");
    image.save(ours, SaveOptions.dockerArchive());
    Path theirs = temp.resolve("theirs.tar");
    Tools.run(
        "skopeo",
        "copy",
        "-q",
        "docker-archive:" + ours,
        "docker-archive:" + theirs + ":example.com/app:2");
    JsonNode inner =
        JSON.readTree(
                Tools.run("skopeo", "inspect", "--config", "--raw", "docker-archive:" + theirs))
            .get("config");
    assertThat(inner.get("Healthcheck").get("Test").toString())
        .isEqualTo("[\"CMD\",\"/bin/true\"]");
    assertThat(inner.get("Healthcheck").get("Interval").asLong()).isEqualTo(7_000_000_000L);
    assertThat(inner.get("Healthcheck").get("Timeout").asLong()).isEqualTo(2_500_000_000L);
    assertThat(inner.get("Healthcheck").get("Retries").asInt()).isEqualTo(4);
    assertThat(inner.get("Shell").toString()).isEqualTo("[\"/bin/busybox\",\"sh\",\"-c\"]");
    assertThat(inner.get("OnBuild").toString()).isEqualTo("[\"RUN true\",\"COPY . /app\"]");
    try (Cooper other = builder().store(temp.resolve("other")).build()) {
      Image back = other.load(theirs).get(0);
      assertThat(back.names()).containsExactly("example.com/app:2");
      ContainerConfig config = back.config().config();
      assertThat(config.healthcheck()).isEqualTo(check);
      assertThat(config.shell()).containsExactly("/bin/busybox", "sh", "-c");
      assertThat(config.onBuild()).containsExactly("RUN true", "COPY . /app");
      back.remove();
    }
  }

  @Test
  void importRootWhenATarballRepeatsPathsIsTakenByBuildah() throws IOException {
    Tools.require("buildah");
    Path tarball = temp.resolve("repeats.tar");
    Files.write(
        tarball,
        Tars.of(
            tar -> {
              Tars.directory(tar, "etc", 0700);
              Tars.file(tar, "etc/a", 0600, "old");
              tar.put(TarEntry.hardlink(ByteString.utf8("etc/b"), ByteString.utf8("etc/a")));
              Tars.file(tar, "./etc/a", 0644, "new");
              Tars.directory(tar, "./etc/", 0755);
            }));
    Image image = cooper.importRoot(tarball).tag("repeats:1");
    Path archive = temp.resolve("archive.tar");
    image.save(archive, SaveOptions.ociArchive());
    try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
      String container = buildah.from("oci-archive:" + archive);
      Path out = temp.resolve("theirs");
      buildah.run("commit", "--disable-compression", "--squash", container, "oci:" + out + ":x");
      Map<String, Tars.Found> files = Layouts.last(out);
      assertThat(files.get("etc").line()).startsWith("DIRECTORY 0755");
      assertThat(files.get("etc/a").line()).startsWith("FILE 0644 0:0 3 ").endsWith(" new");
      assertThat(files.get("etc/b").line()).startsWith("FILE 0600 0:0 3 ").endsWith(" old");
    }
  }
}
