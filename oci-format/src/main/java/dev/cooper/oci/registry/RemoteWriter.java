package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One repository in a registry, to be written to: blobs first, in any order and from several
 * threads, then the manifests that name them.
 *
 * <p>What the registry has is not sent again. An interrupt ends an upload, and so does closing the
 * client; the registry is then asked once to forget the upload, and waited for two seconds at most.
 * Thread-safe; needs no closing. Source: OCI distribution-spec, "Push".
 */
public final class RemoteWriter {
  private static final String SUBJECT_HEADER = "OCI-Subject";

  private final Repository repository;
  private final Uploads uploads;
  private final Set<Digest> known = ConcurrentHashMap.newKeySet();

  RemoteWriter(Repository repository) {
    this.repository = repository;
    this.uploads = new Uploads(repository);
  }

  /**
   * Whether the registry has a blob or a manifest in this repository.
   *
   * @param descriptor what to look for
   * @return true if it need not be sent; false as well if the registry refuses to say
   * @throws RegistryException if the registry can't be reached
   * @throws IOException if interrupted
   */
  public boolean has(Descriptor descriptor) throws IOException {
    Digest digest = descriptor.digest();
    if (known.contains(digest)) {
      return true;
    }
    boolean manifest = descriptor.mediaType().isManifest() || descriptor.mediaType().isIndex();
    boolean there =
        manifest
            ? found(digest.toString(), digest).isPresent()
            : new Blobs(repository).isKnown(digest, push());
    if (there) {
      known.add(digest);
    }
    return there;
  }

  /**
   * Whether a tag stands for a manifest or an index already.
   *
   * @param manifest which one
   * @param tag in this repository
   * @return true if it need not be sent; false as well if the registry refuses to say
   * @throws RegistryException if the registry can't be reached
   * @throws IOException if interrupted
   */
  public boolean has(Descriptor manifest, String tag) throws IOException {
    return found(tag, null).filter(found -> found.digest().equals(manifest.digest())).isPresent();
  }

