package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One registry: how it is reached, what it is shown, and how many transfers it has to bear.
 *
 * <p>Requests go through here, so that no header meant for it goes elsewhere. Thread-safe.
 */
final class RegistryHost {
  private static final int MAX_REDIRECTS = 5;
  private static final Set<Integer> DELETED = Set.of(200, 202, 204);

  /** What hides from anonymous clients that there is something, or that they may not see it. */
  private static final Set<Integer> HIDING = Set.of(400, 401, 403, 404);

  private static final String SILENT =
      "nothing ever answered there: check the registry's name and port, and the network";

  private static final String FOREIGN =
      "what answers there is no whole answer in HTTP: check the registry's name and port, and what"
          + " listens there";

  private final Endpoint endpoint;
  private final Settings settings;
  private final Transport transport;
  private final Executor threads;
  private final Destinations destinations;
  private final Redaction redaction;
  private final Authorizer authorizer;
  private final TransferLimits transfers;
  private final Route route;
  private final RootChallenge root = new RootChallenge();
  private volatile boolean answered;

  RegistryHost(Endpoint endpoint, Settings settings, Clients clients, Redaction redaction) {
    this.endpoint = endpoint;
    this.settings = settings;
    this.redaction = redaction;
    transport = new Transport(settings, clients);
    threads = clients.threads();
    route = new Route(endpoint, clients, transport);
    destinations = new Destinations(settings);
    TokenService tokens = new TokenService(this::sendForToken, settings, redaction);
    authorizer = new Authorizer(endpoint.registry(), settings, destinations, tokens, redaction);
    transfers = new TransferLimits(settings.parallelPerHost());
  }

  Settings settings() {
    return settings;
  }

  /** The client's own, for what its caller does not wait for to the end. */
  Executor threads() {
    return threads;
  }

  /** Host, and port if there is one. */
  String registry() {
    return endpoint.registry();
  }

  /** Makes the client for its first request. */
  void prepare() throws IOException {
    route.client(route.first());
  }

  Tries tries() {
    return tries(settings.retries());
  }

  /** For what can be done without: a question whose answer would only save work. */
  Tries few() {
    return tries(Math.min(1, settings.retries()));
  }

  private Tries tries(int retries) {
    return new Tries(settings.timing(), retries, () -> answered);
  }

  /** For what is not tried again. */
  Tries once() {
    return new Tries(settings.timing(), 0);
  }

  /** How many transfers it has to bear at a time. */
  TransferLimits transfers() {
    return transfers;
  }

  /**
   * Asks until there is an answer that another try would not change.
   *
   * @param repository whose credentials count
   * @param tries how often
   * @return any status; to be closed
   * @throws RegistryException if no answer came
   * @throws IOException only if the call is to be made {@linkplain Call#once() once}, or if
   *     interrupted
   */
  Response send(Call call, String repository, Tries tries) throws IOException {
    while (true) {
      try {
        Response response = authorized(call, repository);
        if (!tries.another(response)) {
          return response;
        }
      } catch (IOException e) {
        if (call.once() || e instanceof InterruptedIOException) {
          throw e;
        }
        if (!tries.another(e)) {
          throw unreachable(call, repository, e, tries);
        }
      }
    }
  }

  /** An answer, where only some are right; the others become exceptions. */
  Response expected(Response response, String repository, Integer... statuses) throws IOException {
    if (!Set.of(statuses).contains(response.status())) {
      throw failure(response, repository);
    }
    return response;
  }

  /**
   * The same, with the body: it is asked for again where the connection breaks in its midst.
   *
   * @param limits of what the body may hold
   * @return an answer whose body has been read
   */
  Response document(
      Call call, String repository, ImageLimits limits, Tries tries, Integer... statuses)
      throws IOException {
    while (true) {
      Response response = expected(send(call, repository, tries), repository, statuses);
      try {
        response.bytes(limits);
        return response;
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (!tries.another(e)) {
          throw unreachable(call, repository, e, tries);
        }
      }
    }
  }

  /** Deletes something; if it is gone after a try whose answer was lost, that one did it. */
  void delete(Call call, String repository) throws IOException {
    Tries tries = tries();
    try (Response response = send(call, repository, tries)) {
      boolean gone = response.status() == 404 && tries.inDoubt();
      if (!gone && !DELETED.contains(response.status())) {
        throw failure(response, repository);
      }
      response.discard();
    }
  }

