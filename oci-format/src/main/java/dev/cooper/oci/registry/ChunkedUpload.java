package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Sends a blob while it is made, piece by piece. Source: OCI distribution-spec, "Pushing a blob in
 * chunks". Not thread-safe; for one blob.
 */
final class ChunkedUpload {
  /** A piece, unless the registry wants longer ones. */
  private static final int PIECE = 8 << 20;

  /** No registry is worth so much memory. */
  private static final int MAX_PIECE = 64 << 20;

  private static final int NOT_FOUND = 404;

  private static final Pattern RANGE = Pattern.compile("(?:bytes=)?0-([0-9]{1,18})");

  private final Repository repository;
  private final Uploads uploads;
  private final LongConsumer progress;
  private final MessageDigest hasher = Digest.newSha256();
  private long position;
  private boolean outOfStep;

  /**
   * For one blob.
   *
   * @param progress told the bytes that the registry has
   */
  ChunkedUpload(Repository repository, Uploads uploads, LongConsumer progress) {
    this.repository = repository;
    this.uploads = uploads;
    this.progress = progress;
  }

  Descriptor upload(MediaType type, InputStream content) throws IOException {
    Response opened = uploads.opened();
    URI session = RegistryHost.location(opened);
    boolean whole = false;
    try {
      byte[] piece = new byte[pieceSize(opened)];
      while (true) {
        int n = read(content, piece);
        if (n == 0) {
          break;
        }
        hasher.update(piece, 0, n);
        session = send(session, piece, n);
        position += n;
        progress.accept(position);
        if (n < piece.length) {
          break;
        }
      }
      Digest digest = Digest.of("sha256", hasher.digest());
      finish(session, digest);
      whole = true;
      return Descriptor.of(type, digest, position);
    } finally {
      if (!whole) {
        uploads.abandon(session);
      }
    }
  }

  /** Closes the upload; where the answer was lost, the next try finds none, but the blob. */
  private void finish(URI session, Digest digest) throws IOException {
    try (Response response = repository.send(uploads.put(session, digest))) {
      int status = response.status();
      if (status == 201 || status == 204) {
        response.discard();
        uploads.requireDigest(response, digest);
      } else if (status != NOT_FOUND || !new Blobs(repository).isKnown(digest, uploads.scopes())) {
        throw repository.failure(response);
      }
    }
  }

  private static int read(InputStream content, byte[] piece) throws IOException {
    try {
      return TransferLimits.forUpload(() -> content.readNBytes(piece, 0, piece.length));
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new SourceException("cannot read what is uploaded: " + e.getMessage(), e);
    }
  }

  private int pieceSize(Response opened) {
    String least = opened.header("OCI-Chunk-Min-Length").orElse("0");
    long wanted = least.matches("[0-9]{1,18}") ? Long.parseLong(least) : 0;
    if (wanted > MAX_PIECE) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s wants uploads in pieces of %d bytes or more, expected at most %d",
              repository.where(),
              wanted,
              MAX_PIECE));
    }
    return (int) Math.max(PIECE, wanted);
  }

  /** Sends one piece, or what of it a broken try has not brought over; where the next one goes. */
  private URI send(URI session, byte[] piece, int length) throws IOException {
    Tries tries = repository.host().tries();
    outOfStep = false;
    URI at = session;
    int from = 0;
    while (from < length) {
      URI next = once(patch(at, piece, from, length), tries);
      if (next != null) {
        return next;
      }
      Response status = status(at);
      at = RegistryHost.location(status);
      long there = stored(status) - position;
      if (there < 0 || there > length) {
        throw new ContentException(
            repository.where() + ": the registry lost bytes of an upload, or found some");
      }
      from = (int) there;
    }
    return at;
  }

  /** Where the next piece goes, or null if this one may not be there as a whole. */
  private @Nullable URI once(Call call, Tries tries) throws IOException {
    try {
      Response response = repository.send(call);
      if (response.status() == 202 || response.status() == 201 || response.status() == 204) {
        response.discard();
        return RegistryHost.location(response);
      }
      if (response.status() == 416 && !outOfStep) {
        outOfStep = true; // once: the registry then says where it is
        response.discard();
      } else if (!tries.another(response)) {
        throw repository.failure(response);
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      if (!tries.another(e)) {
        throw repository.host().unreachable(call, repository.name(), e, tries);
      }
    }
    return null;
  }

  private Call patch(URI session, byte[] piece, int from, int length) {
    long first = position + from;
    int left = length - from;
    return repository
        .call("PATCH", session, uploads.scopes())
        .with("Content-Type", "application/octet-stream")
        .with("Content-Range", first + "-" + (first + left - 1))
        .with(new Call.Content(() -> new ByteArrayInputStream(piece, from, left), left, done -> {}))
        .withoutRetry();
  }

  private Response status(URI session) throws IOException {
    Response status =
        repository.expect(repository.call("GET", session, uploads.scopes()), 204, 200, 202);
    status.discard();
    return status;
  }

  /** How many bytes the registry has; {@code 0-0} is none or one, and none after a failed piece. */
  private long stored(Response status) {
    Matcher range = RANGE.matcher(status.header("Range").orElse(""));
    if (!range.matches()) {
      throw new ContentException(
          repository.where() + ": found no Range that tells how much of an upload is there");
    }
    long last = Long.parseLong(range.group(1));
    return last == 0 ? 0 : last + 1;
  }
}
