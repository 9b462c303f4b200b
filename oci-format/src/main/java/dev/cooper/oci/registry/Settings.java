package dev.cooper.oci.registry;

import dev.cooper.oci.ImageLimits;
import java.net.Authenticator;
import java.net.ProxySelector;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a client was built with; see {@link RegistryClientBuilder} for each. */
record Settings(
    CredentialsProvider credentials,
    EndpointResolver endpoints,
    TlsProvider tls,
    @Nullable ProxySelector proxy,
    @Nullable Authenticator proxyAuthenticator,
    Duration connectTimeout,
    Duration stallTimeout,
    int retries,
    int parallelPerHost,
    TransferListener listener,
    String userAgent,
    boolean foreignLayers,
    boolean privateDestinations,
    ImageLimits limits,
    Timing timing,
    Addresses addresses) {}
