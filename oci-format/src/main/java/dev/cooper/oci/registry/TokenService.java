package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gets tokens where a registry's challenge says.
 *
 * <p>Source: the distribution project's "Token Authentication Specification", by GET, and "Oauth2
 * Token Authentication", by POST.
 */
final class TokenService {
  private static final String CLIENT_ID = "cooper";
  private static final int MAX_TOKEN = 65536;

  /** What counts where the service says nothing, by the specification. */
  private static final long DEFAULT_SECONDS = 60;

  private static final long MAX_SECONDS = 24 * 60 * 60;

  /** No number of seconds is as long as this. */
  private static final int MAX_NUMBER = 100;

  private final Sender sender;
  private final Settings settings;
  private final Redaction redaction;

  /** Sends to a URL that is no registry's own, and tries again where that may help. */
  @FunctionalInterface
  interface Sender {
    /**
     * Sends it.
     *
     * @param asked as whom, for messages
     */
    Response send(Call call, URI uri, @Nullable String authorization, String asked)
        throws IOException;
  }

  /**
   * What a registry takes for a while.
   *
   * @param value the secret
   * @param until when it is no longer to be used
   */
  record Token(String value, Instant until) {
    @Override
    public String toString() {
      return "Token[until " + until + "]";
    }
  }

  TokenService(Sender sender, Settings settings, Redaction redaction) {
    this.sender = sender;
    this.settings = settings;
    this.redaction = redaction;
  }

  /**
   * Gets a token.
   *
   * @param realm the service's URL, which has been checked
   * @param service what the registry is called there
   * @param credentials a user's, a refresh token, or null to ask as anybody
   */
  Token token(URI realm, String service, Scopes scopes, @Nullable Credentials credentials)
      throws IOException {
    if (credentials instanceof Credentials.IdentityToken identity) {
      List<String> form = form(service, scopes);
      add(form, "grant_type", "refresh_token");
      add(form, "refresh_token", identity.token());
      return token(post(realm, form, credentials), credentials);
    }
    Response response = get(realm, service, scopes, credentials);
    boolean unknown = response.status() == 404 || response.status() == 405;
    if (unknown && credentials instanceof Credentials.Basic basic) {
      response.discard();
      List<String> form = form(service, scopes);
      add(form, "grant_type", "password");
      add(form, "username", basic.user());
      add(form, "password", basic.password());
      return token(post(realm, form, credentials), credentials);
    }
    return token(response, credentials);
  }

  private Response get(URI realm, String service, Scopes scopes, @Nullable Credentials credentials)
      throws IOException {
    List<String> query = new ArrayList<>();
    String basic = null;
    if (credentials instanceof Credentials.Basic user) {
      basic = "Basic " + Redaction.basic(user);
      add(query, "account", user.user());
    }
    if (!service.isEmpty()) {
      add(query, "service", service);
    }
    scopes.texts().forEach(scope -> add(query, "scope", scope));
    String separator = realm.getRawQuery() == null ? "?" : "&";
    URI uri = URI.create(realm + (query.isEmpty() ? "" : separator + String.join("&", query)));
    return sender.send(Call.to("GET", uri, Scopes.NONE), uri, basic, asked(credentials));
  }

  private static List<String> form(String service, Scopes scopes) {
    List<String> form = new ArrayList<>();
    add(form, "client_id", CLIENT_ID);
    add(form, "service", service);
    if (!scopes.texts().isEmpty()) {
      add(form, "scope", String.join(" ", scopes.texts()));
    }
    return form;
  }

  private static void add(List<String> form, String name, String value) {
    form.add(name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8));
  }

  private Response post(URI realm, List<String> form, Credentials credentials) throws IOException {
    byte[] body = String.join("&", form).getBytes(StandardCharsets.US_ASCII);
    Call call =
        Call.to("POST", realm, Scopes.NONE)
            .with("Content-Type", "application/x-www-form-urlencoded")
            .with(
                new Call.Content(
                    () -> new java.io.ByteArrayInputStream(body), body.length, done -> {}));
    return sender.send(call, realm, null, asked(credentials));
  }

  private String asked(@Nullable Credentials credentials) {
    String as = credentials == null ? "anonymously" : "with credentials " + credentials;
    return "a token was asked for " + as + ": " + settings.credentials().describe();
  }

  private Token token(Response response, @Nullable Credentials credentials) throws IOException {
    if (response.status() != 200) {
      throw ServerErrors.read(response, redaction).exception(response, asked(credentials), null);
    }
    String where = "answer of token service " + Redaction.url(response.uri());
    JsonObject json = Json.parse(response.bytes(), where);
    String token = json.stringOr("token", "");
    String value = token.isEmpty() ? json.stringOr("access_token", "") : token;
    if (value.isEmpty()
        || value.length() > MAX_TOKEN
        || !Credentials.RegistryToken.isToken(value)) {
      throw new ContentException(where + ": found no token that a header can hold");
    }
    redaction.secret(value);
    long seconds = seconds(json.hint("expires_in"));
    // By our own clock since it came, as the service's may be another; and a little less.
    Duration usable = Duration.ofSeconds(seconds - seconds / 10);
    return new Token(value, settings.timing().now().plus(usable));
  }

  /** A hint alone: services write it as text, as a fraction, empty, or too large. */
  private static long seconds(@Nullable Object said) {
    BigDecimal seconds = number(said);
    if (seconds == null) {
      return DEFAULT_SECONDS;
    }
    BigDecimal least = BigDecimal.valueOf(DEFAULT_SECONDS);
    return seconds.max(least).min(BigDecimal.valueOf(MAX_SECONDS)).longValue();
  }

  private static @Nullable BigDecimal number(@Nullable Object said) {
    String text = String.valueOf(said).strip();
    try {
      return text.length() <= MAX_NUMBER ? new BigDecimal(text) : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
