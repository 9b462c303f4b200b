package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.Validator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images leave as files and come back, by way of the peers. */
class SaveLoadIT extends EndToEnd {
  private Image image;

  @BeforeEach
  void makeImage() throws IOException {
    try (WorkingContainer c = container()) {
      image =
          c.run("mkdir /made && echo 1 > /made/one && chown 5:6 /made/one && rm /srv/file")
              .copy(host("file", "copied"), "/copied", o -> o.owner("app").mode(0750))
              .user("app")
              .cmd("/bin/cat", "/copied")
              .commit("example.com/app:1");
    }
  }

  private static SaveOptions options(String format, String compression) {
    SaveOptions options =
        switch (format) {
          case "oci-archive" -> SaveOptions.ociArchive();
          case "oci" -> SaveOptions.ociLayout();
          default -> SaveOptions.dockerArchive();
        };
    return format.equals("docker-archive")
        ? options
        : options.compression(Compression.valueOf(compression));
  }

  @ParameterizedTest
  @CsvSource({
    "oci-archive, NONE",
    "oci-archive, GZIP",
    "oci-archive, ZSTD",
    "oci, NONE",
    "oci, GZIP",
    "oci, ZSTD",
    "docker-archive, NONE"
  })
  void saveWhenPeersOpenItHoldsTheImage(String format, String compression) throws IOException {
    Tools.require("skopeo", "buildah");
    Path saved = temp.resolve("saved");
    image.save(saved, options(format, compression));
    assertThat(Validator.validate(saved)).isEmpty();

    String inspected = Tools.run("skopeo", "inspect", "--config", format + ":" + saved);
    assertThat(inspected).contains("/copied").contains("\"app\"");
    // skopeo checks every digest and diffID as it copies.
    Path copied = temp.resolve("copied");
    Tools.run("skopeo", "copy", "-q", format + ":" + saved, "oci:" + copied + ":x");
    assertThat(Layouts.last(copied))
        .containsOnlyKeys("copied", "made", "made/one", "srv", "srv/.wh.file");

    try (Cooper other = builder().store(temp.resolve("other")).build()) {
      List<Image> loaded = other.load(saved);
      assertThat(loaded).hasSize(1);
      assertThat(loaded.get(0).id()).isEqualTo(image.id());
      assertThat(loaded.get(0).names()).containsExactly("example.com/app:1");
      try (WorkingContainer c = loaded.get(0).container()) {
        assertThat(cat(c, "/copied")).isEqualTo("copied");
      }
      assertThat(Validator.validate(temp.resolve("other"))).isEmpty();
      loaded.forEach(Image::remove);
    }
  }

