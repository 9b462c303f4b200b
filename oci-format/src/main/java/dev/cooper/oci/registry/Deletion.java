package dev.cooper.oci.registry;

import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Deletes tags and manifests. Source: OCI distribution-spec, "Deleting tags", "Deleting Manifests".
 */
final class Deletion {
  /** What registries say that know no deletion of a tag: docker-registry the first, for one. */
  private static final Set<Integer> NO_TAGS = Set.of(400, 405, 501);

  private final Repository repository;
  private final Scopes scopes;

  Deletion(Repository repository) {
    this.repository = repository;
    this.scopes = Scopes.delete(repository.name());
  }

  void manifest(ImageReference reference) throws IOException {
    Digest digest = reference.digest();
    if (digest == null) {
      tag(Objects.requireNonNull(reference.tag()));
    } else {
      manifest(digest);
    }
  }

  private void tag(String tag) throws IOException {
    try {
      delete(tag);
    } catch (RegistryException e) {
      if (!NO_TAGS.contains(e.status())) {
        throw e;
      }
      Optional<Descriptor> meant = new Manifests(repository, scopes).find(tag, null);
      if (meant.isEmpty()) {
        throw e;
      }
      manifest(meant.get().digest());
    }
  }

  private void manifest(Digest digest) throws IOException {
    Digest subject = subject(digest);
    delete(digest.toString());
    if (subject != null) {
      new Referrers(repository).remove(subject, digest);
    }
  }

  private void delete(String name) throws IOException {
    repository
        .host()
        .delete(repository.call("DELETE", "manifests", name, scopes), repository.name());
  }

  /**
   * What a manifest refers to; null also if it can't be read, as it can be deleted all the same.
   */
  private @Nullable Digest subject(Digest digest) throws IOException {
    try {
      RemoteManifest found =
          new Manifests(repository, scopes).fetch(digest.toString(), digest, null);
      MediaType type = found.descriptor().mediaType();
      byte[] bytes = found.bytes().toBytes();
      Descriptor subject =
          type.isIndex()
              ? Index.parse(bytes, type).subject()
              : Manifest.parse(bytes, type).subject();
      return subject == null ? null : subject.digest();
    } catch (CooperException e) {
      return null;
    }
  }
}
