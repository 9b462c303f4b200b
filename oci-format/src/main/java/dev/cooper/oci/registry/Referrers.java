package dev.cooper.oci.registry;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What refers to a manifest: asked of the registry, or of the tag that clients keep where it does
 * not know. Source: OCI distribution-spec, "Listing Referrers" and "Referrers Tag Schema".
 */
final class Referrers {
  /** Of all clients of this JVM; a few for all tags. */
  private static final List<ReentrantLock> LOCKS =
      Stream.generate(ReentrantLock::new).limit(64).toList();

  private final Repository repository;

  Referrers(Repository repository) {
    this.repository = repository;
  }

  /** An entry of an index of referrers. */
  static Descriptor described(
      Descriptor plain, @Nullable MediaType artifact, Map<String, String> annotations) {
    return new Descriptor(
        plain.mediaType(),
        plain.digest(),
        plain.size(),
        new java.util.TreeMap<>(annotations),
        null,
        List.of(),
        null,
        artifact,
        Map.of());
  }

  /**
   * All of them.
   *
   * @param type of the artifacts wanted, or null for all
   */
  Index list(Digest subject, @Nullable MediaType type) throws IOException {
    List<Descriptor> all = new ArrayList<>();
    try {
      Call call =
          repository
              .call(
                  "GET",
                  "referrers",
                  subject + (type == null ? "" : "?artifactType=" + encoded(type)),
                  Scopes.pull(repository.name()))
              .with("Accept", MediaType.OCI_INDEX.value());
      new Pages(repository.host(), repository.name())
          .each(
              call,
              page -> {
                List<Descriptor> some = Index.parse(page.bytes(), MediaType.OCI_INDEX).manifests();
                all.addAll(some);
                return some.size();
              });
    } catch (RegistryException e) {
      if (!e.isNotFound()) {
        throw e;
      }
      all.addAll(tagged(subject).manifests());
    }
    // A registry need not filter, and a tag can't.
    return Index.of(
        all.stream().filter(each -> type == null || type.equals(each.artifactType())).toList());
  }

  private static String encoded(MediaType type) {
    return java.net.URLEncoder.encode(type.value(), java.nio.charset.StandardCharsets.UTF_8);
  }

  private static String tag(Digest subject) {
    String tag = subject.algorithm() + "-" + subject.hex();
    return tag.substring(0, Math.min(tag.length(), 128));
  }

  private Index tagged(Digest subject) throws IOException {
    try {
      RemoteManifest found =
          new Manifests(repository, Scopes.pull(repository.name()))
              .fetch(tag(subject), null, MediaType.OCI_INDEX);
      return Index.parse(found.bytes().toBytes());
    } catch (RegistryException e) {
      if (e.isNotFound()) {
        return Index.of(List.of());
      }
      throw e;
    }
  }

  /**
   * Lists one more under the tag. Of two clients at once the later one may win, as specified: so it
   * is read once more, and if need be written.
   */
  void add(Digest subject, Descriptor referrer) throws IOException {
    boolean written =
        change(
            subject,
            index -> holds(index, referrer.digest()) ? null : index.withManifest(referrer));
    if (written && !holds(tagged(subject), referrer.digest())) {
      change(
          subject, index -> holds(index, referrer.digest()) ? null : index.withManifest(referrer));
    }
  }

  /** Lists one less under the tag, where the registry does not know referrers itself. */
  void remove(Digest subject, Digest referrer) throws IOException {
    Call call =
        repository
            .call("GET", "referrers", subject.toString(), Scopes.pull(repository.name()))
            .with("Accept", MediaType.OCI_INDEX.value());
    try (Response response = repository.send(call)) {
      response.discard();
      if (response.status() != 404) {
        return;
      }
    }
    change(
        subject,
        index ->
            holds(index, referrer)
                ? index.withManifests(
                    index.manifests().stream()
                        .filter(each -> !each.digest().equals(referrer))
                        .toList())
                : null);
  }

  private static boolean holds(Index index, Digest digest) {
    return index.manifests().stream().anyMatch(each -> each.digest().equals(digest));
  }

  /** Another index, or null to leave it. */
  private interface Edit {
    @Nullable Index edit(Index index);
  }

  /** Edits the tag's index, one thread of this JVM at a time; whether it was written. */
  private boolean change(Digest subject, Edit edit) throws IOException {
    String place = repository.where() + "@" + subject;
    ReentrantLock lock = LOCKS.get(Math.floorMod(place.hashCode(), LOCKS.size()));
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      throw Cancelled.by(e, "waiting to list a referrer");
    }
    try {
      Index edited = edit.edit(tagged(subject));
      if (edited != null) {
        write(subject, edited.toBytes());
      }
      return edited != null;
    } finally {
      lock.unlock();
    }
  }

  private void write(Digest subject, byte[] bytes) throws IOException {
    Call call =
        repository
            .call("PUT", "manifests", tag(subject), Scopes.push(repository.name()))
            .with("Content-Type", MediaType.OCI_INDEX.value())
            .with(
                new Call.Content(() -> new ByteArrayInputStream(bytes), bytes.length, done -> {}));
    repository.expect(call, 201).discard();
  }
}
