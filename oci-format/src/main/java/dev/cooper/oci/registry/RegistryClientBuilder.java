package dev.cooper.oci.registry;

import dev.cooper.oci.ImageLimits;
import java.net.Authenticator;
import java.net.ProxySelector;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a {@link RegistryClient}; made by {@link RegistryClient#builder()}. Not thread-safe.
 */
public final class RegistryClientBuilder {
  private CredentialsProvider credentials = CredentialsProvider.NONE;
  private EndpointResolver endpoints = EndpointResolver.DIRECT;
  private TlsProvider tls = TlsProvider.NONE;
  private @Nullable ProxySelector proxy;
  private @Nullable Authenticator proxyAuthenticator;
  private Duration connectTimeout = Duration.ofSeconds(30);
  private Duration stallTimeout = Duration.ofSeconds(60);
  private int retries = 5;
  private int parallelPerHost = 6;
  private TransferListener progress = TransferListener.NONE;
  private String userAgent = "cooper";
  private boolean foreignLayers;
  private boolean privateDestinations;
  private ImageLimits limits = ImageLimits.DEFAULT;
  private Timing timing = Timing.SYSTEM;
  private Addresses addresses = Addresses.SYSTEM;

  RegistryClientBuilder() {}

  /**
   * Where credentials come from; by default there are none.
   *
   * @param from the provider
   * @return this
   */
  public RegistryClientBuilder credentials(CredentialsProvider from) {
    credentials = from;
    return this;
  }

  /**
   * Where images are; by default at the registry that their reference names.
   *
   * @param resolver says where
   * @return this
   */
  public RegistryClientBuilder endpoints(EndpointResolver resolver) {
    endpoints = resolver;
    return this;
  }

  /**
   * Whom TLS trusts; by default whom the Java runtime trusts.
   *
   * @param provider the settings for each registry
   * @return this
   */
  public RegistryClientBuilder tls(TlsProvider provider) {
    tls = provider;
    return this;
  }

  /**
   * The proxies; by default none but those of the Java runtime's properties.
   *
   * @param selector one for each URL
   * @return this
   */
  public RegistryClientBuilder proxy(ProxySelector selector) {
    proxy = selector;
    return this;
  }

  /**
   * Who we are to a proxy that wants to know.
   *
   * <p>For HTTPS, the Java runtime shows a proxy a password only if its property {@code
   * jdk.http.auth.tunneling.disabledSchemes} is empty.
   *
   * @param authenticator asked for a proxy's user and password
   * @return this
   */
  public RegistryClientBuilder proxyAuthenticator(Authenticator authenticator) {
    proxyAuthenticator = authenticator;
    return this;
  }

  /**
   * How long connecting may take; 30 seconds by default.
   *
   * @param time over zero
   * @return this
   */
  public RegistryClientBuilder connectTimeout(Duration time) {
    connectTimeout = positive(time);
    return this;
  }

  /**
   * How long nothing may move; 60 seconds by default, and ten times that for a registry that has
   * got a whole blob and stores it. All headers of an answer have to come in that time.
   *
   * @param time over zero
   * @return this
   */
  public RegistryClientBuilder stallTimeout(Duration time) {
    stallTimeout = positive(time);
    return this;
  }

  private static Duration positive(Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("a timeout is over zero, not " + time);
    }
    return time;
  }

  /**
   * How often a request that failed is made again, if that may help: after connection errors and
   * the statuses 408, 429 and 5xx; 5 by default.
   *
   * <p>A mirror is asked but once: the next place is.
   *
   * <p>In between is waited half a second, then twice as long each time, 30 seconds at most, each
   * cut by up to a half at random; or as long as the registry asks for, 5 minutes at most.
   *
   * @param times 0 or more
   * @return this
   */
  public RegistryClientBuilder retries(int times) {
    if (times < 0) {
      throw new IllegalArgumentException("retries are 0 or more, not " + times);
    }
    retries = times;
    return this;
  }

  /**
   * How many blobs are read from one registry at a time, and how many are written to it; 6 each by
   * default. What is read to be uploaded at once counts as a part of the upload alone.
   *
   * @param transfers over zero
   * @return this
   */
  public RegistryClientBuilder parallelPerHost(int transfers) {
    if (transfers < 1) {
      throw new IllegalArgumentException("transfers are 1 or more, not " + transfers);
    }
    parallelPerHost = transfers;
    return this;
  }

  /**
   * Who is told how blobs get on.
   *
   * @param listener called by several threads
   * @return this
   */
  public RegistryClientBuilder progress(TransferListener listener) {
    progress = listener;
    return this;
  }

  /**
   * What the client calls itself; {@code cooper} by default.
   *
   * @param name the header's value
   * @return this
   */
  public RegistryClientBuilder userAgent(String name) {
    userAgent = name;
    return this;
  }

  /**
   * Whether a foreign layer that the registry lacks is fetched from the URLs in the manifest; no by
   * default, as whoever made the image chose them.
   *
   * @param allowed true to follow them, without any credentials
   * @return this
   */
  public RegistryClientBuilder allowForeignLayers(boolean allowed) {
    foreignLayers = allowed;
    return this;
  }

  /**
   * Whether a registry with a public address may lead to hosts with private ones: by a redirect, an
   * upload's Location or its token service; no by default, as it could then make this client call
   * any host of its network. Nothing ever leads from elsewhere to this machine itself.
   *
   * @param allowed true where, for example, a public registry's storage is reached by a private
   *     endpoint
   * @return this
   */
  public RegistryClientBuilder allowPrivateDestinations(boolean allowed) {
    privateDestinations = allowed;
    return this;
  }

  /**
   * How long documents and blobs may be; {@link ImageLimits#DEFAULT} by default.
   *
   * @param most what is refused
   * @return this
   */
  public RegistryClientBuilder limits(ImageLimits most) {
    limits = most;
    return this;
  }

  RegistryClientBuilder timing(Timing given) {
    timing = given;
    return this;
  }

  RegistryClientBuilder addresses(Addresses given) {
    addresses = given;
    return this;
  }

  /**
   * The client, which connects to nothing yet.
   *
   * @return to be closed by the caller
   */
  public RegistryClient build() {
    return new RegistryClient(
        new Settings(
            credentials,
            endpoints,
            tls,
            proxy,
            proxyAuthenticator,
            connectTimeout,
            stallTimeout,
            retries,
            parallelPerHost,
            progress,
            userAgent,
            foreignLayers,
            privateDestinations,
            limits,
            timing,
            addresses));
  }

  /** Its numbers; nothing that could be secret. */
  @Override
  public String toString() {
    return "RegistryClientBuilder[connectTimeout="
        + connectTimeout
        + ", stallTimeout="
        + stallTimeout
        + ", retries="
        + retries
        + ", parallelPerHost="
        + parallelPerHost
        + "]";
  }
}
