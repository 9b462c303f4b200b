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
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
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

  private static final List<String> UNSPECIFIC =
      List.of("application/json", "application/octet-stream", "text/plain");

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
      Digest said = said(response);
      byte[] bytes = response.bytes(repository.host().settings().limits());
      Digest digest = pinned == null ? Digest.sha256(bytes) : pinned;
      if (!digest.matches(bytes)) {
        throw new ContentException(
            "found content of the digest " + Digest.sha256(bytes) + ", expected " + digest);
      }
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

  private static @Nullable Digest said(Response response) {
    return response.header(DIGEST_HEADER).map(Digest::parse).orElse(null);
  }

  /**
   * Header and body have to agree, or two readers would see two different images (CVE-2021-41190).
   */
  private static MediaType type(Response response, byte[] bytes, @Nullable MediaType expected) {
    String header = response.header("Content-Type").orElse("");
    MediaType type = header.isEmpty() ? null : MediaType.ofHeader(header);
    if (type == null || UNSPECIFIC.contains(type.value())) {
      JsonObject json = Json.parse(bytes, "manifest");
      type = expected == null ? new MediaType(json.string("mediaType")) : expected;
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

  /**
   * Asks what a manifest is without reading it; where a registry does not tell all of it, it is
   * read.
   *
   * @return empty if there is none
   */
  Optional<Descriptor> find(String wanted, @Nullable Digest pinned) throws IOException {
    Descriptor descriptor = null;
    try (Response response = repository.send(call("HEAD", wanted))) {
      if (response.status() == 404) {
        return Optional.empty();
      }
      boolean unsupported = response.status() == 405 || response.status() == 501;
      if (response.status() != 200 && !unsupported) {
        throw repository.failure(response);
      }
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

  private static @Nullable Descriptor described(Response response, @Nullable Digest pinned) {
    Digest said = said(response);
    OptionalLong length = response.length();
    String type = response.header("Content-Type").orElse("");
    if (pinned != null && said != null && !said.equals(pinned)) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "HEAD %s: found the digest %s, expected %s",
              Redaction.url(response.uri()),
              said,
              pinned));
    }
    if (said == null || length.isEmpty() || type.isEmpty()) {
      return null;
    }
    MediaType mediaType = MediaType.ofHeader(type);
    return mediaType.isManifest() || mediaType.isIndex()
        ? Descriptor.of(mediaType, said, length.getAsLong())
        : null;
  }
}
