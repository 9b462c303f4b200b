package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Reads one file from a server that is no registry, as a registry's blobs are read: by the same
 * proxies, trust, limits of time and retries. Nobody's credentials are shown. Thread-safe.
 */
final class FileDownload {
  private static final int MAX_REDIRECTS = 10;

  private final Settings settings;
  private final Clients clients;
  private final Transport transport;
  private final Destinations destinations;

  FileDownload(Settings settings, Clients clients) {
    this.settings = settings;
    this.clients = clients;
    transport = new Transport(settings, clients);
    destinations = new Destinations(settings);
  }

  /**
   * Reads it whole, from its beginning again where a connection breaks: nothing says that a server
   * still has the same file.
   */
  void read(URI url, FileReceiver receiver) throws IOException {
    String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
    boolean http = scheme.equals("http") || scheme.equals("https");
    if (!http || url.getHost() == null || url.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "only http and https URLs with a host and without a user can be read, not "
              + Redaction.url(url));
    }
    AtomicBoolean answered = new AtomicBoolean();
    Tries tries = new Tries(settings.timing(), settings.retries(), answered::get);
    while (true) {
      Response response = open(url, tries, answered);
      IOException broken = received(response, receiver);
      if (broken == null) {
        return;
      }
      if (!tries.another(broken)) {
        throw failed(url, broken, tries);
      }
    }
  }

  /** An answer that has the file. */
  private Response open(URI url, Tries tries, AtomicBoolean answered) throws IOException {
    while (true) {
      try {
        Response response = redirected(url);
        answered.set(true);
        if (tries.another(response)) {
          continue;
        }
        if (response.status() == 200) {
          return response;
        }
        response.discard();
        throw new OperationException(
            String.format(
                Locale.ROOT,
                "GET %s answered %d instead of 200%s",
                Redaction.url(response.uri()),
                response.status(),
                tries.made() == 1 ? "" : ", " + tries.counted()));
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (!tries.another(e)) {
          throw failed(url, e, tries);
        }
      }
    }
  }

  private Response redirected(URI url) throws IOException {
    Call call = Call.to("GET", url, Scopes.NONE);
    Route route =
        new Route(new Endpoint(url.getRawAuthority(), "", false, false), clients, transport);
    URI uri = url;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Response response = transport.send(route.client(uri), call, uri, null);
      URI next = RegistryHost.next(response, call);
      if (next == null) {
        return response;
      }
      response.discard();
      uri = destinations.checked(uri, next, "a redirect");
    }
    throw new OperationException(
        "GET " + Redaction.url(url) + ": found over " + MAX_REDIRECTS + " redirects");
  }

  /** Returns why the connection broke, or null if all was received. */
  private static @Nullable IOException received(Response response, FileReceiver receiver)
      throws IOException {
    Body body = new Body(response.body());
    try (response) {
      receiver.receive(body, response.header("Last-Modified"));
      return null;
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      IOException broken = body.failure;
      if (broken == null) {
        throw e; // not the server's fault: the disk's, say
      }
      return broken;
    }
  }

  private static OperationException failed(URI url, IOException cause, Tries tries) {
    return new OperationException(
        String.format(
            Locale.ROOT,
            "GET %s failed: %s, %s",
            Redaction.url(url),
            RegistryHost.reason(cause),
            tries.counted()),
        cause);
  }

  /** Remembers what it threw, to be told from what its reader threw. */
  private static final class Body extends FilterInputStream {
    private @Nullable IOException failure;

    Body(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      try {
        return in.read(target, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
