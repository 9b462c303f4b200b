package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.oci.layout.PeerTool;
import dev.cooper.oci.layout.TestImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What skopeo pushes, we read: from a registry for anybody, with a password, and with tokens. */
class PullIT {
  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");

  @BeforeEach
  void write() throws IOException {
    image.writeAndCommit(OciLayout.create(temp.resolve("layout")), "docker.io/library/app:1");
  }

  private void push(TestRegistry registry, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy", "copy"));
    command.addAll(List.of(options));
    command.addAll(List.of("--preserve-digests", "--dest-tls-verify=false"));
    command.add("oci:layout:docker.io/library/app:1");
    command.add("docker://" + registry.address() + "/team/app:1");
    PeerTool.run(temp, command.toArray(String[]::new));
  }

  private void readAll(RemoteContent content) throws IOException {
    assertThat(content.index().manifests()).containsExactly(content.root().descriptor());
    Descriptor root = content.root().descriptor();
    assertThat(root.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
    assertThat(root.digest()).isEqualTo(image.descriptor.digest());
    Manifest manifest = Manifest.parse(content.read(root), root.mediaType());
    assertThat(content.read(manifest.config())).isEqualTo(image.config.toBytes());
    for (Descriptor layer : manifest.layers()) {
      assertThat(content.contains(layer.digest())).isTrue();
      try (InputStream in = content.open(layer)) {
        assertThat(in.readAllBytes()).isEqualTo(image.blobs.get(layer));
      }
    }
  }

  @Test
  void openWhenAnybodyMayReadGivesTheImage() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = RegistryClient.builder().build()) {
      push(registry);
      try (RemoteContent content = client.open(registry.reference("team/app:1"))) {
        readAll(content);
      }
      assertThat(client.find(registry.reference("team/app:1")))
          .map(Descriptor::digest)
          .contains(image.descriptor.digest());
      assertThat(client.find(registry.reference("team/app:2"))).isEmpty();
      String raw =
          PeerTool.run(
              temp,
              "skopeo",
              "inspect",
              "--raw",
              "--tls-verify=false",
              "docker://" + registry.address() + "/team/app:1");
      assertThat(client.manifest(registry.reference("team/app:1")).bytes().toBytes())
          .isEqualTo(raw.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void openWhenMissingSaysWhatTheServerSaid() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = RegistryClient.builder().build()) {
      assertThatThrownBy(() -> client.open(registry.reference("team/app:9")))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining(
              "GET http://" + registry.address() + "/v2/team/app/manifests/9: answered 404")
          .hasMessageContaining("MANIFEST_UNKNOWN: manifest unknown");
    }
  }

  @Test
  void openWithPasswordOverTlsGivesTheImage() throws Exception {
    TestCertificate certificate = TestCertificate.create(temp);
    Credentials tester = new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD);
    try (TestRegistry registry = TestRegistry.htpasswd(temp, certificate);
        RegistryClient client =
            RegistryClient.builder()
                .credentials((host, repository) -> Optional.of(tester))
                .tls(TestTls.of(certificate))
                .build();
        RegistryClient anybody = RegistryClient.builder().tls(TestTls.of(certificate)).build()) {
      push(registry, "--dest-creds", TestRegistry.USER + ":" + TestRegistry.PASSWORD);
      try (RemoteContent content = client.open(registry.reference("team/app:1"))) {
        readAll(content);
      }
      assertThatThrownBy(() -> anybody.open(registry.reference("team/app:1")))
          .hasMessageContaining("answered 401 (UNAUTHORIZED: authentication required")
          .hasMessageContaining("asked anonymously")
          .hasMessageContaining("no credentials configured");
    }
  }

  @Test
  void openWithTokensGivesTheImage() throws Exception {
    TestCertificate signer = TestCertificate.create(temp);
    Credentials identity = new Credentials.IdentityToken(TokenServer.IDENTITY_TOKEN);
    try (TokenServer tokens = TokenServer.start(signer);
        TestRegistry registry = TestRegistry.token(temp, tokens, signer);
        RegistryClient anybody = RegistryClient.builder().build();
        RegistryClient tester =
            RegistryClient.builder()
                .credentials((host, repository) -> Optional.of(identity))
                .build()) {
      push(registry, "--dest-creds", TestRegistry.USER + ":" + TestRegistry.PASSWORD);
      tokens.asked.clear();
      for (RegistryClient client : List.of(anybody, tester)) {
        try (RemoteContent content = client.open(registry.reference("team/app:1"))) {
          readAll(content);
        }
      }
      assertThat(tokens.asked)
          .containsExactly(
              "GET anybody [repository:team/app:pull]", "POST tester [repository:team/app:pull]");
    }
  }

  @Test
  void openWhenOfDockersTypesGivesTheImage() throws IOException {
    try (TestRegistry registry = TestRegistry.plain(temp);
        RegistryClient client = RegistryClient.builder().build()) {
      PeerTool.run(
          temp,
          "skopeo",
          "--insecure-policy",
          "copy",
          "--format",
          "v2s2",
          "--dest-tls-verify=false",
          "oci:layout:docker.io/library/app:1",
          "docker://" + registry.address() + "/team/app:1");
      try (RemoteContent content = client.open(registry.reference("team/app:1"))) {
        Descriptor root = content.root().descriptor();
        assertThat(root.mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
        Manifest manifest = Manifest.parse(content.read(root), root.mediaType());
        assertThat(manifest.config().mediaType()).isEqualTo(MediaType.DOCKER_CONFIG);
        for (Descriptor layer : manifest.layers()) {
          try (InputStream in = content.open(layer)) {
            assertThat(layer.digest().matches(in.readAllBytes())).isTrue();
          }
        }
      }
    }
  }
}
