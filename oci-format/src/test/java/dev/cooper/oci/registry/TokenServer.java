package dev.cooper.oci.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cooper.oci.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A token service as the distribution project specifies it: tokens are JWTs that a certificate
 * signs; anybody may pull, and the tester may do everything.
 */
final class TokenServer implements AutoCloseable {
  static final String SERVICE = "test-service";
  static final String ISSUER = "test-issuer";
  static final String IDENTITY_TOKEN = "identity-token-of-tester";

  private final HttpServer server;
  private final TestCertificate signer;

  /** What was asked for: method, user, and scopes. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  /** How long a token is good for. */
  volatile long seconds = 300;

  /** What the answer says about that. */
  volatile long saidSeconds = 300;

  private TokenServer(HttpServer server, TestCertificate signer) {
    this.server = server;
    this.signer = signer;
  }

  static TokenServer start(TestCertificate signer) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    TokenServer tokens = new TokenServer(server, signer);
    server.createContext("/token", tokens::answer);
    server.start();
    return tokens;
  }

  String realm() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/token";
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean post = exchange.getRequestMethod().equals("POST");
      String query =
          post
              ? new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.US_ASCII)
              : Objects.requireNonNullElse(exchange.getRequestURI().getRawQuery(), "");
      Map<String, List<String>> form = form(query);
      String user = post ? oauthUser(form) : basicUser(exchange);
      List<String> scopes = new ArrayList<>();
      for (String each : form.getOrDefault("scope", List.of())) {
        scopes.addAll(List.of(each.split(" ")));
      }
      asked.add(exchange.getRequestMethod() + " " + user + " " + scopes);
      if (user.equals("wrong")) {
        send(exchange, 401, Map.of("details", "incorrect username or password"));
        return;
      }
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put(post ? "access_token" : "token", jwt(user, scopes));
      answer.put("expires_in", saidSeconds);
      send(exchange, 200, answer);
    }
  }

  private static void send(HttpExchange exchange, int status, Map<String, Object> answer)
      throws IOException {
    byte[] body = Json.write(answer);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private static Map<String, List<String>> form(String query) {
    Map<String, List<String>> form = new LinkedHashMap<>();
    for (String each : query.split("&")) {
      int equals = each.indexOf('=');
      if (equals > 0) {
        form.computeIfAbsent(each.substring(0, equals), name -> new ArrayList<>())
            .add(URLDecoder.decode(each.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return form;
  }

  private static String oauthUser(Map<String, List<String>> form) {
    return form.getOrDefault("refresh_token", List.of()).contains(IDENTITY_TOKEN)
        ? TestRegistry.USER
        : "wrong";
  }

  private static String basicUser(HttpExchange exchange) {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header == null) {
      return "anybody";
    }
    String right = Redaction.basic(new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD));
    return header.equals("Basic " + right) ? TestRegistry.USER : "wrong";
  }

  private String jwt(String user, List<String> scopes) {
    long now = System.currentTimeMillis() / 1000;
    List<Object> access = new ArrayList<>();
    for (String scope : scopes) {
      String[] parts = scope.split(":");
      List<String> actions =
          user.equals("anybody") ? List.of("pull") : List.of(parts[2].split(","));
      access.add(Map.of("type", parts[0], "name", parts[1], "actions", actions));
    }
    try {
      String certificate = Base64.getEncoder().encodeToString(signer.certificate().getEncoded());
      String header = part(Map.of("typ", "JWT", "alg", "RS256", "x5c", List.of(certificate)));
      Map<String, Object> claims = new LinkedHashMap<>();
      claims.put("iss", ISSUER);
      claims.put("sub", user);
      claims.put("aud", SERVICE);
      claims.put("exp", now + seconds);
      claims.put("nbf", now - 60);
      claims.put("iat", now);
      claims.put("jti", "id");
      claims.put("access", access);
      String signed = header + "." + part(claims);
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(signer.key());
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + url(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static String part(Map<String, Object> json) {
    return url(Json.write(json));
  }

  private static String url(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
