package dev.cooper.oci.registry;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads manifests and indexes, and believes nothing of them that was not checked. */
final class Manifests {
  private static final String DIGEST_HEADER = "Docker-Content-Digest";

  private static final String ACCEPT =
      Stream.of(
              MediaType.OCI_MANIFEST,
              MediaType.OCI_INDEX,
              MediaType.DOCKER_MANIFEST,
              MediaType.DOCKER_MANIFEST_LIST)
          .map(MediaType::value)
          .collect(Collectors.joining(", "));

  /** Types that say nothing of what a body is. */
  private static final Set<String> UNSPECIFIC =
      Set.of(
          "application/json",
          "application/octet-stream",
          "binary/octet-stream",
          "application/x-www-form-urlencoded",
          "text/json",
          "text/plain");

  private final Repository repository;
  private final Scopes scopes;

  Manifests(Repository repository) {
    this(repository, Scopes.pull(repository.name()));
  }

  /** With a token that allows more, so that a push needs no second one. */
  Manifests(Repository repository, Scopes scopes) {
    this.repository = repository;
    this.scopes = scopes;
  }

  /** What a reference is asked for by: its digest if it has one, as a tag may have moved. */
  static String wanted(ImageReference reference) {
    Digest digest = reference.digest();
    return digest == null ? Objects.requireNonNull(reference.tag()) : digest.toString();
  }

  /**
   * Reads one.
   *
   * @param pinned the digest that it has to have, or null for a tag's
   * @param expected the type that it has to have, or null for any
   * @throws ContentException if it is not what was asked for
   */
  RemoteManifest fetch(String wanted, @Nullable Digest pinned, @Nullable MediaType expected)
      throws IOException {
    Call call = call("GET", wanted);
    ImageLimits limits = repository.host().settings().limits();
    try (Response response = repository.document(call, limits, 200)) {
      return checked(response, pinned, expected);
    }
  }

  private Call call(String method, String wanted) {
    return repository.call(method, "manifests", wanted, scopes).with("Accept", ACCEPT);
  }

  private RemoteManifest checked(
      Response response, @Nullable Digest pinned, @Nullable MediaType expected) throws IOException {
    String where = "manifest " + Redaction.url(response.uri());
    try {
      byte[] bytes = response.bytes(repository.host().settings().limits());
      Digest digest = pinned == null ? Digest.sha256(bytes) : pinned;
      if (!digest.matches(bytes)) {
        throw new ContentException(
            "found content of the digest " + Digest.sha256(bytes) + ", expected " + digest);
      }
      Digest said = pinned == null ? said(response) : null;
      if (said != null && !said.matches(bytes)) {
        throw new ContentException("found content that is not what its header says: " + said);
      }
      MediaType type = type(response, bytes, expected);
      if (type.isIndex()) {
        Index.parse(bytes, type);
      } else {
        Manifest.parse(bytes, type);
      }
      return new RemoteManifest(Descriptor.of(type, digest, bytes.length), ByteString.of(bytes));
    } catch (ContentException e) {
      throw new ContentException(where + ": " + e.getMessage(), e);
    }
  }

  /**
   * What the header says of an answer's content; null if it is none that can be compared.
   *
   * <p>Where a digest was asked for, the bytes decide and the header does not matter. By a tag, a
   * header that names another digest than the bytes' is refused: a client that resolves the tag by
   * HEAD, as containerd does, would get another image than one that reads it at once.
   */
  static @Nullable Digest said(Response response) {
    try {
      return response.header(DIGEST_HEADER).map(String::strip).map(Digest::parse).orElse(null);
    } catch (ContentException malformed) {
      return null;
    }
  }

  /**
   * Header and body have to agree, or two readers would see two different images (CVE-2021-41190).
   * A header that says nothing leaves it to the body's own type, and else to its shape.
   */
  private static MediaType type(Response response, byte[] bytes, @Nullable MediaType expected) {
    MediaType type = header(response);
    if (type == null || UNSPECIFIC.contains(type.value())) {
      type = expected == null ? shape(bytes) : expected;
    }
    if (!type.isManifest() && !type.isIndex()) {
      throw new ContentException(
          "found " + type + ", expected an OCI or Docker (schema 2) manifest or index");
    }
    if (expected != null && !expected.equals(type)) {
      throw new ContentException("found " + type + ", expected " + expected);
    }
    return type;
  }

  private static @Nullable MediaType header(Response response) {
    try {
      String header = response.header("Content-Type").orElse("");
      return header.isBlank() ? null : MediaType.ofHeader(header);
    } catch (ContentException malformed) {
      return null;
    }
  }

  /** OCI's, as only OCI lets the type out; what could be either is neither. */
  private static MediaType shape(byte[] bytes) {
    JsonObject json = Json.parse(bytes, "manifest");
    String said = json.stringOr("mediaType", "");
    if (!said.isEmpty()) {
      return new MediaType(said);
    }
    boolean index = json.has("manifests");
    boolean manifest = json.has("config") || json.has("layers");
    if (json.has("fsLayers")) {
      throw new ContentException("manifest: Docker's schema 1 is not supported");
    }
    if (index == manifest) {
      throw json.wrong(
          "mediaType",
          "none",
          "one, as the document has the fields of " + (index ? "both" : "none"));
    }
    return index ? MediaType.OCI_INDEX : MediaType.OCI_MANIFEST;
  }

  /**
   * Asks what a manifest is without reading it; where a registry does not tell all of it, it is
   * read.
   *
   * @return empty if there is none
   */
  Optional<Descriptor> find(String wanted, @Nullable Digest pinned) throws IOException {
    Descriptor descriptor = null;
    RegistryHost host = repository.host();
    Tries tries = repository.mirror() ? host.once() : host.few();
    try (Response response = host.send(call("HEAD", wanted), repository.name(), tries)) {
      if (response.status() == 404) {
        return Optional.empty();
      }
      // Whatever else a registry says to HEAD, it may yet say another thing to GET.
      if (response.status() == 200) {
        descriptor = described(response, pinned);
      }
    }
    if (descriptor != null) {
      return Optional.of(descriptor);
    }
    try {
      return Optional.of(fetch(wanted, pinned, null).descriptor());
    } catch (RegistryException e) {
      if (e.isNotFound()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** As the head tells it; null if it does not tell all, or not of what was asked for. */
  private static @Nullable Descriptor described(Response response, @Nullable Digest pinned) {
    Digest said = said(response);
    OptionalLong length = response.length();
    MediaType type = header(response);
    if (said == null || type == null || length.isEmpty()) {
      return null;
    }
    if (pinned != null && !pinned.equals(said)) {
      return null;
    }
    return type.isManifest() || type.isIndex()
        ? Descriptor.of(type, said, length.getAsLong())
        : null;
  }
}
