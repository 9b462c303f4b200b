package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.oci.layout.PeerTool;
import dev.cooper.oci.layout.TestImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One configuration, read by skopeo and by us: both go to the same places as the same person. */
@Timeout(180)
class HostConfigurationIT {
  private static final Pattern PINGED =
      Pattern.compile("container registry (127\\.0\\.0\\.1:[0-9]+):");

  @TempDir Path temp;
  private final TestImage image = TestImage.of("x");

  private String skopeo(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy"));
    command.addAll(List.of(arguments));
    return PeerTool.run(temp, command.toArray(String[]::new));
  }

  /** An image in a registry for one person with a certificate of its own, pushed by skopeo. */
  private ImageReference push(TestRegistry registry) throws IOException {
    image.writeAndCommit(OciLayout.create(temp.resolve("layout")), "docker.io/library/app:1");
    ImageReference reference = registry.reference("team/app:1");
    skopeo(
        "copy",
        "--preserve-digests",
        "--dest-cert-dir=" + temp.resolve("certs.d").resolve(registry.address()),
        "--dest-authfile=" + temp.resolve("auth.json"),
        "oci:layout:docker.io/library/app:1",
        "docker://" + reference);
    return reference;
  }

  private TestRegistry registryWithLogin(TestCertificate certificate) throws IOException {
    TestRegistry registry = TestRegistry.htpasswd(temp, certificate);
    Path certificates = temp.resolve("certs.d").resolve(registry.address());
    Files.createDirectories(certificates);
    Files.copy(certificate.certificateFile, certificates.resolve("ca.crt"));
    skopeo(
        "login",
        "--cert-dir=" + certificates,
        "--authfile=" + temp.resolve("auth.json"),
        "-u",
        TestRegistry.USER,
        "-p",
        TestRegistry.PASSWORD,
        registry.address());
    return registry;
  }

  private RegistryClient client(CredentialsProvider credentials, EndpointResolver endpoints) {
    return RegistryClient.builder()
        .credentials(credentials)
        .endpoints(endpoints)
        .tls(CertificateDirectories.of(List.of(temp.resolve("certs.d"))))
        .retries(0)
        .build();
  }

  @Test
  void whatSkopeoLoginWroteLetsUsIn() throws Exception {
    try (TestRegistry registry = registryWithLogin(TestCertificate.create(temp))) {
      ImageReference reference = push(registry);
      AuthFiles credentials = AuthFiles.of(temp.resolve("auth.json"));
      try (RegistryClient client = client(credentials, EndpointResolver.DIRECT);
          RemoteContent content = client.open(reference)) {
        assertThat(content.root().descriptor().digest()).isEqualTo(image.descriptor.digest());
      }
    }
  }

  @Test
  void credentialHelperAndRemappedNameLeadToTheImage() throws Exception {
    try (TestRegistry registry = registryWithLogin(TestCertificate.create(temp))) {
      push(registry);
      TestHost host = new TestHost(temp);
      host.helper(
          "test",
          "printf '{\"ServerURL\":\"%s\",\"Username\":\"%s\",\"Secret\":\"%s\"}' $server '"
              + TestRegistry.USER
              + "' '"
              + TestRegistry.PASSWORD
              + "'");
      host.write(
          "home/.docker/config.json",
          "{\"credHelpers\":{\"" + registry.address() + "\":\"test\"}}");
      host.write(
          "root/etc/containers/registries.conf",
          "[[registry]]\nprefix='apps.invalid'\nlocation='" + registry.address() + "/team'\n");
      HostEnvironment environment = host.environment();
      AuthFiles credentials =
          AuthFiles.of(environment, new CredentialHelper(environment, Duration.ofSeconds(60)));
      try (RegistryClient client = client(credentials, RegistriesConf.load(environment))) {
        assertThat(client.find(ImageReference.parse("apps.invalid/app:1")))
            .map(Descriptor::digest)
            .contains(image.descriptor.digest());
      }
    }
  }

  /** Three ports of this machine where nobody listens. */
  private static List<Integer> closedPorts() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket one = new ServerSocket(0, 1, loopback);
        ServerSocket two = new ServerSocket(0, 1, loopback);
        ServerSocket three = new ServerSocket(0, 1, loopback)) {
      return List.of(one.getLocalPort(), two.getLocalPort(), three.getLocalPort());
    }
  }

  /** What skopeo says when it reaches none of its places. */
  private String refused(Path conf, ImageReference reference) throws Exception {
    PeerTool.require("skopeo");
    Path output = temp.resolve("output");
    Process process =
        new ProcessBuilder(
                "skopeo", "--registries-conf", conf.toString(), "inspect", "docker://" + reference)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).isNotZero();
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a.invalid/team/app:1",
        "a.invalid/team/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "c.invalid/x/y",
        "x.d.invalid/z",
      })
  void skopeoGoesToTheSamePlacesInTheSameOrder(String name) throws Exception {
    List<Integer> ports = closedPorts();
    String toml =
        """
        [[registry]]
        prefix = "a.invalid/team"
        location = "127.0.0.1:THREE/loc"
        [[registry.mirror]]
        location = "127.0.0.1:ONE/m1"
        insecure = true
        [[registry.mirror]]
        location = "127.0.0.1:TWO/m2"
        pull-from-mirror = "digest-only"
        [[registry]]
        prefix = "c.invalid"
        location = "127.0.0.1:THREE"
        [[registry]]
        prefix = "*.d.invalid"
        location = "127.0.0.1:ONE/wild"
        [[registry.mirror]]
        location = "127.0.0.1:TWO/m3"
        """;
    Map<String, Integer> names =
        Map.of("ONE", ports.get(0), "TWO", ports.get(1), "THREE", ports.get(2));
    for (Map.Entry<String, Integer> each : names.entrySet()) {
      toml = toml.replace(each.getKey(), each.getValue().toString());
    }
    Path conf = Files.writeString(temp.resolve("registries.conf"), toml);
    ImageReference reference = ImageReference.parse(name);
    List<Endpoint> ours = RegistriesConf.read(conf).endpoints(reference);

    String said = refused(conf, reference);
    List<String> hosts = new ArrayList<>();
    Matcher tried = PINGED.matcher(said);
    while (tried.find()) {
      hosts.add(tried.group(1));
    }
    assertThat(ours).as(said).extracting(Endpoint::registry).isEqualTo(hosts);
    for (Endpoint each : ours.size() > 1 ? ours : List.<Endpoint>of()) {
      assertThat(said).contains(each.registry() + "/" + each.repository());
    }
  }

  @Test
  void skopeoBlocksTheSame() throws Exception {
    Path conf =
        Files.writeString(
            temp.resolve("registries.conf"), "[[registry]]\nprefix='*.b.invalid'\nblocked=true\n");
    RegistriesConf ours = RegistriesConf.read(conf);
    for (String name : List.of("x.b.invalid/z", "x.b.invalid:5000/z")) {
      ImageReference reference = ImageReference.parse(name);
      assertThat(refused(conf, reference)).contains("*.b.invalid is blocked");
      assertThatThrownBy(() -> ours.endpoints(reference)).isInstanceOf(OperationException.class);
    }
  }

  @Test
  void theSystemsOwnFilesAreRead() throws IOException {
    assertThat(RegistriesConf.load().candidates("localhost/x")).hasSize(1);
  }
}
