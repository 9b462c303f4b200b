package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.net.URI;
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
  /** How many entries are asked for at a time; a registry may give fewer. */
  private static final int PAGE = 1000;

  private final Settings settings;
  private final Clients clients;
  private final Redaction redaction = new Redaction();
  private final ConcurrentHashMap<Endpoint, RegistryHost> hosts = new ConcurrentHashMap<>();
  private volatile boolean closed;

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
   * Loads what the first request to a registry needs, and sends nothing: to be called beside other
   * work, by a program that has a second to live.
   *
   * @param reference names a repository there
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public void prepare(ImageReference reference) throws IOException {
    itself(reference).host().prepare();
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
    return new RegistryException("no place is configured for " + reference, 0, List.of(), null);
  }

  /**
   * Opens a repository for writing.
   *
   * @param reference names it; its tag and digest don't matter
   * @return a writer
   * @throws IOException if the configuration can't be read
   */
  public RemoteWriter writer(ImageReference reference) throws IOException {
    return new RemoteWriter(itself(reference));
  }

  /**
   * Deletes a manifest or a tag.
   *
   * <p>A registry that deletes no tag is asked to delete the manifest that the tag stands for, and
   * so all its tags, as skopeo does. A manifest with a subject also leaves the index of its
   * subject's referrers, where the registry knows none and clients keep one.
   *
   * <p>A manifest is deleted by its digest, for which the specification has no condition: a tag
   * that somebody gives it at the same time goes with it, however short before, and has to be
   * pushed again. A tag that somebody leads to another manifest meanwhile stays, and leads there.
   *
   * @param reference with a digest, the manifest and so all its tags; else the tag
   * @throws RegistryException also if it is not there, or the registry deletes nothing
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public void delete(ImageReference reference) throws IOException {
    new Deletion(itself(reference)).manifest(reference);
  }

  /**
   * Deletes a blob from a repository.
   *
   * @param reference names the repository; its tag and digest don't matter
   * @param blob the blob's digest
   * @throws RegistryException also if it is not there, or the registry deletes nothing
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public void deleteBlob(ImageReference reference, Digest blob) throws IOException {
    Repository place = itself(reference);
    place
        .host()
        .delete(place.call("DELETE", place.blob(blob), Scopes.delete(place.name())), place.name());
  }

  /**
   * The tags of a repository.
   *
   * @param reference names it; its tag and digest don't matter
   * @return all of them, in the registry's order
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public List<String> tags(ImageReference reference) throws IOException {
    Repository place = itself(reference);
    Call call = place.call("GET", "tags", "list?n=" + PAGE, Scopes.pull(place.name()));
    return new Pages(place.host(), place.name()).strings(call, "tags");
  }

  /**
   * The repositories of a registry, as far as it tells them.
   *
   * @param registry host, and port if there is one
   * @return all of them, in the registry's order
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public List<String> catalog(String registry) throws IOException {
    return catalog(registry, PAGE);
  }

  List<String> catalog(String registry, int page) throws IOException {
    // The configuration is by repository; that of any counts here, as all are at one place.
    Repository place = itself(new ImageReference(registry, "catalog", "latest", null));
    Call call = Call.of("GET", "/v2/_catalog?n=" + page, Scopes.catalog());
    return new Pages(place.host(), "").strings(call, "repositories");
  }

  /**
   * What refers to a manifest, such as its signatures.
   *
   * @param reference with the manifest's digest
   * @param type of the artifacts wanted, or null for all
   * @return their descriptors, in an index that the registry need not have
   * @throws IllegalArgumentException if there is no digest
   * @throws IOException if interrupted, or the configuration can't be read
   */
  public Index referrers(ImageReference reference, @Nullable MediaType type) throws IOException {
    Digest subject = reference.digest();
    if (subject == null) {
      throw new IllegalArgumentException(reference + " has no digest, which referrers refer to");
    }
    return new Referrers(itself(reference)).list(subject, type);
  }

  /**
   * Reads a file that lies in no registry, such as a Dockerfile's ADD names by its URL: through the
   * same proxies, with the same trust, limits of time and retries, and without credentials.
   * Redirects are followed, but neither from TLS to plain HTTP nor further inside than the server
   * is itself.
   *
   * @param url of http or https
   * @param receiver takes it
   * @throws IllegalArgumentException if the URL is another, or holds a user
   * @throws dev.cooper.oci.OperationException if the server refuses, or can't be reached
   * @throws IOException if interrupted, or the receiver can't take it
   */
  public void file(URI url, FileReceiver receiver) throws IOException {
    if (closed) {
      throw new IllegalStateException("this registry client was closed");
    }
    new FileDownload(settings, clients).read(url, receiver);
  }

  Settings settings() {
    return settings;
  }

  /** The one place that is no mirror. */
  private Repository itself(ImageReference reference) throws IOException {
    return repository(settings.endpoints().destination(reference));
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
    if (closed) {
      throw new IllegalStateException("this registry client was closed");
    }
    Endpoint key = new Endpoint(endpoint.registry(), "", endpoint.insecure(), false);
    RegistryHost host =
        hosts.computeIfAbsent(key, made -> new RegistryHost(made, settings, clients, redaction));
    return new Repository(host, endpoint.repository(), endpoint.mirror());
  }

  /**
   * Ends what is under way, and the client's threads; connections that were kept end when the
   * client is collected.
   */
  @Override
  public void close() {
    closed = true;
    clients.close();
  }

  /** The registries that it has spoken to. */
  @Override
  public String toString() {
    return "RegistryClient" + (closed ? "[closed]" : hosts.keySet());
  }
}
