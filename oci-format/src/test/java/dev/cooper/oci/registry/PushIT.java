package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.ContentReader;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.oci.layout.PeerTool;
import dev.cooper.oci.layout.TestImage;
import dev.cooper.oci.layout.Validator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we push, skopeo and buildah read, byte for byte; and what we list and delete. */
class PushIT {
  private static final Credentials TESTER =
      new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD);

  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");
  private final List<String> events = new CopyOnWriteArrayList<>();

  private RegistryClientBuilder builder() {
    return RegistryClient.builder()
        .progress(
            event -> {
              if (event instanceof TransferEvent.Ended ended) {
                events.add(ended.transfer().direction() + " " + ended.outcome());
              }
            });
  }

  private void push(RegistryClient client, ImageReference to, String... from) throws IOException {
    RemoteWriter writer = client.writer(to);
    for (Map.Entry<Descriptor, byte[]> each : image.blobs.entrySet()) {
      if (!each.getKey().mediaType().isManifest()) {
        writer.blob(each.getKey(), () -> new ByteArrayInputStream(each.getValue()), List.of(from));
      }
    }
    writer.manifest(image.descriptor, image.manifest.toBytes(), to.tag());
  }

  private byte[] raw(ImageReference reference, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("skopeo", "inspect", "--raw"));
    command.addAll(List.of(options));
    command.addAll(List.of("--tls-verify=false", "docker://" + reference));
    return PeerTool.run(temp, command.toArray(String[]::new)).getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void pushWhenAnybodyMayIsReadBySkopeoByteForByte() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      ImageReference to = registry.reference("team/app:1");
      push(client, to);
      assertThat(raw(to)).isEqualTo(image.manifest.toBytes());
      PeerTool.run(
          temp,
          "skopeo",
          "--insecure-policy",
          "copy",
          "--preserve-digests",
          "--src-tls-verify=false",
          "docker://" + to,
          "oci:copied:x");
      assertThat(Validator.validate(temp.resolve("copied"))).isEmpty();
      try (ContentReader copied = OciLayout.open(temp.resolve("copied"))) {
        assertThat(copied.index().manifests().get(0).digest()).isEqualTo(image.descriptor.digest());
      }
      assertThat(events).hasSize(3).containsOnly("UPLOAD TRANSFERRED");
    }
  }

  @Test
  void pushOfAnIndexIsReadWithAllItsImages() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      ImageReference to = registry.reference("team/app:1");
      push(client, to);
      byte[] index =
          Index.of(
                  List.of(
                      image.descriptor,
                      image.descriptor.withPlatform(Platform.of("linux", "arm64"))))
              .toBytes();
      Descriptor descriptor = Descriptor.of(MediaType.OCI_INDEX, index);
      client.writer(to).manifest(descriptor, index, "all");
      assertThat(raw(registry.reference("team/app:all"))).isEqualTo(index);
      PeerTool.run(
          temp,
          "skopeo",
          "--insecure-policy",
          "copy",
          "--all",
          "--preserve-digests",
          "--src-tls-verify=false",
          "docker://" + registry.reference("team/app:all"),
          "oci:copied:x");
      assertThat(Validator.validate(temp.resolve("copied"))).isEmpty();
      try (RemoteContent content = client.open(registry.reference("team/app:all"))) {
        assertThat(content.root().descriptor()).isEqualTo(descriptor);
        assertThat(content.read(image.descriptor)).isEqualTo(image.manifest.toBytes());
      }
    }
  }

  @Test
  void pushIsReadByBuildah() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      ImageReference to = registry.reference("team/app:1");
      push(client, to);
      Path storage = Files.createDirectory(temp.resolve("s"));
      String said =
          PeerTool.run(
              temp,
              "buildah",
              "--root",
              storage + "/root",
              "--runroot",
              storage + "/run",
              "--storage-driver",
              "vfs",
              "pull",
              "--tls-verify=false",
              to.toString());
      assertThat(said).contains(image.manifest.config().digest().hex());
    }
  }

  @Test
  void pushAgainSendsNothing() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      push(client, registry.reference("team/app:1"));
      events.clear();
      push(client, registry.reference("team/app:2"));
      assertThat(events).hasSize(3).containsOnly("UPLOAD REUSED");
    }
  }

  @Test
  void pushToAnotherRepositoryMounts() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      push(client, registry.reference("team/app:1"));
      events.clear();
      push(client, registry.reference("other/app:1"), "not/there", "team/app");
      assertThat(events).hasSize(3).doesNotContain("UPLOAD FAILED", "UPLOAD REUSED");
      events.clear();
      push(client, registry.reference("third/app:1"), "team/app");
      assertThat(events).hasSize(3).containsOnly("UPLOAD MOUNTED");
      assertThat(raw(registry.reference("third/app:1"))).isEqualTo(image.manifest.toBytes());
    }
  }

  @Test
  void pushWithPasswordOverTls() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    try (TestRegistry registry = TestRegistry.htpasswd(temp, certificate);
        RegistryClient client =
            builder()
                .credentials((host, repository) -> Optional.of(TESTER))
                .tls(TestTls.of(certificate))
                .build()) {
      ImageReference to = registry.reference("team/app:1");
      push(client, to);
      assertThat(raw(to, "--creds", TestRegistry.USER + ":" + TestRegistry.PASSWORD))
          .isEqualTo(image.manifest.toBytes());
    }
  }

  @Test
  void pushWithTokensAsksForBothRepositoriesOfAMount() throws Exception {
    TestCertificate signer = TestCertificate.create(temp);
    try (TokenServer tokens = TokenServer.start(signer);
        TestRegistry registry = TestRegistry.token(temp, tokens, signer);
        RegistryClient client =
            builder().credentials((host, repository) -> Optional.of(TESTER)).build()) {
      push(client, registry.reference("team/app:1"));
      assertThat(tokens.asked).containsExactly("GET tester [repository:team/app:pull,push]");
      push(client, registry.reference("third/app:1"), "team/app");
      assertThat(tokens.asked)
          .contains("GET tester [repository:team/app:pull, repository:third/app:pull,push]");
      assertThat(events).contains("UPLOAD MOUNTED");
    }
  }

  @Test
  void pushWhenTokensAllowReadingAloneSaysWhoTried() throws Exception {
    TestCertificate signer = TestCertificate.create(temp);
    try (TokenServer tokens = TokenServer.start(signer);
        TestRegistry registry = TestRegistry.token(temp, tokens, signer);
        RegistryClient client = builder().build()) {
      assertThatThrownBy(() -> push(client, registry.reference("team/app:1")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("POST http://" + registry.address())
          .hasMessageContaining("answered 401 (UNAUTHORIZED")
          .hasMessageContaining("asked anonymously");
    }
  }

  @Test
  void blobOfUnknownDigestGoesInPieces() throws IOException {
    byte[] content = new byte[(20 << 20) + 1];
    new java.util.Random(1).nextBytes(content);
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      RemoteWriter writer = client.writer(registry.reference("team/app:1"));
      Descriptor blob = writer.blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
      assertThat(blob).isEqualTo(Descriptor.of(MediaType.OCI_LAYER, content));
      assertThat(client.writer(registry.reference("team/app:1")).has(blob)).isTrue();
      Descriptor empty = writer.blob(MediaType.OCI_LAYER, new ByteArrayInputStream(new byte[0]));
      assertThat(empty.size()).isZero();
    }
  }

  @Test
  void blobWithoutBytesIsStored() throws IOException {
    Descriptor empty = Descriptor.of(MediaType.OCI_LAYER, new byte[0]);
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      RemoteWriter writer = client.writer(registry.reference("team/app:1"));
      writer.blob(empty, () -> new ByteArrayInputStream(new byte[0]));
      assertThat(client.writer(registry.reference("team/app:1")).has(empty)).isTrue();
    }
  }

  @Test
  void tagsAndCatalogListWhatIsThereAndDeleteRemovesIt() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      for (String tag : List.of("1", "2", "latest")) {
        push(client, registry.reference("team/app:" + tag));
      }
      push(client, registry.reference("other:1"));
      ImageReference app = registry.reference("team/app:1");
      assertThat(client.tags(app)).containsExactlyInAnyOrder("1", "2", "latest");
      assertThat(client.catalog(registry.address())).containsExactly("other", "team/app");
      client.delete(app.withDigest(image.descriptor.digest()));
      assertThat(client.find(app)).isEmpty();
      Digest layer = image.manifest.layers().get(0).digest();
      client.deleteBlob(app, layer);
      assertThatThrownBy(() -> client.deleteBlob(app, layer))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("404");
    }
  }

  @Test
  void catalogComesPageByPage() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      List<String> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        push(client, registry.reference("team/app" + i + ":1"), "team/app0");
        all.add("team/app" + i);
      }
      for (int page : new int[] {1, 2, 4, 5, 100}) {
        assertThat(client.catalog(registry.address(), page)).isEqualTo(all);
      }
    }
  }

  @Test
  void referrersAreKeptUnderATagWhereTheRegistryKnowsNone() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = builder().build()) {
      ImageReference app = registry.reference("team/app:1");
      push(client, app);
      RemoteWriter writer = client.writer(app);
      Descriptor config = Descriptor.of(MediaType.OCI_EMPTY, new byte[] {'{', '}'});
      writer.blob(config, () -> new ByteArrayInputStream(new byte[] {'{', '}'}));
      MediaType type = new MediaType("application/vnd.example.signature");
      byte[] signature =
          new Manifest(
                  MediaType.OCI_MANIFEST,
                  config,
                  List.of(image.manifest.layers().get(0)),
                  new java.util.TreeMap<>(Map.of("by", "us")),
                  image.descriptor.withPlatform(null),
                  type,
                  Map.of())
              .toBytes();
      Descriptor descriptor = Descriptor.of(MediaType.OCI_MANIFEST, signature);
      writer.manifest(descriptor, signature, null);
      writer.manifest(descriptor, signature, null);
      ImageReference subject = app.withDigest(image.descriptor.digest());
      assertThat(client.referrers(subject, null).manifests())
          .singleElement()
          .satisfies(
              each -> {
                assertThat(each.digest()).isEqualTo(descriptor.digest());
                assertThat(each.artifactType()).isEqualTo(type);
                assertThat(each.annotations()).containsEntry("by", "us");
              });
      assertThat(client.referrers(subject, type).manifests()).hasSize(1);
      assertThat(client.referrers(subject, MediaType.OCI_EMPTY).manifests()).isEmpty();
    }
  }
}
