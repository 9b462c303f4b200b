package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.registry.AuthFiles;
import dev.cooper.oci.registry.CertificateDirectories;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A JVM that was told nothing finds credentials, certificates and proxies where the host has them.
 */
class StandardSettingsIT extends EndToEnd {
  private static final String USER = "tester:pass word:1";

  @Test
  void pullFromAGuardedRegistryTakesWhatTheHostHas() throws IOException {
    Tools.require("openssl");
    Path certificate = temp.resolve("server.crt");
    Path key = temp.resolve("server.key");
    Tools.run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=registry",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key.toString(),
        "-out",
        certificate.toString());
    try (LocalRegistry registry = LocalRegistry.guarded(temp, certificate, key)) {
      String host = registry.at("").replace("/", "");
      String auth = Base64.getEncoder().encodeToString(USER.getBytes(StandardCharsets.UTF_8));
      String logins = "{\"auths\":{\"" + host + "\":{\"auth\":\"" + auth + "\"}}}";
      Path docker = Files.createDirectory(temp.resolve("docker"));
      Path config = Files.writeString(docker.resolve("config.json"), logins);
      Path certificates = temp.resolve("config/containers/certs.d");
      Files.createDirectories(certificates.resolve(host));
      Files.copy(certificate, certificates.resolve(host).resolve("ca.crt"));
      Files.copy(certificate, certificates.resolve(host).resolve("client.cert"));
      Files.copy(key, certificates.resolve(host).resolve("client.key"));
      Image image;
      try (Cooper pusher =
              builder()
                  .store(temp.resolve("pusher"))
                  .registries(RegistriesConf.EMPTY)
                  .credentials(AuthFiles.of(config))
                  .registryClient(
                      client -> client.tls(CertificateDirectories.of(List.of(certificates))))
                  .build();
          WorkingContainer c = pusher.from("rootfs:" + busyboxTar())) {
        image = c.commit(registry.at("app:1"));
        image.push();
      }

      String home = temp.resolve("home").toString();
      Map<String, String> none =
          Map.of(
              "HOME", home, "XDG_RUNTIME_DIR", home, "DOCKER_CONFIG", "", "XDG_CONFIG_HOME", home);
      Map<String, String> certified = with(none, "XDG_CONFIG_HOME", temp.resolve("config"));
      assertThat(child(none, "pull", registry.at("app:1"))).contains("certificate");
      assertThat(child(certified, "pull", registry.at("app:1")))
          .contains("answered 401")
          .contains("there are none for it");
      assertThat(child(with(certified, "DOCKER_CONFIG", docker), "pull", registry.at("app:1")))
          .contains("pulled " + image.id());
    }
  }

  @Test
  void addTakesTheHostsProxy() throws IOException {
    HttpServer proxy =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.createContext(
        "/",
        exchange -> {
          byte[] body = ("for " + exchange.getRequestURI()).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    proxy.start();
    try {
      Map<String, String> environment =
          Map.of("http_proxy", "http://127.0.0.1:" + proxy.getAddress().getPort());
      assertThat(child(environment, "add", "http://far.test/file"))
          .contains("added for http://far.test/file");
    } finally {
      proxy.stop(0);
    }
  }

  private static Map<String, String> with(Map<String, String> others, String name, Path value) {
    Map<String, String> all = new java.util.HashMap<>(others);
    all.put(name, value.toString());
    return all;
  }

  /** What another JVM with this environment says. */
  private String child(Map<String, String> environment, String what, String of) throws IOException {
    return ChildJvm.run(
        environment,
        List.of(),
        Child.class,
        temp.resolve("child").toString(),
        busyboxTar().toString(),
        what,
        of);
  }

  /** Has a store and a base, and does one thing by the settings of its host. */
  static final class Child {
    public static void main(String[] arguments) {
      try (Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).build()) {
        if (arguments[2].equals("pull")) {
          System.out.println("pulled " + cooper.pull(arguments[3]).id());
          return;
        }
        try (WorkingContainer c = cooper.from("rootfs:" + arguments[1])) {
          c.add(URI.create(arguments[3]), "/file", options -> options);
          System.out.println("added " + c.exec("/bin/cat", "/file").out());
        }
      } catch (RuntimeException e) {
        System.out.println("failed: " + e.getMessage());
      }
    }
  }
}