  /** The exception for an answer, which is read and closed. */
  RegistryException failure(Response response, String repository) throws IOException {
    return ServerErrors.read(response, redaction)
        .exception(response, authorizer.tried(repository), null);
  }

  /** The exception for no answer. */
  RegistryException unreachable(Call call, String repository, IOException cause, Tries tries) {
    String heard = isAnswer(cause) ? FOREIGN : SILENT;
    return unreachable(call, cause, tries, answered ? authorizer.tried(repository) : heard);
  }

  /** Whether something did answer, though not in whole HTTP. */
  private static boolean isAnswer(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof ProtocolException) {
        return true;
      }
    }
    return false;
  }

  private RegistryException unreachable(Call call, IOException cause, Tries tries, String tried) {
    return new RegistryException(
        String.format(
            Locale.ROOT,
            "%s %s: %s, %s; %s",
            call.method(),
            Redaction.url(route.shown().resolve(call.target())),
            redaction.text(reason(cause)),
            tries.counted(),
            tried),
        0,
        List.of(),
        cause);
  }

  /** Some of the Java runtime's exceptions say nothing, but their class or cause does. */
  static String reason(Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      if (each instanceof UnresolvedAddressException) {
        return "no address is known for this host";
      }
      if (each instanceof ClosedChannelException || each instanceof ConnectException) {
        if (each.getMessage() == null && each.getCause() == null) {
          return "the connection was refused";
        }
      }
      if (each.getMessage() != null) {
        return Text.line(each.getMessage());
      }
    }
    return thrown.getClass().getSimpleName();
  }

  private Response authorized(Call call, String repository) throws IOException {
    URI own = base();
    URI first = own.resolve(call.target());
    if (!isOwn(own, first)) {
      URI checked = destinations.checked(own, first, "an upload's Location");
      return redirected(call, repository, checked, null);
    }
    long since = authorizer.now();
    String sent = authorizer.header(repository, call.scopes(), since);
    Response response = redirected(call, repository, first, sent);
    String header =
        isOwn(own, response.uri())
            ? closing(response, () -> challenged(response, own, call, repository, sent, since))
            : null;
    if (header != null) {
      response.discard();
      Response again = redirected(call, repository, first, header);
      return renewed(call, repository, first, again, header, since);
    }
    return renewed(call, repository, first, response, sent, since);
  }

  /** What to show after an answer; null if there is nothing else to be shown. */
  private @Nullable String challenged(
      Response response, URI own, Call call, String repository, @Nullable String sent, long since)
      throws IOException {
    if (response.status() == 401) {
      List<String> challenges = response.headers("WWW-Authenticate");
      String header =
          authorizer.challenged(own, challenges, repository, call.scopes(), sent, since);
      if (header != null) {
        return header;
      }
    }
    boolean hidden = sent == null && HIDING.contains(response.status());
    if (!hidden || !authorizer.couldShow(repository)) {
      return null;
    }
    URI ping = own.resolve("/v2/");
    List<String> challenges =
        root.headers(
            () ->
                transport.send(route.client(ping), Call.to("GET", ping, Scopes.NONE), ping, null));
    return authorizer.challenged(own, challenges, repository, call.scopes(), null, since);
  }

  /** Once more, if it was refused and the credentials are others by now. */
  private Response renewed(
      Call call, String repository, URI first, Response response, @Nullable String sent, long since)
      throws IOException {
    boolean refused = response.status() == 401 || response.status() == 403;
    if (!refused || !isOwn(base(), response.uri())) {
      return response;
    }
    String header =
        closing(response, () -> authorizer.renewed(repository, call.scopes(), sent, since));
    if (header == null) {
      return response;
    }
    response.discard();
    return redirected(call, repository, first, header);
  }

  /** Something to be shown. */
  @FunctionalInterface
  private interface Header {
    @Nullable String get() throws IOException;
  }

  /** Gets it, or closes the answer that asked for it. */
  private static @Nullable String closing(Response response, Header header) throws IOException {
    boolean got = false;
    try {
      String value = header.get();
      got = true;
      return value;
    } finally {
      if (!got) {
        response.close();
      }
    }
  }

  /** Follows redirects; the header goes to the registry itself alone (CVE-2020-15157). */
  private Response redirected(
      Call call, String repository, URI first, @Nullable String authorization) throws IOException {
    URI own = base();
    URI uri = first;
    String header = authorization;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Response response = transport.send(route.client(uri), call, uri, header);
      answered = true;
      URI next = next(response, call);
      if (next == null) {
        return response;
      }
      response.discard();
      uri = destinations.checked(own, next, "a redirect");
      header = isOwn(own, uri) ? header : null;
    }
    throw endless(call, first, authorizer.tried(repository));
  }

  private static RegistryException endless(Call call, URI first, String tried) {
    return new RegistryException(
        String.format(
            Locale.ROOT,
            "%s %s: found over %d redirects; %s",
            call.method(),
            Redaction.url(first),
            MAX_REDIRECTS,
            tried),
        0,
        List.of(),
        null);
  }

  /** Where an answer redirects a call to, or null. */
  static @Nullable URI next(Response response, Call call) {
    boolean read = call.method().equals("GET") || call.method().equals("HEAD");
    boolean redirect =
        switch (response.status()) {
          case 307, 308 -> true;
          case 301, 302, 303 -> read;
          default -> false;
        };
    return redirect ? location(response) : null;
  }

  /** Where an answer's Location leads, be it relative. */
  static URI location(Response response) {
    boolean right = false;
    try {
      URI to = located(response);
      right = true;
      return to;
    } finally {
      if (!right) {
        response.close();
      }
    }
  }

  private static URI located(Response response) {
    String found = response.header("Location").orElse("");
    try {
      URI to = RelativeUrl.resolve(response.uri(), found);
      if (to.getHost() == null && String.valueOf(to.getRawAuthority()).contains("_")) {
        throw new OperationException(
            String.format(
                Locale.ROOT,
                "%s %s: is led to %s, whose host the Java runtime's client refuses for the _ in its"
                    + " name: give it another",
                response.method(),
                Redaction.url(response.uri()),
                Redaction.url(to)));
      }
      if (found.isEmpty() || to.getHost() == null) {
        throw new java.net.URISyntaxException(found, "no host");
      }
      return to;
    } catch (java.net.URISyntaxException e) {
      throw new ContentException(
          response.method()
              + " "
              + Redaction.url(response.uri())
              + ": found no Location that is a URL",
          e);
    }
  }

  /** To the token service. */
  private Response sendForToken(Call call, URI realm, @Nullable String authorization, String asked)
      throws IOException {
    AtomicBoolean heard = new AtomicBoolean();
    Tries tries = new Tries(settings.timing(), settings.retries(), heard::get);
    while (true) {
      try {
        Response response = redirectedToken(call, realm, authorization, asked);
        heard.set(true);
        if (!tries.another(response)) {
          return response;
        }
      } catch (IOException e) {
        if (!tries.another(e)) {
          if (e instanceof InterruptedIOException) {
            throw e;
          }
          throw unreachable(call, e, tries, asked);
        }
      }
    }
  }

  /**
   * Follows a token service's redirects, by the rules of its realm and of its own. A password goes
   * to the service itself alone, be it in a header or in what is posted.
   */
  private Response redirectedToken(
      Call call, URI realm, @Nullable String authorization, String asked) throws IOException {
    URI uri = realm;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      String header = isOwn(realm, uri) ? authorization : null;
      Response response = transport.send(route.tokenClient(uri), call, uri, header);
      URI next = next(response, call);
      if (next == null || (call.content() != null && !isOwn(realm, next))) {
        return response;
      }
      response.discard();
      destinations.checked(uri, next, "a redirect of the token service");
      uri = destinations.checked(base(), next, "a redirect of the token service");
    }
    throw endless(call, realm, asked);
  }

  /** Without any header of the registry's own. */
  Response sendForeign(Call call) throws IOException {
    URI uri = destinations.checked(base(), call.target(), "a foreign layer's URL");
    return redirected(call, "", uri, null);
  }

  /** The registry's URL, found out by asking where plain HTTP is allowed. */
  URI base() throws IOException {
    return route.base();
  }

  static boolean isOwn(URI own, URI uri) {
    return own.getScheme().equalsIgnoreCase(uri.getScheme())
        && own.getHost().equalsIgnoreCase(uri.getHost())
        && port(own) == port(uri)
        && uri.getRawUserInfo() == null;
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return "http".equalsIgnoreCase(uri.getScheme()) ? 80 : 443;
  }
}
