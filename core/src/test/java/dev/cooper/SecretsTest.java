package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cooper.event.BuildListener;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.AuthFiles;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * CVE-2023-26054: what was needed to pull and push an image is nowhere to be read afterwards: not
 * in the store with all its images and histories, nor in events, logs or exceptions.
 */
class SecretsTest {
  private static final String PASSWORD = "hunter2-of-joe";
  private static final String TOKEN = "token-that-nobody-may-see";
  private static final String SIGNATURE = "signature-of-a-url";
  private static final String AUTH =
      Base64.getEncoder().encodeToString(("joe:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
  private static final List<String> SECRETS = List.of(PASSWORD, TOKEN, SIGNATURE, AUTH);

  @TempDir Path temp;
  private final Map<String, byte[]> served = new HashMap<>();
  private final List<String> logged = new CopyOnWriteArrayList<>();
  private final List<String> signed = new CopyOnWriteArrayList<>();
  private final Logger root = Logger.getLogger("dev.cooper");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          StringWriter all = new StringWriter();
          all.write(entry.getMessage());
          if (entry.getThrown() != null) {
            entry.getThrown().printStackTrace(new PrintWriter(all));
          }
          logged.add(all.toString());
        }

        @Override
        public void flush() {
          // Nothing is held back.
        }

        @Override
        public void close() {
          // Nor open.
        }
      };
  private HttpServer server;
  private String address;

  @BeforeEach
  void start() throws IOException {
    handler.setLevel(Level.ALL);
    root.setLevel(Level.ALL);
    root.addHandler(handler);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    address = "127.0.0.1:" + server.getAddress().getPort();
    byte[] tar = TestImages.greeting("hello");
    byte[] config = ImageConfig.of(Platform.current()).withDiffId(Digest.sha256(tar)).toBytes();
    Descriptor layer = Descriptor.of(MediaType.OCI_LAYER, tar);
    Descriptor settings = Descriptor.of(MediaType.OCI_CONFIG, config);
    served.put("/v2/app/blobs/" + layer.digest(), tar);
    served.put("/v2/app/blobs/" + settings.digest(), config);
    served.put(
        "/v2/app/manifests/1",
        Manifest.of(MediaType.OCI_MANIFEST, settings, List.of(layer)).toBytes());
  }

  @AfterEach
  void stop() {
    server.stop(0);
    root.removeHandler(handler);
    root.setLevel(null);
  }

  /** A registry that says all it hears, leads blobs to signed URLs, and takes nothing. */
  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      exchange.getRequestBody().readAllBytes();
      if (path.equals("/token")) {
        say(exchange, 200, "{\"token\":\"" + TOKEN + "\"}");
      } else if (path.startsWith("/store/")) {
        signed.add(String.valueOf(exchange.getRequestURI().getRawQuery()));
        byte[] blob = served.get(path.substring("/store".length()));
        exchange.sendResponseHeaders(200, blob.length);
        exchange.getResponseBody().write(blob);
      } else if (!("Bearer " + TOKEN).equals(authorization)) {
        exchange
            .getResponseHeaders()
            .add("WWW-Authenticate", "Bearer realm=\"http://" + address + "/token\"");
        say(exchange, 401, "{}");
      } else if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.sendResponseHeaders(404, -1);
      } else if (!served.containsKey(path)) {
        String said = authorization + " " + PASSWORD + " " + AUTH;
        say(exchange, 403, "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"" + said + "\"}]}");
      } else if (path.contains("/blobs/")) {
        exchange.getResponseHeaders().add("Location", "/store" + path + "?sig=" + SIGNATURE);
        exchange.sendResponseHeaders(307, -1);
      } else {
        exchange.getResponseHeaders().add("Content-Type", MediaType.OCI_MANIFEST.value());
        exchange.sendResponseHeaders(200, served.get(path).length);
        exchange.getResponseBody().write(served.get(path));
      }
    }
  }

  private static void say(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Test
  void nothingThatIsLeftHoldsASecret() throws IOException {
    Path file =
        Files.writeString(
            temp.resolve("auth.json"),
            "{\"auths\":{\"" + address + "\":{\"auth\":\"" + AUTH + "\"}}}");
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    List<String> events = new ArrayList<>();
    BuildListener lines =
        BuildListener.plain(new PrintStream(printed, true, StandardCharsets.UTF_8));
    StringWriter thrown = new StringWriter();
    AuthFiles credentials = AuthFiles.of(file);
    try (Cooper cooper =
        Cooper.builder()
            .store(temp.resolve("store"))
            .registries(RegistriesConf.EMPTY)
            .credentials(credentials)
            .registryClient(client -> client.retries(0))
            .listener(
                event -> {
                  events.add(event.toString());
                  lines.on(event);
                })
            .build()) {
      Image image = cooper.pull(address + "/app:1");
      for (String name : List.of("/app:2", "/other:1")) {
        try {
          image.push(address + name);
        } catch (RuntimeException e) {
          e.printStackTrace(new PrintWriter(thrown));
        }
      }
      events.add(image + " " + image.config() + " " + cooper + " " + credentials);
    }
    assertThat(signed).isNotEmpty().allMatch(each -> each.contains(SIGNATURE));
    assertThat(thrown.toString()).contains("answered 403 (DENIED", "***");
    for (String secret : SECRETS) {
      assertThat(thrown.toString()).doesNotContain(secret);
      assertThat(printed.toString(StandardCharsets.UTF_8)).doesNotContain(secret);
      assertThat(events).noneMatch(each -> each.contains(secret));
      assertThat(logged).noneMatch(each -> each.contains(secret));
      for (Path each : files()) {
        assertThat(Files.readString(each, StandardCharsets.ISO_8859_1))
            .as("%s", each)
            .doesNotContain(secret);
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(temp.resolve("store"))) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