  /** What a registry that refuses to say has is sent, and it then says what is wrong. */
  private Optional<Descriptor> found(String wanted, @Nullable Digest pinned) throws IOException {
    try {
      return new Manifests(repository, push()).find(wanted, pinned);
    } catch (RegistryException e) {
      if (e.status() == 0) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private Scopes push() {
    return Scopes.push(repository.name());
  }

  /**
   * Sends a blob, unless the registry has it.
   *
   * @param blob its digest and size, which the registry checks
   * @param source its bytes, opened for each try; not at all if the registry has it
   * @throws RegistryException if the registry refuses it
   * @throws IOException if it can't be read, or if interrupted
   */
  public void blob(Descriptor blob, BlobSource source) throws IOException {
    blob(blob, source, List.of());
  }

  /**
   * Sends a blob, unless the registry has it, here or in another repository.
   *
   * @param blob its digest and size, which the registry checks
   * @param source its bytes, opened for each try; not at all if the registry has it
   * @param from repositories of the same registry that may have it, to be mounted from
   * @throws RegistryException if the registry refuses it
   * @throws IOException if it can't be read, or if interrupted
   */
  public void blob(Descriptor blob, BlobSource source, List<String> from) throws IOException {
    RegistryHost host = repository.host();
    TransferLimits.Permit permit = host.transfers().upload();
    try {
      blob(blob, source, from, host);
    } finally {
      permit.release();
    }
  }

  private void blob(Descriptor blob, BlobSource source, List<String> from, RegistryHost host)
      throws IOException {
    Progress progress =
        new Progress(
            host.settings().listener(),
            new Transfer(Transfer.Direction.UPLOAD, host.registry(), repository.name(), blob));
    try {
      if (has(blob)) {
        progress.ended(Transfer.Outcome.REUSED);
      } else {
        Uploads.Mount mount = uploads.mount(blob.digest(), from);
        if (!mount.done()) {
          new WholeUpload(repository, uploads, blob, source, progress).send(mount.session());
        }
        progress.ended(mount.done() ? Transfer.Outcome.MOUNTED : Transfer.Outcome.TRANSFERRED);
      }
      known.add(blob.digest());
    } finally {
      progress.ended(Transfer.Outcome.FAILED); // unless it has ended well
    }
  }

  /**
   * Sends a blob that is not known before it was read: in pieces, of which one is in memory at a
   * time, so that each can be sent again. No listener is told of it, as a transfer is one of a
   * known digest and size.
   *
   * @param mediaType what kind of content
   * @param content its bytes, read to their end once; not closed
   * @return its descriptor
   * @throws RegistryException if the registry refuses it
   * @throws IOException if it can't be read, or if interrupted
   */
  public Descriptor blob(MediaType mediaType, InputStream content) throws IOException {
    TransferLimits.Permit permit = repository.host().transfers().upload();
    try {
      Descriptor blob =
          new ChunkedUpload(repository, uploads, done -> {}).upload(mediaType, content);
      known.add(blob.digest());
      return blob;
    } finally {
      permit.release();
    }
  }

  /**
   * Sends a manifest or an index, whose blobs or manifests have to be there.
   *
   * <p>Where the registry does not know referrers, one that has a subject is also listed in the
   * index of its subject's referrers, as the specification asks of clients.
   *
   * @param descriptor its type, digest and size
   * @param bytes exactly those to be stored
   * @param tag what it is called from now on, or null to send it by its digest alone
   * @throws ContentException if the bytes are not the descriptor's, or are no such document
   * @throws RegistryException if the registry refuses it
   * @throws IOException if interrupted
   */
  public void manifest(Descriptor descriptor, byte[] bytes, @Nullable String tag)
      throws IOException {
    Descriptor subject = checked(descriptor, bytes);
    String name = tag == null ? descriptor.digest().toString() : tag;
    if (tag != null && !ImageReference.isTag(tag)) {
      throw new ContentException("found a malformed tag for " + repository.where());
    }
    try (Response response = put(descriptor.mediaType(), bytes, name)) {
      Digest said = Manifests.said(response);
      if (said != null && !said.matches(bytes)) {
        throw new ContentException(
            String.format(
                Locale.ROOT,
                "%s stored %s as %s, expected %s",
                repository.where(),
                name,
                said,
                descriptor.digest()));
      }
      if (subject != null && response.header(SUBJECT_HEADER).isEmpty()) {
        new Referrers(repository).add(subject.digest(), described(descriptor, bytes));
      }
    }
    known.add(descriptor.digest());
  }

  private Response put(MediaType type, byte[] bytes, String name) throws IOException {
    return repository.expect(
        repository
            .call("PUT", "manifests", name, push())
            .with("Content-Type", type.value())
            .with(
                new Call.Content(() -> new ByteArrayInputStream(bytes), bytes.length, done -> {})),
        201,
        200,
        202);
  }

  /** Its subject, if it has one. */
  private static @Nullable Descriptor checked(Descriptor descriptor, byte[] bytes) {
    if (descriptor.size() != bytes.length || !descriptor.digest().matches(bytes)) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "manifest %s: found %d bytes of the digest %s",
              descriptor.digest(),
              bytes.length,
              Digest.sha256(bytes)));
    }
    MediaType type = descriptor.mediaType();
    return type.isIndex()
        ? Index.parse(bytes, type).subject()
        : Manifest.parse(bytes, type).subject();
  }

  /** As an index of referrers lists it, with its artifact type and its annotations. */
  private static Descriptor described(Descriptor descriptor, byte[] bytes) {
    MediaType type = descriptor.mediaType();
    Descriptor plain = Descriptor.of(type, descriptor.digest(), descriptor.size());
    if (type.isIndex()) {
      Index index = Index.parse(bytes, type);
      return Referrers.described(plain, index.artifactType(), index.annotations());
    }
    Manifest manifest = Manifest.parse(bytes, type);
    MediaType artifact =
        Objects.requireNonNullElse(manifest.artifactType(), manifest.config().mediaType());
    return Referrers.described(plain, artifact, manifest.annotations());
  }

  /** Where it writes to. */
  @Override
  public String toString() {
    return "RemoteWriter[" + repository.name() + "]";
  }
}
