package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.Validator;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RemoteManifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Images copied from place to place, as skopeo does it and reads it. */
class CopyImageIT extends EndToEnd {
  private LocalRegistry registry;
  private Image image;

  @BeforeEach
  void startRegistry() throws IOException {
    registry = LocalRegistry.start(temp);
    try (WorkingContainer c = container()) {
      image = c.write("/made", "made").commit("made:1");
    }
  }

  @AfterEach
  void stopRegistry() {
    registry.close();
  }

  @Override
  CooperBuilder builder() {
    return super.builder()
        .pullPolicy(PullPolicy.MISSING)
        .registries(RegistriesConf.EMPTY)
        .credentials(CredentialsProvider.NONE)
        .registryClient(client -> client.retries(0));
  }

  private void copy(String from, String to) {
    cooper.copy(from, to, CopyImageOptions.DEFAULT);
  }

  private String digest(String place) {
    return Tools.run("skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}", place)
        .strip();
  }

  @Test
  void copyWhenBetweenPlacesThatTakeItKeepsItsBytes() throws IOException {
    Tools.require("skopeo");
    String first = "docker://" + registry.at("team/app:1");
    String second = "docker://" + registry.at("other/app:2");
    String layout = "oci:" + temp.resolve("layout");
    String archive = "oci-archive:" + temp.resolve("a.tar");
    copy("made:1", first);
    String digest = digest(first);
    copy(first, second);
    assertThat(registry.log()) // no byte of it went through here
        .containsPattern("uploads/[?]mount=sha256:[0-9a-f]{64}&from=team/app HTTP/1.1\" 201 ")
        .doesNotContain("PUT /v2/other/app/blobs");
    copy(second, layout + ":any-name");
    copy("made:1", layout + ":another");
    copy(layout + ":any-name", archive);
    copy(archive, "docker://" + registry.at("back:1"));
    for (String place :
        List.of(
            second,
            layout + ":any-name",
            layout + ":another",
            archive,
            "docker://" + registry.at("back:1"))) {
      assertThat(digest(place)).as(place).isEqualTo(digest);
    }
    assertThat(Validator.validate(temp.resolve("layout"))).isEmpty();
    copy(archive, "again:1");
    assertThat(cooper.image("again:1").id()).isEqualTo(image.id());
  }

  /** Written otherwise than we would: docker push indents, and adds what we don't. */
  @Test
  void imageOfAnotherToolKeepsItsDigestWhereverItGoes() throws IOException {
    copy("made:1", "docker://" + registry.at("team/app:1"));
    ImageReference source = ImageReference.parse(registry.at("team/app:indented"));
    var registries = cooper.registry();
    RemoteManifest ours = registries.manifest(ImageReference.parse(registry.at("team/app:1")));
    String text = new String(ours.bytes().toBytes(), StandardCharsets.UTF_8);
    byte[] indented = text.replaceFirst("[{]", "{\n   ").getBytes(StandardCharsets.UTF_8);
    Descriptor theirs = Descriptor.of(ours.descriptor().mediaType(), indented);
    registries.writer(source).manifest(theirs, indented, "indented");
    Image pulled = cooper.pull(source.toString());
    assertThat(pulled.digest()).isEqualTo(theirs.digest());
    Digest kept = theirs.digest();
    pulled.push(registry.at("pushed/app:1"));
    copy(source.toString(), "docker://" + registry.at("copied/app:1"));
    pulled.push(registry.at("pinned/app@" + kept));
    pulled.push(source.toString());
    for (String place : List.of("pushed/app:1", "copied/app:1", "pinned/app@" + kept)) {
      assertThat(registries.find(ImageReference.parse(registry.at(place))))
          .as(place)
          .map(Descriptor::digest)
          .contains(kept);
    }
    assertThat(registries.find(source)).map(Descriptor::digest).contains(kept);
    cooper.pushIndex(List.of(pulled), registry.at("index/app:1"), PushOptions.DEFAULT);
    byte[] index =
        registries.manifest(ImageReference.parse(registry.at("index/app:1"))).bytes().toBytes();
    assertThat(Index.parse(index).manifests()).extracting(Descriptor::digest).containsExactly(kept);
    pulled.save(temp.resolve("saved"), SaveOptions.ociLayout());
    assertThat(names(temp.resolve("saved/blobs/sha256"))).contains(kept.hex());
  }

  @Test
  void copyWhenToADockerArchiveMakesOneThatPeersRead() {
    Tools.require("skopeo");
    copy("made:1", "docker://" + registry.at("team/app:1"));
    Path archive = temp.resolve("d.tar");
    int images = cooper.images().size();
    copy("docker://" + registry.at("team/app:1"), "docker-archive:" + archive + ":x/y:1");
    assertThat(cooper.images()).hasSize(images);
    Tools.run("skopeo", "inspect", "docker-archive:" + archive + ":x/y:1");
    copy("docker-archive:" + archive, "from-docker:1");
    assertThat(cooper.image("from-docker:1").config().diffIds())
        .isEqualTo(image.config().diffIds());
  }

