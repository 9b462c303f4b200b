package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one registry is shown: the answer to its challenge, kept and renewed.
 *
 * <p>A challenge that was met once is answered before it is made again, so that an upload does not
 * send its body in vain. Thread-safe; tokens are fetched by one thread at a time.
 */
final class Authorizer {
  private final String registry;
  private final Settings settings;
  private final Destinations destinations;
  private final TokenService service;
  private final Redaction redaction;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Scopes, TokenService.Token> tokens = new HashMap<>();
  private final ConcurrentHashMap<String, Found> found = new ConcurrentHashMap<>();
  private final AtomicLong clock = new AtomicLong();

  /** What messages say of it; kept when the credentials themselves were refused. */
  private final ConcurrentHashMap<String, String> tried = new ConcurrentHashMap<>();

  private volatile @Nullable Known known;

  /** How the registry wants to be asked. */
  private record Known(boolean bearer, URI realm, String service, URI registry) {}

  /** What the provider said, and when by a clock that moves with each question. */
  private record Found(Optional<Credentials> credentials, long at) {}

  Authorizer(
      String registry,
      Settings settings,
      Destinations destinations,
      TokenService service,
      Redaction redaction) {
    this.registry = registry;
    this.settings = settings;
    this.destinations = destinations;
    this.service = service;
    this.redaction = redaction;
  }

  /** Now: what the provider says from here on is no older. */
  long now() {
    return clock.get();
  }

  /**
   * The header to send at once; null while the registry has asked for none.
   *
   * @param since when the call began: one that is refused asks for newer credentials
   */
  @Nullable String header(String repository, Scopes scopes, long since) throws IOException {
    Known challenge = known;
    if (challenge == null) {
      return null;
    }
    if (challenge.bearer()) {
      return bearer(challenge, repository, scopes, Scopes.NONE, since);
    }
    return credentials(repository).orElse(null) instanceof Credentials.Basic basic
        ? "Basic " + Redaction.basic(basic)
        : null;
  }

  /**
   * After a refusal: somebody may have logged in since the provider was asked, or have got another
   * password. It is asked anew, unless it was since the call began.
   *
   * @param sent the header that was refused, or null
   * @return the header to try once more with, or null if there is no other
   */
  @Nullable String renewed(String repository, Scopes scopes, @Nullable String sent, long since)
      throws IOException {
    if (known == null || !renew(repository, since)) {
      return null;
    }
    String header = header(repository, scopes, since);
    return header == null || header.equals(sent) ? null : header;
  }

  /** Whether there are other credentials than were known when the call began. */
  private boolean renew(String repository, long since) throws IOException {
    Found before = found.get(repository);
    if (before == null || before.at() > since) {
      return before != null;
    }
    Found now = ask(repository);
    if (now.credentials().equals(before.credentials())) {
      return false;
    }
    lock();
    try {
      tokens.clear(); // they were given for the credentials before
    } finally {
      lock.unlock();
    }
    return true;
  }

  /** Whether there are credentials that no challenge has asked for yet. */
  boolean couldShow(String repository) throws IOException {
    return known == null && credentials(repository).isPresent();
  }

  /**
   * Learns from a challenge.
   *
   * @param sent the header that was not good enough, or null
   * @param since when the call began
   * @return the header to try once more with, or null if there is none
   * @throws OperationException if the realm is one that credentials may not be sent to
   */
  @Nullable String challenged(
      URI base,
      List<String> challenges,
      String repository,
      Scopes scopes,
      @Nullable String sent,
      long since)
      throws IOException {
    Challenge challenge = choose(Challenge.parse(challenges));
    if (challenge == null) {
      return null;
    }
    boolean bearer = challenge.scheme().equals("bearer");
    URI realm = bearer ? realm(base, challenge.parameter("realm")) : base;
    Known next = new Known(bearer, realm, challenge.parameter("service"), base);
    known = next;
    if (bearer) {
      forget(scopes, sent);
      Scopes more = Scopes.parse(challenge.parameter("scope"));
      String header = bearer(next, repository, scopes, more, since);
      // A service may give the same token for the same second; a person's own stays what it is.
      boolean own = credentials(repository).orElse(null) instanceof Credentials.RegistryToken;
      return own && header.equals(sent) ? null : header;
    }
    String header = header(repository, scopes, since);
    return header == null || header.equals(sent) ? null : header;
  }

