package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * How a registry is reached: by TLS, or where that is allowed by plain HTTP; and by which TLS
 * settings it and the hosts that it leads to are trusted. Thread-safe.
 */
final class Route {
  private static final int BAD_REQUEST = 400;

  private final Endpoint endpoint;
  private final Clients clients;
  private final Transport transport;
  private volatile @Nullable URI base;

  Route(Endpoint endpoint, Clients clients, Transport transport) {
    this.endpoint = endpoint;
    this.clients = clients;
    this.transport = transport;
  }

  /** The registry's URL as far as it is known, for messages. */
  URI shown() {
    URI known = base;
    return known == null ? URI.create("https://" + endpoint.host()) : known;
  }

  /** The client to send a request to a URL with. */
  HttpClient client(URI uri) throws IOException {
    if ("http".equalsIgnoreCase(uri.getScheme())) {
      return clients.plain();
    }
    URI own = URI.create("https://" + endpoint.host());
    boolean same = RegistryHost.isOwn(own, uri);
    String name = same ? endpoint.registry() : uri.getRawAuthority();
    Optional<HttpClient> shown =
        same && endpoint.insecure() ? settings(name, clients::shownAlone) : Optional.empty();
    Optional<HttpClient> configured = shown.isPresent() ? shown : configured(name);
    if (configured.isPresent()) {
      return configured.get();
    }
    if (same && endpoint.insecure()) {
      return clients.unverified();
    }
    // A registry's own certificate authority mostly vouches for its token service and store too.
    Optional<HttpClient> registrys = same ? Optional.empty() : configured(endpoint.registry());
    return registrys.isPresent() ? registrys.get() : clients.verified();
  }

  /**
   * The client to ask the registry's token service with: if nobody need verify the registry, then
   * neither its token service on the same host, as skopeo's --tls-verify=false has it.
   */
  HttpClient tokenClient(URI realm) throws IOException {
    boolean unverified =
        endpoint.insecure()
            && "https".equalsIgnoreCase(realm.getScheme())
            && realm.getHost().equalsIgnoreCase(shown().getHost());
    if (!unverified) {
      return client(realm);
    }
    for (String each : List.of(realm.getRawAuthority(), endpoint.registry())) {
      Optional<HttpClient> shown = settings(each, clients::shownAlone);
      if (shown.isPresent()) {
        return shown.get();
      }
      if (configured(each).isPresent()) {
        return client(realm); // authorities that were given count
      }
    }
    return clients.unverified();
  }

  /** Settings that may be there. */
  private interface Configured {
    Optional<HttpClient> of(String registry) throws IOException;
  }

  private Optional<HttpClient> configured(String registry) throws IOException {
    return settings(registry, clients::configured);
  }

  /** No further try would change what a person has configured wrongly. */
  private static Optional<HttpClient> settings(String registry, Configured configured)
      throws IOException {
    try {
      return configured.of(registry);
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new OperationException(
          "cannot use the TLS settings for " + registry + ": " + e.getMessage(), e);
    }
  }

  /** The registry's URL, found out by asking where plain HTTP is allowed. */
  URI base() throws IOException {
    URI known = base;
    if (known == null) {
      known = endpoint.insecure() ? probed() : URI.create("https://" + endpoint.host());
      base = known;
    }
    return known;
  }

  /**
   * What is tried first: on this machine plain HTTP is the rule, elsewhere it is the exception
   * where it is allowed at all.
   */
  URI first() throws IOException {
    boolean plain =
        endpoint.insecure() && endpoint.isLoopback() && configured(endpoint.registry()).isEmpty();
    return URI.create((plain ? "http://" : "https://") + endpoint.host());
  }

  private URI probed() throws IOException {
    URI plain = URI.create("http://" + endpoint.host());
    URI tls = URI.create("https://" + endpoint.host());
    URI first = first();
    URI second = first.equals(tls) ? plain : tls;
    try {
      if (speaks(first)) {
        return first;
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      requireOther(first, e);
      return second(second, e);
    }
    return second;
  }

  /**
   * That it may be the other protocol that is spoken there, or the failure itself: a registry of
   * TLS is not spoken to in plain HTTP from now on because one connection broke.
   */
  private void requireOther(URI first, IOException failure) throws IOException {
    boolean samePort = first.getPort() >= 0;
    if (failure instanceof ConnectException) {
      if (samePort) {
        throw failure; // both would be asked at this same port
      }
    } else if (first.getScheme().equals("https") && !isNoTls(failure)) {
      // What hangs or hangs up at this may yet answer plain HTTP at the same port, and only if it
      // speaks no TLS there. The usual ports say nothing of each other, but a proxy may lead to
      // one alone.
      if (isTls(failure) ? !samePort || failsForGood(failure) : !samePort && !viaProxy(first)) {
        throw failure;
      }
    }
  }

  /** Whether the answer to a handshake was none of TLS. */
  private static boolean isNoTls(IOException failure) {
    return causes(failure)
        .filter(SSLException.class::isInstance)
        .map(each -> String.valueOf(each.getMessage()))
        .anyMatch(each -> each.contains("plaintext connection") || each.contains("SSL message"));
  }

  private boolean viaProxy(URI uri) {
    return transport.proxy(uri) != null;
  }

  private static boolean isTls(IOException failure) {
    return causes(failure).anyMatch(SSLException.class::isInstance);
  }

  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
  }

  /** Whether TLS is spoken, and one side will not have the other. */
  private static boolean failsForGood(IOException failure) {
    return causes(failure).anyMatch(each -> each instanceof SSLException && !Tries.isCutOff(each));
  }

  private URI second(URI uri, IOException first) throws IOException {
    try {
      if (speaks(uri)) {
        return uri;
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      first.addSuppressed(e);
    }
    throw first;
  }

  /** Whether there is an answer in HTTP; servers of TLS say 400 to plain HTTP. */
  private boolean speaks(URI uri) throws IOException {
    Call ping = Call.of("GET", "/v2/", Scopes.NONE);
    Response response = transport.send(client(uri), ping, uri.resolve("/v2/"), null);
    response.discard();
    return response.status() != BAD_REQUEST;
  }
}
