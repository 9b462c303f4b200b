package dev.cooper.oci.registry;

import java.io.Closeable;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The Java runtime's HTTP clients: one for plain HTTP, and one for each TLS setting.
 *
 * <p>HTTP/1.1: a connection for each transfer is faster than many on one, and what a fault breaks
 * is one transfer. Redirects are followed by {@link RegistryHost}, which knows what not to send
 * along. Thread-safe.
 */
final class Clients implements Closeable {
  private static final int IDLE_SECONDS = 5;

  private final Settings settings;
  private final ThreadPoolExecutor threads;
  private final IdentityHashMap<SSLContext, EndableClient> clients = new IdentityHashMap<>();
  private final Map<String, Optional<SSLContext>> configured = new HashMap<>();
  private final Map<String, Optional<SSLContext>> shownAlone = new HashMap<>();
  private final Map<Object, Runnable> underWay = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final SSLContext noTls = new NoTls();
  private @Nullable SSLContext unverified;
  private @Nullable SSLContext trusting;

  Clients(Settings settings) {
    this.settings = settings;
    AtomicInteger count = new AtomicInteger();
    threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            work -> {
              String name = "cooper-registry-" + count.incrementAndGet();
              Thread thread = new Thread(null, work, name, 0, false);
              thread.setDaemon(true);
              thread.setContextClassLoader(null); // else it would keep the first caller's alive
              return thread;
            });
  }

  ExecutorService threads() {
    return threads;
  }

  /** Remembers what closing has to end, and how. */
  void track(Object exchange, Runnable end) throws IOException {
    underWay.put(exchange, end);
    if (closed) {
      // It may have come while everything else was being ended, so it ends itself.
      underWay.remove(exchange);
      end.run();
      throw closed(new IllegalStateException("closed meanwhile"));
    }
  }

  void untrack(Object exchange) {
    underWay.remove(exchange);
  }

  /** The cause tells that no other try is worth it. */
  static IOException closed(RuntimeException how) {
    CancellationException cancelled = new CancellationException();
    cancelled.initCause(how);
    return new IOException("the registry client was closed", cancelled);
  }

  /** For plain HTTP alone. */
  synchronized HttpClient plain() {
    return client(noTls);
  }

  /** For TLS whose certificates nobody verifies. */
  synchronized HttpClient unverified() throws IOException {
    if (unverified == null) {
      unverified = trustingAnybody();
    }
    return client(unverified);
  }

  /** For TLS with the Java runtime's trust, and the system's. */
  synchronized HttpClient verified() throws IOException {
    try {
      SSLContext context = trusting;
      if (context == null) {
        context = SystemTrust.context(HostEnvironment.current());
        trusting = context;
      }
      return client(context);
    } catch (GeneralSecurityException e) {
      throw new IOException("this Java runtime's TLS can't be used: " + e.getMessage(), e);
    }
  }

  /** For TLS as configured for a registry; empty if nothing is. */
  synchronized Optional<HttpClient> configured(String registry) throws IOException {
    Optional<SSLContext> context = configured.get(registry);
    if (context == null) {
      context = settings.tls().context(registry);
      configured.put(registry, context);
    }
    return context.map(this::client);
  }

  /** For TLS with a client's certificate as configured, where nobody verifies the registry's. */
  synchronized Optional<HttpClient> shownAlone(String registry) throws IOException {
    Optional<SSLContext> context = shownAlone.get(registry);
    if (context == null) {
      context = settings.tls().unverified(registry);
      shownAlone.put(registry, context);
    }
    return context.map(this::client);
  }

  private HttpClient client(SSLContext context) {
    return clients.computeIfAbsent(context, this::create).client();
  }

  private EndableClient create(SSLContext context) {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.connectTimeout())
            .sslContext(context)
            .executor(threads);
    ProxySelector proxy = settings.proxy();
    return EndableClient.of(proxy == null ? builder : builder.proxy(proxy));
  }

  private static SSLContext trustingAnybody() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Anybody()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("this Java runtime's TLS can't be used: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    closed = true;
    underWay.values().forEach(Runnable::run);
    synchronized (this) {
      clients.values().forEach(EndableClient::end);
      clients.clear();
    }
    threads.shutdown();
  }
}