  /** Bearer, if the registry takes it: a password then goes to its token service alone. */
  private static @Nullable Challenge choose(List<Challenge> challenges) {
    Challenge basic = null;
    for (Challenge each : challenges) {
      if (each.scheme().equals("bearer") && !each.parameter("realm").isEmpty()) {
        return each;
      }
      basic = each.scheme().equals("basic") ? each : basic;
    }
    return basic;
  }

  private URI realm(URI base, String realm) {
    try {
      URI uri = URI.create(realm);
      return destinations.checked(base, uri, "token service"); // CVE-2019-10214
    } catch (IllegalArgumentException e) {
      throw new OperationException(
          "registry " + registry + " names a token service that is no URL", e);
    }
  }

  private void forget(Scopes scopes, @Nullable String sent) throws IOException {
    lock();
    try {
      TokenService.Token token = tokens.get(scopes);
      if (token != null && ("Bearer " + token.value()).equals(sent)) {
        tokens.remove(scopes);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The header with a token, got once more where the credentials are others by now. */
  private String bearer(Known challenge, String repository, Scopes scopes, Scopes more, long since)
      throws IOException {
    Optional<Credentials> credentials = credentials(repository);
    try {
      return bearer(challenge, scopes, more, credentials.orElse(null));
    } catch (RegistryException e) {
      boolean refused = e.status() == 400 || e.status() == 401 || e.status() == 403;
      if (!refused || !renew(repository, since)) {
        throw e;
      }
      Optional<Credentials> others = credentials(repository);
      if (others.equals(credentials)) {
        throw e;
      }
      return bearer(challenge, scopes, more, others.orElse(null));
    }
  }

  private String bearer(
      Known challenge, Scopes scopes, Scopes more, @Nullable Credentials credentials)
      throws IOException {
    return "Bearer "
        + (credentials instanceof Credentials.RegistryToken token
            ? token.token()
            : token(challenge, scopes, more, credentials).value());
  }

  private TokenService.Token token(
      Known challenge, Scopes scopes, Scopes more, @Nullable Credentials credentials)
      throws IOException {
    lock();
    try {
      TokenService.Token token = tokens.get(scopes);
      if (token == null || !settings.timing().now().isBefore(token.until())) {
        token =
            service.token(challenge.realm(), challenge.service(), scopes.and(more), credentials);
        tokens.put(scopes, token);
      }
      return token;
    } finally {
      lock.unlock();
    }
  }

  private void lock() throws IOException {
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting for a token");
    }
  }

  private Optional<Credentials> credentials(String repository) throws IOException {
    Found known = found.get(repository);
    Optional<Credentials> credentials = (known == null ? ask(repository) : known).credentials();
    credentials.ifPresent(redaction::secrets);
    return credentials;
  }

  private Found ask(String repository) throws IOException {
    long at = clock.incrementAndGet();
    Found asked = new Found(find(repository), at);
    found.put(repository, asked);
    tried.put(repository, tried(asked.credentials()));
    return asked;
  }

  /** No further try would change what a person has configured wrongly. */
  private Optional<Credentials> find(String repository) throws IOException {
    try {
      return settings.credentials().find(registry, repository);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "cannot get the credentials for %s from %s: %s",
              registry,
              settings.credentials().describe(),
              e.getMessage()),
          e);
    }
  }

  private String tried(Optional<Credentials> credentials) {
    String where = settings.credentials().describe();
    return credentials
        .map(each -> "asked with credentials " + each + " from " + where)
        .orElse("asked anonymously, as there are none for it: " + where);
  }

  /** Who was asked as, for messages. */
  String tried(String repository) {
    return tried.getOrDefault(repository, "asked without credentials, as the registry wanted none");
  }
}