  @ParameterizedTest
  @CsvSource({"oci-archive, GZIP", "oci-archive, ZSTD", "docker-archive, NONE"})
  void saveWhenBuildahPullsItHasTheFiles(String format, String compression) throws IOException {
    Tools.require("buildah");
    Path saved = temp.resolve("saved");
    image.save(saved, options(format, compression));
    try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
      String container = buildah.from(format + ":" + saved);
      Path out = temp.resolve("theirs");
      buildah.run("commit", "--disable-compression", "--squash", container, "oci:" + out + ":x");
      var files = Layouts.last(out);
      assertThat(files.get("copied").line()).startsWith("FILE 0750 1000:1001 6 ");
      assertThat(files.get("made/one").line()).startsWith("FILE 0644 5:6 2 ");
      assertThat(files).doesNotContainKey("srv/file").containsKey("bin/busybox");
    }
  }

  /** Docker's classic store knows no OCI layout: it reads manifest.json. */
  @Test
  void saveWhenDockersClassicStoreLoadsItHasTheImages() throws Exception {
    Tools.requireRoot("a Docker daemon");
    Image second;
    try (WorkingContainer c = image.container()) {
      second =
          c.user("root").run("echo 2 > /made/two").cmd("/bin/cat", "/made/two").commit("second:2");
    }
    Path one = temp.resolve("one.tar");
    Path both = temp.resolve("both.tar");
    Path again = temp.resolve("again.tar");
    Path zstd = temp.resolve("zstd.tar");
    image.save(one);
    cooper.save(List.of(image, second), both, SaveOptions.ociArchive());
    cooper.save(List.of(image, second), again, SaveOptions.ociArchive());
    assertThat(again).hasSameBinaryContentAs(both);
    assertThat(Validator.validate(both)).isEmpty();
    assertThat(notices()).noneMatch(each -> each.contains("zstd"));
    second.save(zstd, SaveOptions.ociArchive().compression(Compression.ZSTD));
    assertThat(notices())
        .anyMatch(each -> each.contains("zstd.tar") && each.contains("save with gzip"));
    try (Dockerd docker = Dockerd.start(temp.resolve("docker"), "--storage-driver=vfs")) {
      assertThat(docker.run("load", "-i", one.toString())).contains("example.com/app:1");
      assertThat(docker.run("inspect", "--format={{.Id}}", "example.com/app:1").strip())
          .isEqualTo(image.id().toString());
      assertThat(docker.run("load", "-i", both.toString())).contains("second:2");
      assertThat(docker.run("inspect", "--format={{.Id}} {{.Config.Cmd}}", "second:2").strip())
          .isEqualTo(second.id() + " [/bin/cat /made/two]");
      docker.run("rmi", "second:2");
      Tools.Ended refused = docker.attempt("load", "-i", zstd.toString());
      assertThat(refused.status() == 0 || refused.toString().contains("ApplyLayer"))
          .as("%s", refused)
          .isTrue();
    }
  }

  private List<String> notices() {
    return events.stream()
        .filter(dev.cooper.event.BuildEvent.Notice.class::isInstance)
        .map(each -> ((dev.cooper.event.BuildEvent.Notice) each).message())
        .toList();
  }

  @Test
  void saveWhenPodmanLoadsItHasTheImages() throws IOException {
    Tools.require("podman");
    Path both = temp.resolve("both.tar");
    Image second;
    try (WorkingContainer c = image.container()) {
      second = c.env("A", "b").commit("second:2");
    }
    cooper.save(List.of(image, second), both, SaveOptions.ociArchive());
    // Podman wants a run root of at most 50 characters.
    Path runRoot = Files.createTempDirectory(Path.of("/tmp"), "pod");
    String[] podman = {
      "podman", "--root=" + temp.resolve("podman"), "--runroot=" + runRoot, "--storage-driver=vfs"
    };
    try {
      for (String each : List.of("load,-qi," + both, "image,exists,example.com/app:1")) {
        Tools.run(
            Stream.concat(Arrays.stream(podman), Arrays.stream(each.split(",")))
                .toArray(String[]::new));
      }
    } finally {
      if (!Tools.isRoot()) { // its files belong to subordinate ids
        Tools.run("podman", "unshare", "rm", "-rf", temp.resolve("podman").toString());
      }
      DurableFiles.deleteTree(runRoot);
    }
  }

  @Test
  void saveWhenUmociUnpacksItRuns() throws IOException {
    Tools.require("umoci", "runc", "skopeo");
    Path layout = temp.resolve("layout");
    image.tag("app:x").save(layout, SaveOptions.ociLayout());
    Path bundle = temp.resolve("bundle");
    // umoci tags are plain words: skopeo gives the image one.
    Path plain = temp.resolve("plain");
    Tools.run(
        "skopeo",
        "copy",
        "-q",
        "oci:" + layout + ":docker.io/library/app:x",
        "oci:" + plain + ":x");
    String[] rootless = Tools.isRoot() ? new String[0] : new String[] {"--rootless"};
    Tools.run(
        Stream.of(
                new String[] {"umoci", "unpack", "--image", plain + ":x"},
                rootless,
                new String[] {bundle.toString()})
            .flatMap(Arrays::stream)
            .toArray(String[]::new));
    assertThat(bundle.resolve("rootfs/copied")).hasContent("copied");
    assertThat(bundle.resolve("rootfs/srv/file")).doesNotExist();
    if (Tools.isRoot()) {
      assertThat(Files.getAttribute(bundle.resolve("rootfs/made/one"), "unix:uid")).isEqualTo(5);
    }
    runs(bundle);
  }

  /** An OCI runtime runs what the image says, as the user that it says. */
  private void runs(Path bundle) throws IOException {
    Tools.requireRoot("runc makes a cgroup");
    Path config = bundle.resolve("config.json");
    var mapper = new com.fasterxml.jackson.databind.ObjectMapper();
    var tree = (com.fasterxml.jackson.databind.node.ObjectNode) mapper.readTree(config.toFile());
    ((com.fasterxml.jackson.databind.node.ObjectNode) tree.get("process")).put("terminal", false);
    Files.write(config, mapper.writeValueAsBytes(tree));
    String id = "cooper-e2e-" + ProcessHandle.current().pid();
    Tools.Ended ended =
        Tools.attempt(
            java.util.Map.of(),
            "runc",
            "--root",
            temp.resolve("runc").toString(),
            "run",
            "--bundle",
            bundle.toString(),
            id);
    assertThat(ended.status()).as(ended.output()).isZero();
    assertThat(ended.output()).isEqualTo("copied");
  }

  @Test
  void saveWhenSeveralImagesShareLayersWritesThemOnce() throws IOException {
    Image base = busybox().tag("base:1");
    Path saved = temp.resolve("saved.tar");
    cooper.save(List.of(base, image), saved, SaveOptions.ociArchive());
    assertThat(Validator.validate(saved)).isEmpty();
    try (Cooper other = builder().store(temp.resolve("other")).build()) {
      assertThat(other.load(saved)).hasSize(2);
      assertThat(other.image("base:1").id()).isEqualTo(base.id());
      assertThat(other.image("example.com/app:1").id()).isEqualTo(image.id());
      try (WorkingContainer c = other.from("oci-archive:" + saved + ":base:1")) {
        assertThat(c.config().config().cmd()).isEmpty();
      }
      other.images().forEach(Image::remove);
    }
  }

  @ParameterizedTest
  @CsvSource({"oci-archive", "docker-archive", "oci"})
  void loadWhenSkopeoWroteItTakesIt(String format) throws IOException {
    Tools.require("skopeo");
    Path saved = temp.resolve("saved");
    image.save(saved, SaveOptions.ociLayout());
    Path theirs = temp.resolve("theirs");
    Tools.run(
        "skopeo",
        "copy",
        "-q",
        "oci:" + saved,
        format + ":" + theirs + ":docker.io/library/theirs:2");
    try (Cooper other = builder().store(temp.resolve("other")).build()) {
      List<Image> loaded = other.loadAndUnpack(theirs);
      assertThat(loaded).hasSize(1);
      assertThat(loaded.get(0).names()).containsExactly("theirs:2");
      try (WorkingContainer c = other.from("theirs:2")) {
        assertThat(cat(c, "/copied")).isEqualTo("copied");
        assertThat(c.exec("/bin/id", "-u").out()).isEqualTo("1000\n");
      }
      other.images().forEach(Image::remove);
    }
  }

  @Test
  void saveWhenTheFileIsThereFailsAndKeepsIt() throws IOException {
    Path there = host("there", "kept");
    assertThatThrownBy(() -> image.save(there)).hasMessageContaining("there");
    assertThat(there).hasContent("kept");
  }

  // --- damage

  @Test
  void loadWhenTheArchiveIsCutOffFailsAndLeavesNothing() throws IOException {
    Path saved = temp.resolve("saved.tar");
    image.save(saved, SaveOptions.ociArchive());
    byte[] whole = Files.readAllBytes(saved);
    for (double part : new double[] {0.02, 0.5, 0.95}) {
      Path cut = temp.resolve("cut.tar");
      Files.write(cut, Arrays.copyOf(whole, (int) (whole.length * part)));
      assertRefused(cut);
    }
  }

  @Test
  void loadWhenABlobIsDamagedFailsAndLeavesNothing() throws IOException {
    Path saved = temp.resolve("saved");
    image.save(saved, SaveOptions.ociLayout());
    for (String name : names(saved.resolve("blobs/sha256"))) {
      Path blob = saved.resolve("blobs/sha256").resolve(name);
      byte[] bytes = Files.readAllBytes(blob);
      byte[] damaged = bytes.clone();
      damaged[bytes.length / 2] ^= 1;
      Files.write(blob, damaged);
      assertRefused(saved);
      Files.write(blob, Arrays.copyOf(bytes, bytes.length - 1));
      assertRefused(saved);
      Files.delete(blob);
      assertRefused(saved);
      Files.write(blob, bytes);
    }
  }

  @Test
  void loadWhenADiffIdLiesFailsAndLeavesNothing() throws IOException {
    Path saved = temp.resolve("saved");
    image.save(saved, SaveOptions.ociLayout());
    var manifest = Layouts.manifest(saved);
    Path config = Layouts.blob(saved, manifest.config());
    String text = Files.readString(config);
    String diffId = image.config().diffIds().get(1).hex();
    byte[] lying = text.replace(diffId, "0".repeat(64)).getBytes(StandardCharsets.UTF_8);
    assertThat(lying).hasSameSizeAs(text.getBytes(StandardCharsets.UTF_8));
    var configBlob = dev.cooper.oci.Digest.sha256(lying);
    Files.write(saved.resolve("blobs/sha256").resolve(configBlob.hex()), lying);
    Path index = saved.resolve("index.json");
    String indexText = Files.readString(index);
    String manifestHex =
        dev.cooper.oci.Index.parse(Files.readAllBytes(index)).manifests().get(0).digest().hex();
    String changed =
        Files.readString(saved.resolve("blobs/sha256").resolve(manifestHex))
            .replace(manifest.config().digest().hex(), configBlob.hex());
    var manifestBlob = dev.cooper.oci.Digest.sha256(changed.getBytes(StandardCharsets.UTF_8));
    Files.writeString(saved.resolve("blobs/sha256").resolve(manifestBlob.hex()), changed);
    Files.writeString(index, indexText.replace(manifestHex, manifestBlob.hex()));
    assertThat(Validator.validate(saved)).isNotEmpty();
    assertRefused(saved, "0".repeat(64));
  }

  @Test
  void loadWhenItIsNoImageSaysSo() throws IOException {
    assertRefused(host("text", "no archive at all"));
    Path empty = Files.createDirectories(temp.resolve("empty"));
    assertThatThrownBy(() -> cooper.load(empty)).hasMessageContaining("empty");
    assertThatThrownBy(() -> cooper.from(temp.resolve("missing"))).hasMessageContaining("missing");
    assertThatThrownBy(() -> cooper.from("oci-archive:" + temp.resolve("missing")))
        .hasMessageContaining("missing");
  }

  private void assertRefused(Path damaged) throws IOException {
    assertRefused(damaged, damaged.getFileName().toString());
  }

  private void assertRefused(Path damaged, String said) throws IOException {
    Path directory = temp.resolve("fresh");
    try (Cooper fresh = builder().store(directory).build()) {
      assertThatThrownBy(() -> fresh.load(damaged))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(said);
      assertThatThrownBy(() -> fresh.loadAndUnpack(damaged)).isInstanceOf(ContentException.class);
      assertThat(fresh.images()).isEmpty();
      for (String own : names(directory.resolve("staging"))) {
        assertThat(names(directory.resolve("staging").resolve(own)))
            .allMatch(each -> each.startsWith("pins") || each.contains("lock"));
      }
    }
    assertThat(names(directory.resolve("staging"))).isEmpty();
    assertThat(Validator.validate(directory)).isEmpty();
    DurableFiles.deleteTree(directory);
  }

  @Test
  void fromWhenAnArchiveIsOlderThanDocker110SaysHowToConvertIt() throws IOException {
    List<Image> before = cooper.images();
    String id = "ab".repeat(32);
    Path old = temp.resolve("old.tar");
    Files.write(
        old,
        Tars.of(
            tar -> {
              Tars.directory(tar, id, 0755);
              Tars.file(tar, id + "/json", 0644, "{\"id\":\"" + id + "\"}");
              Tars.file(tar, id + "/layer.tar", 0644, Tars.of(layer -> {}));
              Tars.file(tar, "repositories", 0644, "{\"old\":{\"1\":\"" + id + "\"}}");
            }));
    for (ThrowingCallable each :
        List.<ThrowingCallable>of(
            () -> cooper.from(old), () -> cooper.from("docker-archive:" + old))) {
      assertThatThrownBy(each)
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("old.tar")
          .hasMessageContaining("docker load, then docker save");
    }
    assertThat(cooper.images()).hasSameSizeAs(before);
  }
}
