package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Sends a blob whose digest is known in one request, anew from its source after each fault. Source:
 * OCI distribution-spec, "POST then PUT". Not thread-safe; for one blob.
 */
final class WholeUpload {
  private static final int UNAUTHORIZED = 401;
  private static final int NOT_FOUND = 404;
  private static final int TOO_LARGE = 413;

  /** So many connections may break before it is tried in pieces. */
  private static final int BROKEN = 2;

  private final Repository repository;
  private final Uploads uploads;
  private final Descriptor blob;
  private final BlobSource source;
  private final Progress progress;
  private final Tries tries;
  private int broken;

  WholeUpload(
      Repository repository,
      Uploads uploads,
      Descriptor blob,
      BlobSource source,
      Progress progress) {
    this.repository = repository;
    this.uploads = uploads;
    this.blob = blob;
    this.source = source;
    this.progress = progress;
    this.tries = repository.host().tries();
  }

  /**
   * Sends it all.
   *
   * @param opened an upload to begin with, or null
   */
  void send(@Nullable URI opened) throws IOException {
    URI next = opened;
    boolean stored = false;
    while (!stored) {
      URI session = next == null ? uploads.begin() : next;
      next = null;
      boolean closed = false;
      try {
        closed = put(session);
      } finally {
        if (!closed) {
          uploads.abandon(session);
        }
      }
      stored = closed || inPieces() || isThere();
    }
  }

  /** Whether the registry took it. */
  private boolean put(URI session) throws IOException {
    Call call = call(session);
    try {
      Response response = repository.send(call);
      if (response.status() == UNAUTHORIZED || response.status() == NOT_FOUND) {
        // Its token or the session itself expired on the way: another session gets another.
        response.discard();
        response = repository.send(call(uploads.begin()));
      }
      return isStored(response);
    } catch (InterruptedIOException | SourceException e) {
      throw e;
    } catch (IOException e) {
      broken++;
      retry(call, e);
      return false;
    }
  }

  private Call call(URI session) {
    return uploads
        .put(session, blob.digest())
        .with(new Call.Content(source, blob.size(), progress::progressed))
        .withoutRetry();
  }

  private void retry(Call call, IOException fault) throws IOException {
    if (!tries.another(fault, () -> progress.retried(RegistryHost.reason(fault)))) {
      throw repository.host().unreachable(call, repository.name(), fault, tries);
    }
  }

  /** Whether an answer says so; false if the next try may. */
  private boolean isStored(Response response) throws IOException {
    if (response.status() == 201 || response.status() == 204) {
      response.discard();
      uploads.requireDigest(response, blob.digest());
      return true;
    }
    Runnable told = () -> progress.retried("status " + response.status());
    if (response.status() == TOO_LARGE && broken < BROKEN) {
      told.run();
      response.discard();
      broken = BROKEN;
      return false;
    }
    if (tries.another(response, told)) {
      return false;
    }
    throw repository.failure(response);
  }

  /**
   * Tries small requests where large ones do not get through: on a bad connection, or a proxy that
   * cuts them off, mostly without a word.
   */
  private boolean inPieces() throws IOException {
    if (broken != BROKEN) {
      return false;
    }
    broken++; // once
    try (InputStream in = TransferLimits.forUpload(source::open)) {
      Descriptor sent =
          new ChunkedUpload(repository, uploads, progress::progressed).upload(blob.mediaType(), in);
      if (!sent.digest().equals(blob.digest())) {
        throw new ContentException(
            "found content of the digest " + sent.digest() + ", expected " + blob.digest());
      }
      return true;
    } catch (RegistryException e) {
      progress.retried(e.getMessage());
      return false;
    }
  }

  /** Whether it was only the answer that was lost. */
  private boolean isThere() throws IOException {
    return new Blobs(repository).isKnown(blob.digest(), uploads.scopes());
  }
}
