package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryException;
import dev.cooper.oci.registry.RemoteWriter;
import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Images pulled from and pushed to a registry, through the public API. */
class RegistryIT extends EndToEnd {
  private LocalRegistry registry;

  @BeforeEach
  void startRegistry() throws IOException {
    registry = LocalRegistry.start(temp);
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

  private Cooper other(String name) {
    return builder().store(temp.resolve(name)).build();
  }

  private Image pushed(String reference) throws IOException {
    try (WorkingContainer c = container()) {
      Image made = c.run("echo made > /made").env("A", "b").commit(reference);
      made.push();
      return made;
    }
  }

  private List<Transfer.Outcome> outcomes() {
    return events.stream()
        .filter(BuildEvent.Transferred.class::isInstance)
        .map(event -> ((BuildEvent.Transferred) event).event())
        .filter(TransferEvent.Ended.class::isInstance)
        .map(event -> ((TransferEvent.Ended) event).outcome())
        .toList();
  }

  // --- push

  @ParameterizedTest
  @EnumSource(Compression.class)
  void pushWhenPeersReadItGivesThemTheImage(Compression compression) throws IOException {
    Tools.require("skopeo");
    try (WorkingContainer c = container()) {
      Image image = c.run("echo made > /made").env("A", "b").commit();
      Descriptor there =
          image.push(registry.at("team/app:1"), PushOptions.DEFAULT.compression(compression));
      String raw =
          Tools.run(
              "skopeo",
              "inspect",
              "--raw",
              "--tls-verify=false",
              "docker://" + registry.at("team/app:1"));
      assertThat(Digest.sha256(raw.getBytes(StandardCharsets.UTF_8))).isEqualTo(there.digest());
      Path layout = temp.resolve("copied");
      Tools.run(
          "skopeo",
          "copy",
          "-q",
          "--src-tls-verify=false",
          "docker://" + registry.at("team/app:1"),
          "oci:" + layout + ":app");
      try (WorkingContainer back = cooper.from("oci:" + layout + ":app")) {
        assertThat(cat(back, "/made")).isEqualTo("made\n");
        assertThat(back.config().config().env()).contains("A=b");
      }
    }
  }

  @Test
  void pushWhenPushedAgainSendsAndPacksNothing() throws IOException {
    Image image = pushed(registry.at("team/app:1"));
    assertThat(outcomes()).containsOnly(Transfer.Outcome.TRANSFERRED);
    events.clear();
    image.push(registry.at("team/app:2"));
    assertThat(outcomes()).containsOnly(Transfer.Outcome.REUSED);
    assertThat(cooper.registry().tags(ImageReference.parse(registry.at("team/app"))))
        .containsExactlyInAnyOrder("1", "2");
  }

  @Test
  void pushWhenTheTagStandsForTheImageAlreadyAsksOnce() throws IOException {
    String name = registry.at("team/app:1");
    Image image = pushed(name);
    events.clear();
    int before = registry.log().length();
    Descriptor there = image.push(name);
    assertThat(outcomes()).isEmpty();
    assertThat(registry.log().substring(before).lines().filter(line -> line.contains("HTTP/1.1")))
        .singleElement()
        .asString()
        .contains("HEAD /v2/team/app/manifests/1");
    assertThat(there.digest())
        .isEqualTo(cooper.registry().find(ImageReference.parse(name)).orElseThrow().digest());
  }

  @Test
  void pushWhenTheRegistryHasLostABlobSendsItIfEachIsAskedFor() throws IOException {
    String name = registry.at("team/app:1");
    Image image = pushed(name);
    Descriptor layer = layerOf(name);
    Files.delete(data(layer));
    image.push(name);
    assertThat(data(layer)).doesNotExist();
    image.push(name, PushOptions.DEFAULT.andEveryBlob());
    assertThat(data(layer)).exists();
    try (Cooper fresh = other("fresh")) {
      assertThat(fresh.pull(name, PullOptions.DEFAULT.andUnpack()).id()).isEqualTo(image.id());
    }
  }

  private Descriptor layerOf(String name) throws IOException {
    return Manifest.parse(cooper.registry().manifest(ImageReference.parse(name)).bytes().toBytes())
        .layers()
        .get(0);
  }

  /** Where the registry keeps a blob. */
  private Path data(Descriptor blob) {
    String hex = blob.digest().hex();
    return temp.resolve("registry/data/docker/registry/v2/blobs/sha256")
        .resolve(hex.substring(0, 2))
        .resolve(hex)
        .resolve("data");
  }

  @Test
  void pushWhenAnotherRepositoryHasTheLayersMountsThem() throws IOException {
    Image image = pushed(registry.at("team/app:1"));
    events.clear();
    image.push(registry.at("elsewhere:1"));
    assertThat(outcomes()).contains(Transfer.Outcome.MOUNTED);
    assertThat(registry.log()).doesNotContain("PATCH /v2/elsewhere");
  }

  @Test
  void pushWhenABaseCameFromTheRegistryMountsItsLayers() throws IOException {
    pushed(registry.at("base:1"));
    events.clear();
    try (Cooper fresh = other("fresh");
        WorkingContainer c = fresh.from(registry.at("base:1"))) {
      c.write("/more", "more").commit(registry.at("derived:1")).push();
    }
    assertThat(outcomes()).contains(Transfer.Outcome.MOUNTED);
  }

  @Test
  void pushWhenTheReferenceHasAnotherDigestRefuses() throws IOException {
    Image image = pushed(registry.at("team/app:1"));
    String wrong = registry.at("other@sha256:" + "0".repeat(64));
    String source = "docker://" + registry.at("team/app:1");
    assertThatThrownBy(() -> image.push(wrong)).hasMessageContaining("digest");
    assertThatThrownBy(() -> cooper.pushIndex(List.of(image), wrong, PushOptions.DEFAULT))
        .hasMessageContaining("digest");
    assertThatThrownBy(
            () ->
                cooper.copy(source, "docker://" + wrong, dev.cooper.image.CopyImageOptions.DEFAULT))
        .hasMessageContaining("digest");
    assertThatThrownBy(() -> cooper.pushIndex(List.of(), wrong, PushOptions.DEFAULT))
        .hasMessageContaining("no images");
  }

  @Test
  void pushWhenTheImageHasNoNameSaysSo() throws IOException {
    Image image = busybox();
    assertThatThrownBy(image::push).hasMessageContaining("has no name");
  }

  @Test
  void pushIndexWhenPulledGivesEachPlatformItsOwn() throws IOException {
    List<Image> images = new ArrayList<>();
    for (String architecture : List.of("amd64", "arm64")) {
      try (WorkingContainer c = cooper.scratch()) {
        images.add(
            c.write("/which", architecture)
                .platform(Platform.parse("linux/" + architecture))
                .commit());
      }
    }
    Descriptor there =
        cooper.pushIndex(
            images,
            registry.at("multi:1"),
            PushOptions.DEFAULT,
            index -> index.withAnnotations(Map.of("made-by", "cooper")));
    assertThat(there.mediaType()).isEqualTo(MediaType.OCI_INDEX);
    Index index =
        Index.parse(
            cooper
                .registry()
                .manifest(ImageReference.parse(registry.at("multi:1")))
                .bytes()
                .toBytes());
    assertThat(index.manifests()).hasSize(2);
    assertThat(index.annotations()).containsEntry("made-by", "cooper");
    try (Cooper fresh = other("fresh")) {
      Image arm = fresh.pull(registry.at("multi:1"), PullOptions.DEFAULT.platform("linux/arm64"));
      assertThat(arm.config().platform().architecture()).isEqualTo("arm64");
      Image amd = fresh.pull(registry.at("multi:1"), PullOptions.DEFAULT.platform("linux/amd64"));
      assertThat(amd.config().platform().architecture()).isEqualTo("amd64");
      assertThatThrownBy(
              () -> fresh.pull(registry.at("multi:1"), PullOptions.DEFAULT.platform("linux/s390x")))
          .hasMessageContaining("s390x")
          .hasMessageContaining("arm64");
    }
  }

  @Test
  void pushIndexWhenEntriesAreEditedIsReadBackBySkopeo() throws IOException {
    Tools.require("skopeo");
    List<Image> images = new ArrayList<>();
    for (String variant : List.of("v6", "v7")) {
      try (WorkingContainer c = cooper.scratch()) {
        images.add(
            c.write("/which", variant).platform(Platform.parse("linux/arm/" + variant)).commit());
      }
    }
    Digest seven = images.get(1).digest();
    Descriptor there =
        cooper.pushIndex(
            images,
            registry.at("arms:1"),
            PushOptions.DEFAULT.compression(Compression.NONE),
            index ->
                index.withEntry(seven, each -> each.withAnnotation("org.example.note", "newest")));
    String raw =
        Tools.run(
            "skopeo",
            "inspect",
            "--raw",
            "--tls-verify=false",
            "docker://" + registry.at("arms:1"));
    byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
    assertThat(Digest.sha256(bytes)).isEqualTo(there.digest());
    List<Descriptor> entries = Index.parse(bytes).manifests();
    assertThat(entries)
        .extracting(each -> String.valueOf(each.platform()))
        .containsExactly("linux/arm/v6", "linux/arm/v7");
    assertThat(entries.get(0).annotations()).isEmpty();
    assertThat(entries.get(1).annotations())
        .containsExactly(Map.entry("org.example.note", "newest"));
    try (Cooper fresh = other("fresh")) {
      PullOptions arm = PullOptions.DEFAULT.platform("linux/arm/v7");
      assertThat(fresh.pull(registry.at("arms:1"), arm).digest()).isEqualTo(seven);
    }
  }

  // --- pull

  @Test
  void pullWhenPushedByBuildahGivesItsImage() throws IOException {
    Tools.require("buildah");
    Path archive = temp.resolve("app.tar");
    busybox().save(archive);
    String name = registry.at("built/app:1");
    try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
      String container = buildah.from("oci-archive:" + archive);
      buildah.run("config", "--env", "A=b", "--cmd", "/bin/true", container);
      String id = buildah.run("commit", "-q", container, name);
      buildah.run("push", "--tls-verify=false", name);
      try (Cooper fresh = other("fresh")) {
        Image pulled = fresh.pull(name, PullOptions.DEFAULT.andUnpack());
        assertThat(pulled.manifest().config().digest().hex()).isEqualTo(id);
        try (WorkingContainer c = pulled.container()) {
          assertThat(c.exec(Command.shell("echo $A")).out()).isEqualTo("b\n");
        }
      }
    }
  }