  @Test
  void copyWhenADockerImageGoesIntoALayoutIsReadByPeers() {
    Tools.require("skopeo");
    Path archive = temp.resolve("d.tar");
    copy("made:1", "docker-archive:" + archive + ":x/y:1");
    copy("docker-archive:" + archive, "from-docker:1");
    assertThat(cooper.image("from-docker:1").manifest().mediaType())
        .isEqualTo(MediaType.DOCKER_MANIFEST);
    copy("from-docker:1", "oci:" + temp.resolve("layout") + ":x");
    assertThat(digest("oci:" + temp.resolve("layout") + ":x")).startsWith("sha256:");
  }

  @Test
  void copyWhenEverythingIsAskedForCopiesTheIndex() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      Image arm = c.write("/which", "arm").platform(Platform.parse("linux/arm64")).commit();
      cooper.pushIndex(List.of(image, arm), registry.at("multi:1"), PushOptions.DEFAULT);
    }
    CopyImageOptions all = CopyImageOptions.DEFAULT.everything();
    cooper.copy("docker://" + registry.at("multi:1"), "docker://" + registry.at("all:1"), all);
    var registries = cooper.registry();
    assertThat(registries.manifest(ImageReference.parse(registry.at("all:1"))))
        .isEqualTo(registries.manifest(ImageReference.parse(registry.at("multi:1"))));
    cooper.copy("docker://" + registry.at("multi:1"), "oci:" + temp.resolve("layout"), all);
    assertThat(Validator.validate(temp.resolve("layout"))).isEmpty();
    assertThat(names(temp.resolve("layout/blobs/sha256"))).hasSize(8);
    for (String single : List.of("one:1", "docker-archive:" + temp.resolve("one.tar") + ":x:1")) {
      assertThatThrownBy(() -> cooper.copy("docker://" + registry.at("multi:1"), single, all))
          .hasMessageContaining("one platform");
    }
    assertThat(temp.resolve("one.tar")).doesNotExist();
    copy("docker://" + registry.at("multi:1"), "oci:" + temp.resolve("one"));
    assertThat(names(temp.resolve("one/blobs/sha256"))).hasSize(4);
  }

  @Test
  void copyWhenThePlaceIsTakenOrMissingSaysSo() throws IOException {
    Path taken = Files.writeString(temp.resolve("taken"), "kept");
    for (String place : List.of("oci-archive:" + taken, "docker-archive:" + taken + ":x:1")) {
      assertThatThrownBy(() -> copy("made:1", place)).hasMessageContaining("taken");
    }
    assertThat(taken).hasContent("kept");
    assertThatThrownBy(() -> copy("oci:" + temp.resolve("missing"), "x:1"))
        .hasMessageContaining("missing");
    assertThatThrownBy(() -> copy("nothing:1", "oci:" + temp.resolve("l")))
        .hasMessageContaining("nothing:1");
  }

  @Test
  void copyWhenThroughADockerDaemonGivesTheSameLayers() throws Exception {
    Tools.requireRoot("a Docker daemon");
    Tools.require("dockerd");
    Path socket = temp.resolve("d.sock");
    Process daemon =
        new ProcessBuilder(
                "dockerd",
                "--iptables=false",
                "--bridge=none",
                "--data-root=" + temp.resolve("docker"),
                "--exec-root=" + temp.resolve("docker-run"),
                "--pidfile=" + temp.resolve("docker.pid"),
                "--host=unix://" + socket)
            .redirectErrorStream(true)
            .redirectOutput(temp.resolve("dockerd.log").toFile())
            .start();
    try {
      for (int i = 0; i < 600 && !Files.exists(socket) && daemon.isAlive(); i++) {
        Thread.sleep(100);
      }
      assertThat(socket).as(Files.readString(temp.resolve("dockerd.log"))).exists();
      ChildJvm.run(
          Map.of("DOCKER_HOST", "unix://" + socket),
          List.of(),
          Copier.class,
          store.toString(),
          "made:1",
          "docker-daemon:team/app:7",
          "docker-daemon:team/app:7",
          "back:1");
      assertThat(cooper.image("back:1").config().diffIds()).isEqualTo(image.config().diffIds());
      assertThat(cooper.image("back:1").id()).isEqualTo(image.id());
    } finally {
      daemon.destroy();
      assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
      Tools.attempt(Map.of(), "umount", temp.resolve("docker").toString());
    }
  }

  /** STORE (FROM TO)…: copies. */
  static final class Copier {
    public static void main(String[] arguments) {
      try (var cooper = dev.cooper.Cooper.builder().store(Path.of(arguments[0])).build()) {
        for (int i = 1; i + 1 < arguments.length; i += 2) {
          cooper.copy(arguments[i], arguments[i + 1], CopyImageOptions.DEFAULT);
        }
        assertThatThrownBy(
                () -> cooper.copy("docker-daemon:no/such:1", "never:1", CopyImageOptions.DEFAULT))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("no/such:1")
            .hasMessageContaining("404");
      }
    }
  }
}
