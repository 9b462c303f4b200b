package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which registries and mirrors an image is read from, and what a short name means.
 *
 * <p>Read from the files of containers-registries.conf(5), version 2, or put together by the {@code
 * with} methods, or both. As an {@link EndpointResolver} it is for reading: as Podman, Buildah and
 * Skopeo do, locations and mirrors are left out when an image is written, see {@link #destination}.
 *
 * <p>Two things are stricter than there: a prefix without a port does not match a registry with
 * one, and without a terminal to ask on, {@link ShortNameMode#ENFORCING} refuses what is ambiguous.
 * One is laxer: on this machine ({@code localhost}, 127.0.0.0/8, ::1) plain HTTP is always allowed.
 *
 * <p>Immutable, thread-safe.
 */
public final class RegistriesConf implements EndpointResolver {
  /** Nothing configured: each registry is asked itself, a short name means Docker Hub's. */
  public static final RegistriesConf EMPTY =
      new RegistriesConf(
          List.of(), List.of(), List.of(), ShortNameMode.PERMISSIVE, Map.of(), Map.of());

  private final List<String> sources;
  private final List<String> search;
  private final List<String> helpers;
  private final ShortNameMode mode;
  private final Map<String, RegistryRule> rules;
  private final SortedMap<String, String> aliases;

  private RegistriesConf(
      List<String> sources,
      List<String> search,
      List<String> helpers,
      ShortNameMode mode,
      Map<String, RegistryRule> rules,
      Map<String, String> aliases) {
    this.sources = List.copyOf(sources);
    this.search = List.copyOf(search);
    this.helpers = List.copyOf(helpers);
    this.mode = mode;
    this.rules = Collections.unmodifiableMap(new LinkedHashMap<>(rules));
    this.aliases = Collections.unmodifiableSortedMap(new TreeMap<>(aliases));
  }

  /**
   * Reads this machine's and this user's files.
   *
   * <p>{@code $CONTAINERS_REGISTRIES_CONF}, else {@code ~/.config/containers/registries.conf}, else
   * {@code /etc/containers/registries.conf}; then the drop-ins {@code *.conf} of {@code
   * registries.conf.d}, the system's (left out where the user's own file counts) and then the
   * user's, each in the order of their names; then the aliases that Podman recorded. What is said
   * later counts, a rule as a whole.
   *
   * @return what they say; {@link #EMPTY} if there are none
   * @throws ContentException naming file and place, if one is malformed or of version 1
   * @throws IOException if one can't be read
   */
  public static RegistriesConf load() throws IOException {
    return load(HostEnvironment.current());
  }

  static RegistriesConf load(HostEnvironment host) throws IOException {
    Path own = host.configHome().resolve("containers");
    Path system = host.systemContainers();
    Optional<Path> named = host.path("CONTAINERS_REGISTRIES_CONF");
    boolean owned = named.isEmpty() && Files.exists(own.resolve("registries.conf"));
    List<Path> files = new ArrayList<>();
    files.add(named.orElse((owned ? own : system).resolve("registries.conf")));
    if (!owned) {
      files.addAll(SettingsFiles.list(system.resolve("registries.conf.d"), ".conf"));
    }
    files.addAll(SettingsFiles.list(own.resolve("registries.conf.d"), ".conf"));
    boolean root = host.uid() != null && host.uid() == 0;
    Path cache = root ? host.root().resolve("var").resolve("cache") : host.cacheHome();
    files.add(cache.resolve("containers").resolve("short-name-aliases.conf"));
    RegistriesConf conf = EMPTY;
    for (Path each : files) {
      Optional<RegistriesFile> file = RegistriesFile.read(each);
      if (file.isPresent()) {
        conf = conf.with(file.get(), each.toString());
      }
    }
    return conf;
  }

  /**
   * Reads one file alone.
   *
   * @param file in the format of registries.conf, version 2
   * @return what it says
   * @throws ContentException naming file and place, if it is malformed or of version 1
   * @throws IOException if it is not there or can't be read
   */
  public static RegistriesConf read(Path file) throws IOException {
    RegistriesFile read =
        RegistriesFile.read(file)
            .orElseThrow(() -> new java.nio.file.NoSuchFileException(file.toString()));
    return EMPTY.with(read, file.toString());
  }

  /** What a file says counts more than what was said before. */
  RegistriesConf with(RegistriesFile file, String source) {
    List<String> all = new ArrayList<>(sources);
    all.add(source);
    Map<String, RegistryRule> more = new LinkedHashMap<>(rules);
    file.rules().forEach(rule -> more.put(rule.prefix(), rule));
    return new RegistriesConf(
        all,
        otherwise(file.search(), search),
        otherwise(file.helpers(), helpers),
        otherwise(file.mode(), mode),
        more,
        merged(file.aliases()));
  }

  private static <T> T otherwise(@Nullable T said, T before) {
    return said == null ? before : said;
  }

  private Map<String, String> merged(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(aliases);
    all.putAll(more);
    all.values().removeIf(String::isEmpty);
    return all;
  }

  /**
   * A copy with a rule more, in the place of one with the same prefix.
   *
   * @param rule how images whose names begin with its prefix are reached
   * @return the copy
   */
  public RegistriesConf with(RegistryRule rule) {
    Map<String, RegistryRule> more = new LinkedHashMap<>(rules);
    more.put(rule.prefix(), rule);
    return new RegistriesConf(sources, search, helpers, mode, more, aliases);
  }

  /**
   * A copy with other registries to search for a short name.
   *
   * @param registries {@code host[:port]}, in this order; none for Docker Hub alone
   * @return the copy
   * @throws ContentException if one has another form
   */
  public RegistriesConf withSearch(List<String> registries) {
    return new RegistriesConf(
        sources, ShortNames.search(registries), helpers, mode, rules, aliases);
  }

  /**
   * A copy in which a short name means one image.
   *
   * @param name such as {@code fedora}, without registry, tag and digest
   * @param value registry and repository; empty to erase the alias
   * @return the copy
   * @throws ContentException if one has another form
   */
  public RegistriesConf withAlias(String name, String value) {
    Map<String, String> all = merged(Map.of(name, ShortNames.requireAlias(name, value)));
    return new RegistriesConf(sources, search, helpers, mode, rules, all);
  }

  /**
   * A copy that treats ambiguous short names in another way.
   *
   * @param mode how
   * @return the copy
   */
  public RegistriesConf withShortNameMode(ShortNameMode mode) {
    return new RegistriesConf(sources, search, helpers, mode, rules, aliases);
  }

  /**
   * What a person may mean by a name.
   *
   * <p>A name with a registry means that alone. Of others, an alias counts first; without one, the
   * search registries, in their order; and without those Docker Hub. Tag and digest are kept.
   *
   * @param name such as {@code debian:12}
   * @return one at least, the likeliest first
   * @throws ContentException if it is no name of an image
   * @throws OperationException if there are several search registries, and {@link
   *     ShortNameMode#ENFORCING} forbids to choose
   */
  public List<ImageReference> candidates(String name) {
    return ShortNames.candidates(name, aliases, search, mode);
  }

  /**
   * The places to read an image from.
   *
   * @param reference the image asked for
   * @return the mirrors that are asked for such a reference, and last the location
   * @throws OperationException if the rule for it blocks it
   */
  @Override
  public List<Endpoint> endpoints(ImageReference reference) {
    Optional<RegistryRule> rule = rule(reference);
    return rule.isPresent()
        ? rule.get().endpoints(reference)
        : RegistryRule.of(reference.registry()).endpoints(reference);
  }

  /**
   * The place that the reference itself names, insecure or blocked as the rule for it says.
   *
   * @param reference names the repository
   * @return neither a mirror nor a location
   * @throws OperationException if the rule for it blocks it
   */
  @Override
  public Endpoint destination(ImageReference reference) {
    return rule(reference).orElseGet(() -> RegistryRule.of(reference.registry())).named(reference);
  }

  private Optional<RegistryRule> rule(ImageReference reference) {
    RegistryRule longest = null;
    int length = 0;
    for (RegistryRule each : rules.values()) {
      int matched = each.matches(reference);
      if (matched > length) {
        longest = each;
        length = matched;
      }
    }
    if (longest != null && longest.blocked()) {
      throw new OperationException(
          "image "
              + reference
              + ": prefix "
              + longest.prefix()
              + " is blocked"
              + (sources.isEmpty() ? "" : " in " + String.join(", ", sources)));
    }
    return Optional.ofNullable(longest);
  }

  /**
   * The rules.
   *
   * @return in the order in which they were said first
   */
  public List<RegistryRule> rules() {
    return List.copyOf(rules.values());
  }

  /**
   * What short names mean.
   *
   * @return registries and repositories by short names
   */
  public SortedMap<String, String> aliases() {
    return aliases;
  }

  /**
   * The registries that a short name is searched in.
   *
   * @return in this order
   */
  public List<String> search() {
    return search;
  }

  /**
   * How ambiguous short names are treated.
   *
   * @return {@link ShortNameMode#PERMISSIVE} if nothing is said
   */
  public ShortNameMode shortNameMode() {
    return mode;
  }

  /**
   * The helpers to ask for credentials where no other file names one: {@code credential-helpers}.
   *
   * @return what comes after {@code docker-credential-} in their names; {@code
   *     containers-auth.json} stands for the files that {@link AuthFiles} reads
   */
  public List<String> credentialHelpers() {
    return helpers;
  }

  /** What it was read from, and how much it says. */
  @Override
  public String toString() {
    return "RegistriesConf["
        + sources
        + ", "
        + rules.size()
        + " registries, "
        + aliases.size()
        + " aliases]";
  }
}
