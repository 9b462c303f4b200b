package dev.cooper.oci.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.cooper.oci.ImageReference;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A server that answers as the test says, whatever a registry would do, and remembers all. */
final class FakeServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Handler> handlers = new LinkedHashMap<>();

  /** Method, path and query of each request. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** Every Authorization header that came. */
  final List<String> authorizations = new CopyOnWriteArrayList<>();

  /** Answers one request. */
  @FunctionalInterface
  interface Handler {
    void answer(Answer answer) throws IOException;
  }

  /** One request, and what is answered. */
  static final class Answer {
    private final HttpExchange exchange;
    final byte[] body;

    private Answer(HttpExchange exchange, byte[] body) {
      this.exchange = exchange;
      this.body = body;
    }

    HttpExchange exchange() {
      return exchange;
    }

    String query() {
      String query = exchange.getRequestURI().getRawQuery();
      return query == null ? "" : query;
    }

    @Nullable String header(String name) {
      return exchange.getRequestHeaders().getFirst(name);
    }

    Answer with(String name, String value) {
      exchange.getResponseHeaders().add(name, value);
      return this;
    }

    void send(int status) throws IOException {
      exchange.sendResponseHeaders(status, -1);
    }

    void send(int status, byte[] content) throws IOException {
      exchange.sendResponseHeaders(status, content.length == 0 ? -1 : content.length);
      exchange.getResponseBody().write(content);
    }

    /** Says one length and gives another. */
    void sendShort(int status, long said, byte[] content) throws IOException {
      exchange.sendResponseHeaders(status, said);
      exchange.getResponseBody().write(content);
      exchange.getResponseBody().flush();
      throw new IOException("cut");
    }

    /** Answers nothing, and hangs up. */
    void cut() throws IOException {
      throw new IOException("cut");
    }

    /** Gives bytes without an end. */
    void sendEndless(int status) throws IOException {
      exchange.sendResponseHeaders(status, 0);
      byte[] some = new byte[64 * 1024];
      while (true) {
        exchange.getResponseBody().write(some);
      }
    }

    void sendText(int status, String text) throws IOException {
      send(status, text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private FakeServer(HttpServer server) {
    this.server = server;
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  static FakeServer plain() throws IOException {
    return new FakeServer(
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
  }

  static FakeServer tls(TestCertificate certificate) throws Exception {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(certificate.context()));
    return new FakeServer(server);
  }

  /** Answers such requests; the first that fits counts. */
  FakeServer on(String methodAndPath, Handler handler) {
    handlers.put(methodAndPath, handler);
    return this;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String line = exchange.getRequestMethod() + " " + path;
      String query = exchange.getRequestURI().getRawQuery();
      requests.add(query == null ? line : line + "?" + query);
      String authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (authorization != null) {
        authorizations.add(authorization);
      }
      Answer answer = new Answer(exchange, exchange.getRequestBody().readAllBytes());
      for (Map.Entry<String, Handler> each : handlers.entrySet()) {
        if (line.matches(each.getKey())) {
          each.getValue().answer(answer);
          return;
        }
      }
      answer.send(path.equals("/v2/") ? 200 : 404);
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  ImageReference reference(String rest) {
    return ImageReference.parse(address() + "/" + rest);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
