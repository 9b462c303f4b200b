package dev.cooper.transfer;

import dev.cooper.image.PullPolicy;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.registry.AuthFiles;
import dev.cooper.oci.registry.CertificateDirectories;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.ProxySettings;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.oci.registry.RegistryClientBuilder;
import dev.cooper.oci.registry.TransferListener;
import dev.cooper.text.Given;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How registries are spoken to: as the host's files say, unless told otherwise.
 *
 * @param policy when they are asked
 * @param conf which registries and mirrors; null for the host's files
 * @param credentials who we are; null for the host's files
 * @param change what else is set otherwise
 */
public record RegistrySettings(
    PullPolicy policy,
    @Nullable RegistriesConf conf,
    @Nullable CredentialsProvider credentials,
    UnaryOperator<RegistryClientBuilder> change) {
  public static final RegistrySettings HOST =
      new RegistrySettings(PullPolicy.MISSING, null, null, UnaryOperator.identity());

  public RegistrySettings withPolicy(PullPolicy other) {
    return new RegistrySettings(other, conf, credentials, change);
  }

  public RegistrySettings withConf(RegistriesConf other) {
    return new RegistrySettings(policy, other, credentials, change);
  }

  public RegistrySettings withCredentials(CredentialsProvider other) {
    return new RegistrySettings(policy, conf, other, change);
  }

  public RegistrySettings withChange(UnaryOperator<RegistryClientBuilder> other) {
    return new RegistrySettings(policy, conf, credentials, other);
  }

  /** The registries and mirrors that count. */
  RegistriesConf read() throws IOException {
    return conf != null ? conf : RegistriesConf.load();
  }

  RegistryClient client(RegistriesConf places, ImageLimits limits, TransferListener listener) {
    ProxySettings proxies = ProxySettings.standard();
    RegistryClientBuilder builder =
        RegistryClient.builder()
            .credentials(
                credentials != null
                    ? credentials
                    : AuthFiles.standard().withHelpers(places.credentialHelpers()))
            .endpoints(places)
            .tls(CertificateDirectories.standard())
            .proxy(proxies.selector())
            .limits(limits)
            .progress(listener);
    proxies.authenticator().ifPresent(builder::proxyAuthenticator);
    return Given.made(change, builder, "change").build();
  }
}
