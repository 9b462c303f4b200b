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
  private final ConcurrentHashMap<String, Optional<Credentials>> found = new ConcurrentHashMap<>();

  /** What messages say of it; kept when the credentials themselves were refused. */
  private final ConcurrentHashMap<String, String> tried = new ConcurrentHashMap<>();

  private volatile @Nullable Known known;

  /** How the registry wants to be asked. */
  private record Known(boolean bearer, URI realm, String service, URI registry) {}

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

  /** The header to send at once; null while the registry has asked for none. */
  @Nullable String header(String repository, Scopes scopes) throws IOException {
    Known challenge = known;
    if (challenge == null) {
      return null;
    }
    Credentials credentials = credentials(repository).orElse(null);
    if (!challenge.bearer()) {
      return credentials instanceof Credentials.Basic basic
          ? "Basic " + Redaction.basic(basic)
          : null;
    }
    if (credentials instanceof Credentials.RegistryToken token) {
      return "Bearer " + token.token();
    }
    return "Bearer " + token(challenge, scopes, Scopes.NONE, credentials).value();
  }

  /**
   * Learns from a 401.
   *
   * @param sent the header that was not good enough, or null
   * @return the header to try once more with, or null if there is none
   * @throws OperationException if the realm is one that credentials may not be sent to
   */
  @Nullable String challenged(
      URI base, List<String> challenges, String repository, Scopes scopes, @Nullable String sent)
      throws IOException {
    Challenge challenge = choose(Challenge.parse(challenges));
    if (challenge == null) {
      return null;
    }
    boolean bearer = challenge.scheme().equals("bearer");
    URI realm = bearer ? realm(base, challenge.parameter("realm")) : base;
    Known next = new Known(bearer, realm, challenge.parameter("service"), base);
    known = next;
    Credentials credentials = credentials(repository).orElse(null);
    if (bearer && !(credentials instanceof Credentials.RegistryToken)) {
      forget(scopes, sent);
      Scopes more = Scopes.parse(challenge.parameter("scope"));
      return "Bearer " + token(next, scopes, more, credentials).value();
    }
    String header = header(repository, scopes);
    // The same credentials would be refused again; a provider may have others by the next call.
    if (header == null || header.equals(sent)) {
      found.remove(repository);
      return null;
    }
    return header;
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
    } catch (RegistryException e) {
      found.clear(); // a person may log in again
      throw e;
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
    Optional<Credentials> known = found.get(repository);
    if (known == null) {
      known = find(repository);
      found.put(repository, known);
      tried.put(repository, tried(known));
    }
    known.ifPresent(redaction::secrets);
    return known;
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
