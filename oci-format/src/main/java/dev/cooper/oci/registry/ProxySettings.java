package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that the usual variables name, and the JDK's own where they name none.
 *
 * <p>{@code HTTPS_PROXY} and {@code HTTP_PROXY} are {@code [http://][user:password@]host[:port]},
 * in upper or in lower case, upper first; {@code HTTP_PROXY} in upper case is left out where {@code
 * REQUEST_METHOD} is set, as a CGI program's caller could set it by a header (CVE-2016-5385).
 * {@code NO_PROXY} lists domains, addresses, CIDR ranges and ports, as Go's programs read it, and
 * {@code *} for all. This machine is always spoken to directly. For a scheme whose variable is not
 * set, the JDK's default selector answers, which reads {@code https.proxyHost} and its kin.
 *
 * <p>For a proxy with a password before HTTPS the JDK's client wants the system property {@code
 * jdk.http.auth.tunneling.disabledSchemes} not to say {@code Basic}, as it does by default: set it
 * to the empty string when the JVM is started.
 *
 * <p>Immutable, thread-safe. No message shows a password.
 */
public final class ProxySettings {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  private final @Nullable Setting http;
  private final @Nullable Setting https;
  private final ProxyRules direct;
  private final @Nullable ProxySelector otherwise;

  /** A proxy, and who we are to it. */
  private record Server(InetSocketAddress address, @Nullable String user, String password) {
    /** Without the password. */
    @Override
    public String toString() {
      return address.getHostString() + ":" + address.getPort();
    }
  }

  /** What a variable says: a proxy, or why it can't be used by whoever would have to. */
  private record Setting(@Nullable Server server, String why) {
    Server required() {
      if (server == null) {
        throw new ContentException(why);
      }
      return server;
    }

    @Override
    public String toString() {
      return server == null ? why : server.toString();
    }
  }

  private ProxySettings(Map<String, String> variables, @Nullable ProxySelector otherwise) {
    String cgi = variables.getOrDefault("REQUEST_METHOD", "");
    this.http = server(variables, cgi.isEmpty() ? "HTTP_PROXY" : "http_proxy", "http_proxy");
    this.https = server(variables, "HTTPS_PROXY", "https_proxy");
    String upper = variables.getOrDefault("NO_PROXY", "");
    this.direct = new ProxyRules(upper.isEmpty() ? variables.getOrDefault("no_proxy", "") : upper);
    this.otherwise = otherwise;
  }

  /**
   * As this process's variables and the JVM's properties say.
   *
   * <p>A variable that is malformed, or names a kind of proxy that the JDK's client does not speak
   * to (SOCKS, or TLS to the proxy itself), is told by a {@link ContentException} of the {@link
   * #selector} where a request would go through that proxy, and by nothing else.
   *
   * @return the settings
   */
  public static ProxySettings standard() {
    return of(System.getenv(), ProxySelector.getDefault());
  }

  static ProxySettings of(Map<String, String> variables, @Nullable ProxySelector otherwise) {
    return new ProxySettings(variables, otherwise);
  }

  private static @Nullable Setting server(Map<String, String> variables, String... names) {
    for (String name : names) {
      String value = variables.getOrDefault(name, "").strip();
      if (!value.isEmpty()) {
        return setting(name, value);
      }
    }
    return null;
  }

  private static Setting setting(String variable, String value) {
    try {
      return new Setting(server(variable, value), "");
    } catch (ContentException e) {
      return new Setting(null, e.getMessage() + "; NO_PROXY lists hosts that need no proxy");
    }
  }

  private static Server server(String variable, String value) {
    URI uri = uri(variable, value);
    String host = uri.getHost();
    if (!"http".equalsIgnoreCase(uri.getScheme())) {
      throw new ContentException(
          variable
              + ": found the scheme "
              + uri.getScheme()
              + ", which the Java runtime's client does not speak to a proxy, expected"
              + " http://host:port");
    }
    if (host == null || uri.getPort() > 0xffff) {
      throw malformed(variable);
    }
    int port = uri.getPort() < 0 ? HTTP_PORT : uri.getPort();
    String[] user = String.valueOf(uri.getRawUserInfo()).split(":", 2);
    return new Server(
        // Looked up when it is connected to, not now.
        InetSocketAddress.createUnresolved(host, port),
        uri.getRawUserInfo() == null ? null : decode(variable, user[0]),
        user.length == 2 ? decode(variable, user[1]) : "");
  }

  private static URI uri(String variable, String value) {
    try {
      return new URI(value.contains("://") ? value : "http://" + value);
    } catch (URISyntaxException e) {
      // Without its cause, which quotes the whole text.
      throw malformed(variable);
    }
  }

  private static ContentException malformed(String variable) {
    return new ContentException(
        variable
            + ": found no proxy's URL, expected http://user:password@host:port, with what is"
            + " special in user and password as %XX");
  }

  private static String decode(String variable, String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw malformed(variable);
    }
  }

  /**
   * Chooses a proxy for a URL.
   *
   * @return for the JDK's HttpClient; throws a {@link ContentException} for a URL whose proxy's
   *     variable can't be used
   */
  public ProxySelector selector() {
    return new ProxySelector() {
      @Override
      public List<Proxy> select(URI uri) {
        return proxies(uri);
      }

      @Override
      public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // There is no other one to choose.
      }
    };
  }

  private List<Proxy> proxies(URI uri) {
    boolean secure = "https".equalsIgnoreCase(uri.getScheme());
    int usual = secure ? HTTPS_PORT : HTTP_PORT;
    String host = uri.getHost();
    if (host == null || direct.isDirect(host, uri.getPort() < 0 ? usual : uri.getPort())) {
      return List.of(Proxy.NO_PROXY);
    }
    Setting setting = secure ? https : http;
    if (setting != null) {
      return List.of(new Proxy(Proxy.Type.HTTP, setting.required().address()));
    }
    return otherwise == null ? List.of(Proxy.NO_PROXY) : otherwise.select(uri);
  }

  /**
   * Answers the proxies that ask who we are, and nobody else.
   *
   * @return empty if no variable names a user
   */
  public Optional<Authenticator> authenticator() {
    List<Server> known = new ArrayList<>();
    for (Setting each : new Setting[] {http, https}) {
      Server server = each == null ? null : each.server();
      if (server != null && server.user() != null) {
        known.add(server);
      }
    }
    return known.isEmpty() ? Optional.empty() : Optional.of(new ForProxies(known));
  }

  /** Knows the proxies' users alone. */
  private static final class ForProxies extends Authenticator {
    private final List<Server> known;

    ForProxies(List<Server> known) {
      this.known = List.copyOf(known);
    }

    @Override
    protected @Nullable PasswordAuthentication getPasswordAuthentication() {
      if (getRequestorType() != RequestorType.PROXY) {
        return null;
      }
      String asking = String.valueOf(getRequestingHost()).toLowerCase(Locale.ROOT);
      for (Server each : known) {
        boolean same =
            each.address().getPort() == getRequestingPort()
                && each.address().getHostString().toLowerCase(Locale.ROOT).equals(asking);
        if (same) {
          return new PasswordAuthentication(each.user(), each.password().toCharArray());
        }
      }
      return null;
    }
  }

  /** The proxies' hosts and ports, without users and passwords. */
  @Override
  public String toString() {
    return "ProxySettings[http " + http + ", https " + https + "]";
  }
}