  @Test
  void pullWhenTwoJvmsAskAtOnceReadsEachLayerOnce() throws Exception {
    String name = registry.at("team/app:1");
    Image image = pushed(name);
    List<Process> pullers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      pullers.add(ChildJvm.start(Puller.class, temp.resolve("fresh").toString(), name));
    }
    for (Process each : pullers) {
      String said = new String(each.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(each.waitFor()).as(said).isZero();
    }
    try (Cooper fresh = other("fresh")) {
      assertThat(fresh.image(name).id()).isEqualTo(image.id());
      for (Descriptor layer : fresh.image(name).manifest().layers()) {
        assertThat(registry.log().split("GET /v2/team/app/blobs/" + layer.digest() + " ", -1))
            .hasSize(2);
      }
    }
  }

  @Test
  void fromWhenTheStoreLacksTheImagePullsAndRunsIt() throws IOException {
    String name = registry.at("team/app:1");
    Image image = pushed(name);
    try (Cooper fresh = other("fresh");
        WorkingContainer c = fresh.from(name)) {
      assertThat(c.exec(Command.shell("cat /made; echo $A")).out()).isEqualTo("made\nb\n");
      assertThat(fresh.image(name).id()).isEqualTo(image.id());
      assertThat(fresh.from("docker://" + name).config()).isEqualTo(c.config());
    }
  }

