package dev.cooper;

import dev.cooper.command.Ids;
import dev.cooper.command.Isolation;
import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.command.Security;
import dev.cooper.container.RunDefaults;
import dev.cooper.container.Session;
import dev.cooper.event.BuildListener;
import dev.cooper.image.CommitOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryClientBuilder;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.text.Choice;
import dev.cooper.transfer.RegistrySettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Settings of a {@link Cooper}; made by {@link Cooper#builder()}. Not thread-safe. */
public final class CooperBuilder {
  private Path store =
      defaultStore(
          System.getenv("COOPER_STORE"), System.getenv("XDG_DATA_HOME"), System.getenv("HOME"));
  private @Nullable BuildListener listener;
  private Clock clock = Clock.systemUTC();
  private ImageLimits limits = ImageLimits.DEFAULT;
  private RegistrySettings registries = RegistrySettings.HOST;
  private Isolation isolation =
      Choice.of("COOPER_ISOLATION", System.getenv("COOPER_ISOLATION"), Isolation.NAMESPACES);
  private Ids ids = Choice.of("COOPER_IDS", System.getenv("COOPER_IDS"), Ids.MAPPED);
  private String engine = System.getenv().getOrDefault("COOPER_RUNTIME", "");
  private @Nullable Instant sourceDate = sourceDate(System.getenv("SOURCE_DATE_EPOCH"));

  private RunDefaults runs = RunDefaults.NONE;

  CooperBuilder() {}

  static Path defaultStore(
      @Nullable String named, @Nullable String dataHome, @Nullable String home) {
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    String owner =
        home != null && !home.isEmpty() ? home : System.getProperty("user.home", "/root");
    return Path.of(dataHome != null && !dataHome.isEmpty() ? dataHome : owner + "/.local/share")
        .resolve("cooper")
        .resolve("store");
  }

  private static @Nullable Instant sourceDate(@Nullable String epoch) {
    if (epoch == null || epoch.isEmpty()) {
      return null;
    }
    try {
      return Instant.ofEpochSecond(Long.parseLong(epoch));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "SOURCE_DATE_EPOCH is \"" + epoch + "\", and has to be a number of seconds", e);
    }
  }

  /**
   * Where images and containers are kept; {@code $COOPER_STORE}, else {@code cooper/store} in the
   * user's data directory.
   *
   * @param directory made if it is missing; itself an OCI image layout
   * @return this
   */
  public CooperBuilder store(Path directory) {
    Objects.requireNonNull(directory, "directory");
    store = directory;
    return this;
  }

  /**
   * Who is told what happens; by default the logger {@code dev.cooper}, as {@link
   * BuildListener#logger} does.
   *
   * @param told such as {@link BuildListener#plain}, or {@link BuildListener#quiet}
   * @return this
   */
  public CooperBuilder listener(BuildListener told) {
    Objects.requireNonNull(told, "told");
    listener = told;
    return this;
  }

  /**
   * What time it is, for what records it.
   *
   * @param time the system's by default
   * @return this
   */
  public CooperBuilder clock(Clock time) {
    Objects.requireNonNull(time, "time");
    clock = time;
    return this;
  }

  /**
   * The time that images are made reproducible with; {@code $SOURCE_DATE_EPOCH} by default.
   *
   * @param time as {@link CommitOptions#reproducible} takes it, or null for none
   * @return this
   */
  public CooperBuilder sourceDate(@Nullable Instant time) {
    sourceDate = time;
    return this;
  }

  /**
   * What stands between a command and the host; {@code $COOPER_ISOLATION}, such as {@code chroot},
   * else {@link Isolation#NAMESPACES}. Buildah's {@code --isolation}.
   *
   * <p>What the host cannot give is an error that says what it lacks: nothing weaker is taken
   * instead, only asked for here.
   *
   * @param wanted for every command of this Cooper
   * @return this
   */
  public CooperBuilder isolation(Isolation wanted) {
    Objects.requireNonNull(wanted, "wanted");
    isolation = wanted;
    return this;
  }

  /**
   * Which ids the users and groups of containers are on this host; {@code $COOPER_IDS}, such as
   * {@code single}, else {@link Ids#MAPPED}.
   *
   * @param wanted for the whole store
   * @return this
   */
  public CooperBuilder ids(Ids wanted) {
    Objects.requireNonNull(wanted, "wanted");
    ids = wanted;
    return this;
  }

  /**
   * Which OCI runtime runs commands with {@link Isolation#OCI}; {@code $COOPER_RUNTIME}, else crun
   * or runc, whichever is there first. Buildah's {@code --runtime}.
   *
   * @param nameOrPath such as {@code runc}, which is looked for in this JVM's PATH and in no image,
   *     or an absolute path
   * @return this
   */
  public CooperBuilder engine(String nameOrPath) {
    Objects.requireNonNull(nameOrPath, "nameOrPath");
    engine = nameOrPath;
    return this;
  }

  /**
   * What an image may cost, or an archive that is added; {@link ImageLimits#DEFAULT} by default.
   *
   * @param most such as {@code ImageLimits.DEFAULT.withImageBytes(1L << 30)}; what is over it is
   *     refused while it is read, with an error that names the limit
   * @return this
   */
  public CooperBuilder limits(ImageLimits most) {
    Objects.requireNonNull(most, "most");
    limits = most;
    return this;
  }

  /**
   * When a registry is asked for an image; when the store lacks it by default.
   *
   * @param policy for every pull that does not say otherwise
   * @return this
   */
  public CooperBuilder pullPolicy(PullPolicy policy) {
    Objects.requireNonNull(policy, "policy");
    registries = registries.withPolicy(policy);
    return this;
  }

  /**
   * Which registries and mirrors there are, and what short names mean; what the host's {@code
   * registries.conf} says by default.
   *
   * @param conf such as {@link RegistriesConf#EMPTY} with rules of its own
   * @return this
   */
  public CooperBuilder registries(RegistriesConf conf) {
    Objects.requireNonNull(conf, "conf");
    registries = registries.withConf(conf);
    return this;
  }

  /**
   * Who we are to registries; by default what the files and helpers of Docker, Podman and Buildah
   * say.
   *
   * @param provider asked once for each registry and repository
   * @return this
   */
  public CooperBuilder credentials(CredentialsProvider provider) {
    Objects.requireNonNull(provider, "provider");
    registries = registries.withCredentials(provider);
    return this;
  }

  /**
   * Everything else about how registries are spoken to: timeouts, retries, proxies, TLS.
   *
   * @param change takes the settings as they would be, and gives those that are used
   * @return this
   */
  public CooperBuilder registryClient(UnaryOperator<RegistryClientBuilder> change) {
    Objects.requireNonNull(change, "change");
    registries = registries.withChange(change);
    return this;
  }

  /**
   * What commands may do that do not say otherwise; {@link Security#DEFAULT} by default.
   *
   * @param security capabilities, system calls, ulimits and paths
   * @return this
   */
  public CooperBuilder security(Security security) {
    Objects.requireNonNull(security, "security");
    runs = new RunDefaults(security, runs.resources(), runs.network());
    return this;
  }

  /**
   * How much commands may use that do not say otherwise; {@link Resources#UNLIMITED} by default.
   *
   * @param resources limits for each command by itself
   * @return this
   */
  public CooperBuilder resources(Resources resources) {
    Objects.requireNonNull(resources, "resources");
    runs = new RunDefaults(runs.security(), resources, runs.network());
    return this;
  }

  /**
   * Which network commands see that do not say otherwise; {@link Network#HOST} by default.
   *
   * @param network such as {@code Network.PRIVATE.addHost("mirror", "192.0.2.7")}
   * @return this
   */
  public CooperBuilder network(Network network) {
    Objects.requireNonNull(network, "network");
    runs = new RunDefaults(runs.security(), runs.resources(), network);
    return this;
  }

  /**
   * Looks at what this host can do with these settings, as {@link Cooper#probe} does; the store is
   * neither opened nor made, and its file system is that of the nearest directory above it.
   *
   * @return to be printed
   */
  public HostReport probe() {
    return HostReport.of(store, runtime());
  }

  /**
   * Opens the store.
   *
   * @return to be closed by the caller
   * @throws dev.cooper.oci.OperationException if the store cannot be used
   */
  public Cooper build() {
    return new Cooper(
        new Session(
            new Session.Settings(
                store, told(), clock, sourceDate, limits, registries, runs, runtime())));
  }

  private BuildListener told() {
    return listener != null
        ? listener
        : BuildListener.logger(System.getLogger(CooperBuilder.class.getPackageName()));
  }

  private RuntimeOptions runtime() {
    return new RuntimeOptions(isolation, engine, ids == Ids.SINGLE);
  }

  /** What is opened, and how; nothing that could be secret. */
  @Override
  public String toString() {
    return "CooperBuilder[store="
        + store
        + ", isolation="
        + isolation
        + ", ids="
        + ids
        + ", limits="
        + limits
        + "]";
  }
}
