package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Sends blobs whose digest is known: one request opens an upload, one carries all bytes.
 *
 * <p>Source: OCI distribution-spec, "POST then PUT" and "Mounting a blob from another repository".
 */
final class Uploads {
  private static final String DIGEST_HEADER = "Docker-Content-Digest";
  private static final String OCTETS = "application/octet-stream";
  private static final int TOO_LARGE = 413;

  private final Repository repository;
  private final Scopes scopes;

  Uploads(Repository repository) {
    this.repository = repository;
    this.scopes = Scopes.push(repository.name());
  }

  /**
   * What became of a mount.
   *
   * @param done whether the blob is there now
   * @param session an upload that the registry opened instead, or null
   */
  record Mount(boolean done, @Nullable URI session) {}

  /** Asks one after the other of the repositories that may have it. */
  Mount mount(Digest digest, List<String> from) throws IOException {
    for (String other : from) {
      Mount mount = other.equals(repository.name()) ? null : mount(digest, other);
      if (mount != null) {
        return mount;
      }
    }
    return new Mount(false, null);
  }

  /** Null if the registry would have none of it: what can't be mounted can still be sent. */
  private @Nullable Mount mount(Digest digest, String other) throws IOException {
    String query = "?mount=" + digest + "&from=" + other;
    Call call =
        Call.of(
            "POST", repository.path("blobs", "uploads/") + query, scopes.and(Scopes.pull(other)));
    Response response = repository.send(call);
    response.discard();
    return switch (response.status()) {
      case 201 -> new Mount(true, null);
      case 202 -> new Mount(false, RegistryHost.location(response));
      default -> null;
    };
  }

  /**
   * Sends it all, anew after each fault.
   *
   * @param opened an upload to begin with, or null
   */
  void upload(Descriptor blob, BlobSource source, Progress progress, @Nullable URI opened)
      throws IOException {
    Tries tries = repository.host().tries();
    URI session = opened == null ? begin() : opened;
    boolean stored = false;
    try {
      while (!stored) {
        stored = once(session, blob, source, progress, tries);
        session = stored ? session : begin();
      }
    } finally {
      if (!stored) {
        abandon(session);
      }
    }
  }

  private boolean once(
      URI session, Descriptor blob, BlobSource source, Progress progress, Tries tries)
      throws IOException {
    Call call = put(session, blob.digest()).with(content(blob, source, progress)).withoutRetry();
    try {
      Response response = repository.send(call);
      if (response.status() == 401 || response.status() == 404) {
        // Its token or the session itself expired on the way: another session gets another.
        response = renewed(response, blob, source, progress);
      }
      if (response.status() == TOO_LARGE) {
        response.discard();
        inPieces(blob, source);
        return true;
      }
      return isStored(response, blob, tries, progress);
    } catch (InterruptedIOException | SourceException e) {
      throw e;
    } catch (IOException e) {
      progress.retried(RegistryHost.reason(e));
      if (!tries.another(e)) {
        throw repository.host().unreachable(call, repository.name(), e, tries);
      }
      return new Blobs(repository).contains(blob.digest(), scopes); // the answer alone was lost
    }
  }

  /** What is before the registry may pass no request of this size; many small ones may do. */
  private void inPieces(Descriptor blob, BlobSource source) throws IOException {
    try (InputStream in = source.open()) {
      Descriptor sent = new ChunkedUpload(repository, this).upload(blob.mediaType(), in);
      if (!sent.digest().equals(blob.digest())) {
        throw new ContentException("what was to be sent as " + blob.digest() + " is " + sent);
      }
    }
  }

  private Response renewed(Response refused, Descriptor blob, BlobSource source, Progress progress)
      throws IOException {
    refused.discard();
    Call again = put(begin(), blob.digest()).with(content(blob, source, progress));
    return repository.send(again.withoutRetry());
  }

  private static Call.Content content(Descriptor blob, BlobSource source, Progress progress) {
    return new Call.Content(source, blob.size(), progress::progressed);
  }

  /** Whether an answer says so; false if the next try may. */
  private boolean isStored(Response response, Descriptor blob, Tries tries, Progress progress)
      throws IOException {
    if (response.status() == 201 || response.status() == 204) {
      response.discard();
      requireDigest(response, blob.digest());
      return true;
    }
    progress.retried("status " + response.status());
    if (tries.another(response)) {
      return false;
    }
    throw repository.failure(response);
  }

  private void requireDigest(Response response, Digest digest) {
    String said = response.header(DIGEST_HEADER).orElse("");
    if (!said.isEmpty() && !said.equals(digest.toString())) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: the registry stored blob %s under another digest",
              repository.where(),
              digest));
    }
  }

  /** Opens an upload. */
  URI begin() throws IOException {
    return RegistryHost.location(opened());
  }

  /** The answer that opens an upload, which has no body to read. */
  Response opened() throws IOException {
    Call call = Call.of("POST", repository.path("blobs", "uploads/"), scopes);
    Response response = repository.expect(call, 202);
    response.discard();
    return response;
  }

  /** Closes an upload with all or the last of its bytes. */
  Call put(URI session, Digest digest) {
    String separator = session.getRawQuery() == null ? "?" : "&";
    URI uri = URI.create(session + separator + "digest=" + digest);
    return repository.call("PUT", uri, scopes).with("Content-Type", OCTETS);
  }

  Scopes scopes() {
    return scopes;
  }

  /** Lets the registry forget an upload; if it does not, it will by itself. */
  void abandon(@Nullable URI session) {
    if (session == null) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    try {
      repository.send(repository.call("DELETE", session, scopes).withoutRetry()).discard();
    } catch (IOException | RuntimeException e) {
      System.getLogger(Uploads.class.getName())
          .log(System.Logger.Level.DEBUG, "an upload was left behind", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