  @Test
  void pullWhenPushedByAPeerGivesItsImage() throws IOException {
    Tools.require("skopeo");
    Path archive = temp.resolve("app.tar");
    busybox().save(archive);
    Tools.run(
        "skopeo",
        "copy",
        "-q",
        "--dest-tls-verify=false",
        "--format=v2s2",
        "oci-archive:" + archive,
        "docker://" + registry.at("peers:1"));
    try (Cooper fresh = other("fresh")) {
      Image pulled = fresh.pull(registry.at("peers:1"), PullOptions.DEFAULT.andUnpack());
      assertThat(pulled.manifest().mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
      try (WorkingContainer c = pulled.container()) {
        assertThat(c.exec("/bin/echo", "runs").out()).isEqualTo("runs\n");
      }
      String raw =
          Tools.run(
              "skopeo",
              "inspect",
              "--raw",
              "--tls-verify=false",
              "docker://" + registry.at("peers:1"));
      assertThat(pulled.digest()).isEqualTo(Digest.sha256(raw.getBytes(StandardCharsets.UTF_8)));
    }
  }

  @Test
  void pullWhenManyAskAtOnceReadsEachBlobOnce() throws Exception {
    String name = registry.at("team/app:1");
    pushed(name);
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try (Cooper one = other("fresh");
        Cooper two = other("fresh")) {
      List<Future<Image>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Cooper which = i % 2 == 0 ? one : two;
        all.add(pool.submit(() -> which.pull(name, PullOptions.DEFAULT.andUnpack())));
      }
      for (Future<Image> each : all) {
        assertThat(each.get().id()).isEqualTo(all.get(0).get().id());
      }
      for (Descriptor layer : all.get(0).get().manifest().layers()) {
        assertThat(registry.log().split("GET /v2/team/app/blobs/" + layer.digest() + " ", -1))
            .hasSize(2);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void pullWhenTheTagMovedFollowsThePolicy() throws IOException {
    String name = registry.at("moving:1");
    Image old = pushed(name);
    try (Cooper fresh = other("fresh")) {
      assertThat(fresh.pull(name).id()).isEqualTo(old.id());
      Image moved;
      try (WorkingContainer c = container()) {
        moved = c.write("/new", "new").commit(name);
        moved.push();
      }
      assertThat(moved.id()).isNotEqualTo(old.id());
      PullOptions options = PullOptions.DEFAULT;
      assertThat(fresh.pull(name).id()).isEqualTo(old.id());
      assertThat(fresh.pull(name, options.policy(PullPolicy.NEVER)).id()).isEqualTo(old.id());
      assertThat(fresh.pull(name, options.policy(PullPolicy.NEWER)).id()).isEqualTo(moved.id());
      assertThat(fresh.pull(name, options.policy(PullPolicy.ALWAYS)).id()).isEqualTo(moved.id());
      assertThat(fresh.image(name).id()).isEqualTo(moved.id());
      registry.close();
      assertThat(fresh.pull(name, options.policy(PullPolicy.NEWER)).id()).isEqualTo(moved.id());
      assertThatThrownBy(() -> fresh.pull(name, options.policy(PullPolicy.ALWAYS)))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining(registry.at(""));
    }
  }

  @Test
  void fromWhenNobodyHasItSaysWhereItLooked() {
    assertThatThrownBy(() -> cooper.from(registry.at("nobody/has:this")))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("nobody/has")
        .hasMessageContaining("404");
    assertThatThrownBy(
            () -> cooper.pull("nobody/has:this", PullOptions.DEFAULT.policy(PullPolicy.NEVER)))
        .isInstanceOf(ImageNotFoundException.class);
    assertThat(registry.log()).doesNotContain("library");
  }

  @Test
  void pullWhenShortNamesAreConfiguredFindsThem() throws IOException {
    pushed(registry.at("team/tool:latest"));
    RegistriesConf conf = RegistriesConf.EMPTY.withAlias("tool", registry.at("team/tool"));
    try (Cooper fresh = builder().store(temp.resolve("fresh")).registries(conf).build()) {
      assertThat(fresh.pull("tool").names()).containsExactly(registry.at("team/tool:latest"));
      registry.close();
      assertThat(fresh.pull("tool").names()).containsExactly(registry.at("team/tool:latest"));
    }
  }

  @Test
  void pullWhenALayerIsDamagedThereFailsAndLeavesNothing() throws IOException {
    String name = registry.at("damaged:1");
    Image image = pushed(name);
    Descriptor layer = layerOf(name);
    Path data = data(layer);
    byte[] bytes = Files.readAllBytes(data);
    bytes[bytes.length / 2] ^= 1;
    Files.write(data, bytes);
    try (Cooper fresh = other("fresh")) {
      assertThatThrownBy(() -> fresh.pull(name, PullOptions.DEFAULT.andUnpack()))
          .isInstanceOf(dev.cooper.oci.ContentException.class)
          .hasMessageContaining(layer.digest().toString());
      assertThat(fresh.images()).isEmpty();
    }
    assertThat(names(temp.resolve("fresh/staging"))).isEmpty();
    assertThat(names(temp.resolve("fresh/layers"))).isEmpty();
    assertThat(names(temp.resolve("fresh/blobs/sha256"))).isEmpty();
    assertThat(image.names()).isNotEmpty();
  }

  @Test
  void pullWhenALayerLiesElsewhereFollowsItsUrlOnlyIfAsked() throws IOException {
    Image image = pushed(registry.at("team/app:1"));
    Descriptor layer = image.manifest().layers().get(0);
    byte[] bytes = Files.readAllBytes(blob(layer));
    List<String> asked = new CopyOnWriteArrayList<>();
    HttpServer elsewhere =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    elsewhere.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestURI().toString());
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    elsewhere.start();
    try {
      String name = registry.at("foreign:1");
      RemoteWriter writer = cooper.registry().writer(ImageReference.parse(name));
      String url = "http://127.0.0.1:" + elsewhere.getAddress().getPort() + "/layer";
      Descriptor foreign =
          new Descriptor(
              MediaType.OCI_FOREIGN_LAYER,
              layer.digest(),
              layer.size(),
              new TreeMap<>(),
              null,
              List.of(url),
              null,
              null,
              Map.of());
      List<Descriptor> layers = new ArrayList<>(image.manifest().layers());
      layers.set(0, foreign);
      for (Descriptor each : layers.subList(1, layers.size())) {
        writer.blob(each, () -> Files.newInputStream(blob(each)));
      }
      Descriptor config = image.manifest().config();
      writer.blob(config, () -> Files.newInputStream(blob(config)));
      Manifest manifest = image.manifest().withLayers(layers);
      writer.manifest(
          Descriptor.of(manifest.mediaType(), manifest.toBytes()), manifest.toBytes(), "1");
      try (Cooper fresh = other("fresh")) {
        assertThatThrownBy(() -> fresh.pull(name)).hasMessageContaining("URL");
        assertThat(asked).isEmpty();
        assertThat(fresh.images()).isEmpty();
      }
      try (Cooper asking =
          builder()
              .store(temp.resolve("asking"))
              .registryClient(client -> client.retries(0).allowForeignLayers(true))
              .build()) {
        Image pulled = asking.pull(name, PullOptions.DEFAULT.andUnpack());
        assertThat(asked).containsExactly("/layer");
        try (WorkingContainer c = pulled.container()) {
          assertThat(cat(c, "/made")).isEqualTo("made\n");
        }
      }
    } finally {
      elsewhere.stop(0);
    }
  }

  private Path blob(Descriptor descriptor) {
    return store.resolve("blobs/sha256").resolve(descriptor.digest().hex());
  }

  // --- what people see

  @Test
  void pullWhenOnATerminalShowsBarsElseLines() throws IOException {
    Tools.require("script");
    String name = registry.at("team/app:1");
    pushed(name);
    String line =
        String.join(
            " ", ChildJvm.command(List.of(), Puller.class, temp.resolve("seen").toString(), name));
    // A nested class's name has a dollar, which script's shell would take for a variable.
    line = line.replace("$", "\\$");
    String seen = Tools.run("env", "TERM=xterm", "script", "-qec", line, "/dev/null");
    assertThat(seen).contains("1.1 MB of 1.1 MB").contains("download").contains("transferred");
    String lines =
        ChildJvm.run(Map.of(), List.of(), Puller.class, temp.resolve("logged").toString(), name);
    assertThat(lines).contains("download").contains("transferred").doesNotContain("MB of");
  }

  /** STORE NAME: pulls, and shows how it gets on. */
  static final class Puller {
    public static void main(String[] arguments) {
      try (Cooper cooper =
          Cooper.builder()
              .store(Path.of(arguments[0]))
              .listener(dev.cooper.event.BuildListener.progress(System.out))
              .build()) {
        cooper.pull(arguments[1]);
      }
    }
  }
}
