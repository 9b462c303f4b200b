package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Opens, closes and abandons uploads to one repository, and mounts what needs none.
 *
 * <p>Source: OCI distribution-spec, "Pushing Blobs" and "Mounting a blob from another repository".
 */
final class Uploads {
  private static final System.Logger LOG = System.getLogger(Uploads.class.getName());
  private static final String OCTETS = "application/octet-stream";

  /** So long may the end of an upload that failed or was interrupted take. */
  private static final Duration COURTESY = Duration.ofSeconds(2);

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

  /**
   * Null if the registry, or its token service, would have none of it: what can't be mounted can
   * still be sent.
   */
  private @Nullable Mount mount(Digest digest, String other) throws IOException {
    try {
      return asked(digest, other);
    } catch (CooperException e) {
      LOG.log(System.Logger.Level.DEBUG, "a blob was not mounted", e);
      return null;
    }
  }

  private @Nullable Mount asked(Digest digest, String other) throws IOException {
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
    return repository.call("PUT", uri, scopes).with("Content-Type", OCTETS).thatStores();
  }

  /**
   * That the registry stored what was sent; a header that is no digest of this kind says nothing.
   */
  void requireDigest(Response stored, Digest digest) {
    Digest said = Manifests.said(stored);
    boolean other =
        said != null && said.algorithm().equals(digest.algorithm()) && !said.equals(digest);
    if (other) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: the registry stored blob %s under another digest",
              repository.where(),
              digest));
    }
  }

  Scopes scopes() {
    return scopes;
  }

  /**
   * Lets the registry forget an upload, by one request that is waited for {@link #COURTESY} at
   * most, its token included; a registry that does not answer forgets the upload by itself. The
   * thread stays interrupted if it was, and an interrupt meanwhile ends the wait.
   */
  void abandon(@Nullable URI session) {
    if (session == null) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    FutureTask<Boolean> courtesy = new FutureTask<>(() -> forget(session));
    try {
      repository.host().threads().execute(courtesy);
      courtesy.get(COURTESY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (ExecutionException | TimeoutException | RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "an upload was left behind", e);
    } finally {
      courtesy.cancel(true); // the interrupt ends the exchange
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean forget(URI session) throws IOException {
    repository.send(repository.call("DELETE", session, scopes).withoutRetry()).discard();
    return true;
  }
}
