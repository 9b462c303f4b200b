package dev.cooper.oci.registry;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends one request once, to one URL, and waits for the head of its answer.
 *
 * <p>An interrupt of the waiting thread ends the exchange. Thread-safe.
 */
final class Transport {
  /** A registry may take its time to move a whole blob into its store. */
  private static final int PATIENCE_AFTER_UPLOAD = 10;

  private final Settings settings;
  private final Clients clients;

  Transport(Settings settings, Clients clients) {
    this.settings = settings;
    this.clients = clients;
  }

  Response send(HttpClient client, Call call, URI uri, @Nullable String authorization)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri).setHeader("User-Agent", settings.userAgent());
    call.headers().forEach(request::setHeader);
    if (authorization != null) {
      request.setHeader("Authorization", authorization);
    }
    InetSocketAddress proxy = proxy(uri); // asked first, as its selector may refuse
    String forProxy = proxy == null ? null : forProxy(proxy);
    if (forProxy != null) {
      request.setHeader("Proxy-Authorization", forProxy); // sent to a proxy alone
    }
    Call.Content content = call.content();
    try (UploadBody body = body(content)) {
      request.method(
          call.method(),
          body.length() == 0
              ? HttpRequest.BodyPublishers.noBody()
              : HttpRequest.BodyPublishers.fromPublisher(body, body.length()));
      return new Response(
          call.method(),
          await(
              client.sendAsync(
                  request.build(),
                  head -> new BodyStream(settings.stallTimeout(), clients::untrack)),
              body,
              call.stores()));
    } catch (RejectedExecutionException e) {
      throw Clients.closed(e);
    }
  }

  private UploadBody body(Call.@Nullable Content content) {
    return content == null
        ? new UploadBody(java.io.InputStream::nullInputStream, 0, done -> {}, clients.threads())
        : new UploadBody(content.source(), content.length(), content.progress(), clients.threads());
  }

  private HttpResponse<BodyStream> await(
      CompletableFuture<HttpResponse<BodyStream>> exchange, UploadBody body, boolean stores)
      throws IOException {
    long seen = 0;
    int waits = 0;
    boolean done = false;
    try {
      clients.track(exchange, () -> end(exchange));
      while (true) {
        try {
          HttpResponse<BodyStream> response =
              exchange.get(settings.stallTimeout().toMillis(), TimeUnit.MILLISECONDS);
          BodyStream answer = Response.bodyOf(response);
          clients.track(answer, answer::close);
          done = true;
          return response;
        } catch (TimeoutException e) {
          waits = body.sent() == seen ? waits + 1 : 0;
          seen = body.sent();
          boolean whole = stores && seen == body.length();
          if (waits > 0 && waits >= (whole ? PATIENCE_AFTER_UPLOAD : 1)) {
            throw stalled(body, e);
          }
        }
      }
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting for a registry");
    } catch (ExecutionException e) {
      throw failed(e, body);
    } catch (CancellationException e) {
      throw Clients.closed(e);
    } finally {
      clients.untrack(exchange);
      if (!done) {
        end(exchange);
      }
    }
  }

  /** Ends it; should its answer have come just now, nobody will read it. */
  private static void end(CompletableFuture<HttpResponse<BodyStream>> exchange) {
    if (!exchange.cancel(true) && !exchange.isCompletedExceptionally()) {
      Response.bodyOf(exchange.join()).close();
    }
  }

  private IOException stalled(UploadBody body, TimeoutException cause) {
    String sent = body.length() == 0 ? "" : " after " + body.sent() + " bytes were sent";
    IOException stalled =
        new HttpTimeoutException(
            "no answer came for " + settings.stallTimeout().toMillis() + " ms" + sent);
    stalled.initCause(cause);
    return stalled;
  }

  private static IOException failed(ExecutionException e, UploadBody body) {
    Throwable source = body.failure();
    if (source != null) {
      return new SourceException("cannot read what is uploaded: " + source.getMessage(), source);
    }
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (cause instanceof Error error) {
      throw error;
    }
    if (cause instanceof NumberFormatException) {
      return new MalformedAnswerException(cause);
    }
    return cause instanceof IOException io ? io : new IOException(cause.toString(), cause);
  }

  /** The proxy that a request goes through, or null. */
  @Nullable InetSocketAddress proxy(URI uri) {
    ProxySelector selector = settings.proxy();
    if (selector == null) {
      return null;
    }
    for (Proxy each : selector.select(uri)) {
      if (each.type() == Proxy.Type.HTTP && each.address() instanceof InetSocketAddress address) {
        return address;
      }
    }
    return null;
  }

  /**
   * What shows a proxy who we are. It is not left to the Java runtime's client, which with an
   * authenticator takes the registry's own challenges for its business too.
   */
  private @Nullable String forProxy(InetSocketAddress proxy) {
    Authenticator authenticator = settings.proxyAuthenticator();
    if (authenticator == null) {
      return null;
    }
    PasswordAuthentication found =
        authenticator.requestPasswordAuthenticationInstance(
            proxy.getHostString(),
            proxy.getAddress(),
            proxy.getPort(),
            "http",
            "proxy",
            "Basic",
            null,
            Authenticator.RequestorType.PROXY);
    return found == null
        ? null
        : "Basic "
            + Redaction.basic(
                new Credentials.Basic(found.getUserName(), new String(found.getPassword())));
  }
}
