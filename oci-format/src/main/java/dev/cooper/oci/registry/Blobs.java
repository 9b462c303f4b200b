package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.VerifyingInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads blobs of one repository. */
final class Blobs {
  private final Repository repository;

  Blobs(Repository repository) {
    this.repository = repository;
  }

  /** Whether the registry has it in this repository. */
  boolean contains(Digest digest, Scopes scopes) throws IOException {
    try (Response response =
        repository.expect(repository.call("HEAD", repository.blob(digest), scopes), 200, 404)) {
      return response.status() == 200;
    }
  }

  /**
   * The same before or after an upload: false as well where the registry refuses to say or cannot,
   * as some do to HEAD alone while they take uploads. What is sent needlessly does no harm.
   */
  boolean isKnown(Digest digest, Scopes scopes) throws IOException {
    Call call = repository.call("HEAD", repository.blob(digest), scopes);
    RegistryHost host = repository.host();
    try (Response response = host.send(call, repository.name(), host.few())) {
      return response.status() == 200;
    }
  }

  /**
   * Opens a blob.
   *
   * @return its bytes, checked before the last is given
   * @throws RegistryException if the registry does not give it
   */
  InputStream open(Descriptor blob) throws IOException {
    try {
      Call call =
          repository.call("GET", repository.blob(blob.digest()), Scopes.pull(repository.name()));
      return open(blob, new Source(call, repository.name(), repository::send));
    } catch (RegistryException e) {
      if (!e.isNotFound() || !blob.mediaType().isForeign() || blob.urls().isEmpty()) {
        throw e;
      }
      return foreign(blob, e);
    }
  }

  /** Sends a call. */
  private interface Sender {
    Response send(Call call) throws IOException;
  }

  /** Where a blob comes from, and whose credentials count there. */
  private final class Source implements BlobStream.Opener {
    private final Call call;
    private final String as;
    private final Sender sender;

    Source(Call call, String as, Sender sender) {
      this.call = call;
      this.as = as;
      this.sender = sender;
    }

    @Override
    public Response open(@Nullable String range) throws IOException {
      Response response = sender.send(range == null ? call : call.with("Range", range));
      boolean right =
          response.status() == 200
              || (range != null && (response.status() == 206 || response.status() == 416));
      if (!right) {
        throw repository.host().failure(response, as);
      }
      return response;
    }

    @Override
    public RegistryException failure(IOException last, Tries tries) {
      return repository.host().unreachable(call, as, last, tries);
    }
  }

  private InputStream open(Descriptor blob, BlobStream.Opener opener) throws IOException {
    RegistryHost host = repository.host();
    TransferLimits.Permit permit = host.transfers().download();
    Progress progress;
    try {
      progress =
          new Progress(
              host.settings().listener(),
              new Transfer(Transfer.Direction.DOWNLOAD, host.registry(), repository.name(), blob));
    } catch (RuntimeException | Error e) {
      permit.release(); // a listener may throw
      throw e;
    }
    String where = repository.where();
    return new VerifyingInputStream(
        new BlobStream(opener, blob, host.tries(), progress, permit, where), blob, where);
  }

  private InputStream foreign(Descriptor blob, RegistryException missing) throws IOException {
    if (!repository.host().settings().foreignLayers()) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "foreign layer %s is not in %s, and its %d URLs are not followed unless asked",
              blob.digest(),
              repository.where(),
              blob.urls().size()),
          missing);
    }
    RuntimeException last = missing;
    for (String url : blob.urls()) {
      try {
        Call call = Call.to("GET", URI.create(url), Scopes.NONE);
        return open(blob, new Source(call, "", repository.host()::sendForeign));
      } catch (IllegalArgumentException | OperationException | ContentException e) {
        e.addSuppressed(last);
        last = e;
      }
    }
    throw last;
  }
}
