package dev.cooper.oci.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The credentials that {@code podman login}, {@code buildah login}, {@code skopeo login} and {@code
 * docker login} left behind.
 *
 * <p>Read in the order of containers-auth.json(5), until one file knows the repository, but what is
 * named for this process first, as buildah and podman have it: {@code $REGISTRY_AUTH_FILE}; {@code
 * $DOCKER_CONFIG/config.json}; without the first of these {@code
 * $XDG_RUNTIME_DIR/containers/auth.json} (and without that variable {@code
 * /run/containers/UID/auth.json}); {@code ~/.config/containers/auth.json}; without the second
 * {@code ~/.docker/config.json}; {@code ~/.dockercfg}. The files are read again at each call, so a
 * login counts at once.
 *
 * <p>In a file the {@code credHelpers} and the {@code credsStore} are asked by running {@code
 * docker-credential-NAME get}, found in the absolute directories of {@code PATH}, for at most two
 * minutes; what is asked often should be remembered by the caller.
 *
 * <p>No message shows a secret. Immutable, thread-safe. Malformed files and answers are told by a
 * {@link dev.cooper.oci.ContentException} that names file and place, a helper that is missing or
 * fails by an {@link dev.cooper.oci.OperationException}.
 */
public final class AuthFiles implements CredentialsProvider {
  /** What stands for the files among the helpers. */
  private static final String FILES = "containers-auth.json";

  private final List<Location> locations;
  private final CredentialHelper helper;
  private final List<String> sources;

  /** Where a file may be, and whether it is a {@code .dockercfg}. */
  private record Location(Path path, boolean legacy) {}

  private AuthFiles(List<Location> locations, CredentialHelper helper, List<String> sources) {
    this.locations = List.copyOf(locations);
    this.helper = helper;
    this.sources = List.copyOf(sources);
  }

  /**
   * Where this process's environment says.
   *
   * @return a provider that reads these files when it is asked
   */
  public static AuthFiles standard() {
    HostEnvironment host = HostEnvironment.current();
    return of(host, new CredentialHelper(host, CredentialHelper.LIMIT));
  }

  /**
   * One file alone, as {@code --authfile} names one.
   *
   * @param file containers' {@code auth.json} or Docker's {@code config.json}
   * @return a provider that reads this file when it is asked, and finds nothing while it is missing
   */
  public static AuthFiles of(Path file) {
    return new AuthFiles(
        List.of(new Location(file, false)),
        new CredentialHelper(HostEnvironment.current(), CredentialHelper.LIMIT),
        List.of(FILES));
  }

  static AuthFiles of(HostEnvironment host, CredentialHelper helper) {
    Optional<Path> named = host.path("REGISTRY_AUTH_FILE");
    Optional<Path> docker = host.path("DOCKER_CONFIG");
    List<Path> files = new ArrayList<>();
    // What is named for this process comes before what logins of whenever have left.
    named.ifPresent(files::add);
    docker.ifPresent(directory -> files.add(directory.resolve("config.json")));
    if (named.isEmpty()) {
      runtime(host).ifPresent(files::add);
    }
    files.add(host.configHome().resolve("containers").resolve("auth.json"));
    if (docker.isEmpty()) {
      files.add(host.home().resolve(".docker").resolve("config.json"));
    }
    List<Location> locations = new ArrayList<>();
    files.forEach(path -> locations.add(new Location(path, false)));
    locations.add(new Location(host.home().resolve(".dockercfg"), true));
    return new AuthFiles(locations, helper, List.of(FILES));
  }

  private static Optional<Path> runtime(HostEnvironment host) {
    Optional<Path> runtime = host.path("XDG_RUNTIME_DIR");
    if (runtime.isEmpty() && host.uid() != null) {
      runtime = Optional.of(host.root().resolve("run/containers/" + host.uid()));
      return runtime.map(directory -> directory.resolve("auth.json"));
    }
    return runtime.map(directory -> directory.resolve("containers").resolve("auth.json"));
  }

  /**
   * A copy that asks helpers for every registry, as registries.conf(5) has them in {@code
   * credential-helpers}.
   *
   * @param helpers what comes after {@code docker-credential-} in their names, in this order;
   *     {@code containers-auth.json} stands for the files; none at all for the files alone
   * @return the copy
   */
  public AuthFiles withHelpers(List<String> helpers) {
    return new AuthFiles(locations, helper, helpers.isEmpty() ? List.of(FILES) : helpers);
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) throws IOException {
    for (String source : sources) {
      Optional<Credentials> found =
          source.equals(FILES) ? inFiles(registry, repository) : helper.get(source, registry);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private Optional<Credentials> inFiles(String registry, String repository) throws IOException {
    for (Location each : locations) {
      Optional<AuthFile> file = AuthFile.read(each.path(), each.legacy());
      if (file.isPresent()) {
        Optional<Credentials> found = file.get().find(registry, repository, helper);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /** The files' paths and the helpers' names, in the order in which they are asked. */
  @Override
  public String describe() {
    List<String> names = new ArrayList<>();
    for (String source : sources) {
      if (source.equals(FILES)) {
        locations.forEach(each -> names.add(each.path().toString()));
      } else {
        names.add("docker-credential-" + source);
      }
    }
    return String.join(", ", names);
  }

  /** Which files it reads; nothing of what they say. */
  @Override
  public String toString() {
    return "AuthFiles[" + locations.stream().map(Location::path).toList() + "]";
  }
}
