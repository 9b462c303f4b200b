package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to registries: reads and writes images, and lists and deletes what is there.
 *
 * <p>Every method may throw {@link RegistryException} if a registry refuses or can't be reached,
 * and {@link ContentException} if what it gives is not what was asked for. An interrupt of the
 * calling thread ends what it does with an {@link java.io.InterruptedIOException}. Thread-safe;
 * after closing, nothing may be asked any more. Source: OCI distribution-spec 1.1, and Docker's
 * Registry HTTP API V2.
 */
public final class RegistryClient implements AutoCloseable {
  private final Settings settings;
  private final Clients clients;
  private final Redaction redaction = new Redaction();
  private final ConcurrentHashMap<Endpoint, RegistryHost> hosts = new ConcurrentHashMap<>();

  RegistryClient(Settings settings) {
    this.settings = settings;
    this.clients = new Clients(settings);
  }

  /**
   * Settings for a client.
   *
   * @return with their defaults
   */
  public static RegistryClientBuilder builder() {
    return new RegistryClientBuilder();
  }

  /**
   * Asks what a reference leads to, without reading it.
   *
   * @param reference by its digest if it has one, else by its tag
   * @return a manifest's or an index's descriptor, as the registry tells it; empty if no place has
   *     it
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public Optional<Descriptor> find(ImageReference reference) throws IOException {
    CooperException before = null;
    for (Repository place : places(reference)) {
      try {
        Optional<Descriptor> found =
            new Manifests(place).find(Manifests.wanted(reference), reference.digest());
        if (found.isPresent()) {
          return found;
        }
      } catch (CooperException e) {
        before = suppressing(e, before);
      }
    }
    if (before != null) {
      throw before;
    }
    return Optional.empty();
  }

  /**
   * Reads a manifest or an index.
   *
   * @param reference by its digest if it has one, else by its tag
   * @return the bytes as they are, found well-formed, and if there is a digest of that digest
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public RemoteManifest manifest(ImageReference reference) throws IOException {
    return open(reference).root();
  }

  /**
   * Opens an image for reading.
   *
   * @param reference by its digest if it has one, else by its tag
   * @return its manifest, which has been read, and its blobs, to be closed
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public RemoteContent open(ImageReference reference) throws IOException {
    List<Repository> places = places(reference);
    CooperException before = null;
    for (int i = 0; i < places.size(); i++) {
      try {
        RemoteManifest root =
            new Manifests(places.get(i))
                .fetch(Manifests.wanted(reference), reference.digest(), null);
        return new RemoteContent(reference, root, places.subList(i, places.size()));
      } catch (CooperException e) {
        before = suppressing(e, before);
      }
    }
    throw before == null ? nowhere(reference) : before;
  }

  private static CooperException suppressing(
      CooperException last, @Nullable CooperException before) {
    if (before != null) {
      last.addSuppressed(before);
    }
    return last;
  }

  private static RegistryException nowhere(ImageReference reference) {
    return new RegistryException(
        "no place is configured to read " + reference + " from", 0, List.of(), null);
  }

  /** Where to read from, in this order. */
  private List<Repository> places(ImageReference reference) throws IOException {
    List<Repository> places = new ArrayList<>();
    for (Endpoint each : settings.endpoints().endpoints(reference)) {
      places.add(repository(each));
    }
    return places;
  }

  private Repository repository(Endpoint endpoint) {
    Endpoint key = new Endpoint(endpoint.registry(), "", endpoint.insecure(), false);
    RegistryHost host =
        hosts.computeIfAbsent(key, made -> new RegistryHost(made, settings, clients, redaction));
    return new Repository(host, endpoint.repository());
  }

  /** Ends what is under way, and the client's threads. */
  @Override
  public void close() {
    clients.close();
  }
}
