package dev.cooper.oci;

import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Points to content: what kind it is, its digest and its size, and what is said about it.
 *
 * <p>Source: OCI image-spec, "OCI Content Descriptors". Immutable.
 *
 * @param mediaType what kind of content
 * @param digest of the content's bytes
 * @param size of the content, in bytes, never negative
 * @param annotations what is said about it, by name
 * @param platform what an image in an index runs on, or null
 * @param urls where a foreign layer can be fetched; mostly empty
 * @param data the content itself, embedded, or null; its size and digest have been checked
 * @param artifactType what kind of artifact a manifest is, or null
 * @param extra fields that this library does not know, as plain Java values
 */
public record Descriptor(
    MediaType mediaType,
    Digest digest,
    long size,
    SortedMap<String, String> annotations,
    @Nullable Platform platform,
    List<String> urls,
    @Nullable ByteString data,
    @Nullable MediaType artifactType,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of(
          "mediaType", "digest", "size", "annotations", "platform", "urls", "data", "artifactType");

  /**
   * Checks the size and the embedded content, and copies the collections.
   *
   * @param mediaType what kind of content
   * @param digest of the content's bytes
   * @param size of the content, in bytes, never negative
   * @param annotations what is said about it, by name
   * @param platform what an image in an index runs on, or null
   * @param urls where a foreign layer can be fetched; mostly empty
   * @param data the content itself, embedded, or null
   * @param artifactType what kind of artifact a manifest is, or null
   * @param extra fields that this library does not know, as plain Java values
   * @throws ContentException if the size is negative, or the data has another size or digest
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value
   */
  public Descriptor {
    annotations = Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
    urls = List.copyOf(urls);
    extra = Json.freezeExtra(extra, KEYS);
    if (size < 0) {
      throw new ContentException("size of " + digest + ": found " + size + ", expected 0 or more");
    }
    if (data != null && data.length() != size) {
      throw new ContentException(
          "embedded data of " + digest + ": found " + data.length() + " bytes, expected " + size);
    }
    if (data != null && !digest.matches(data.toBytes())) {
      throw new ContentException(
          "embedded data of " + digest + ": found content that has another digest");
    }
  }

  /**
   * A descriptor with nothing more than what it has to have.
   *
   * @param mediaType what kind of content
   * @param digest of the content's bytes
   * @param size of the content, in bytes
   * @return the descriptor
   * @throws ContentException if the size is negative
   */
  public static Descriptor of(MediaType mediaType, Digest digest, long size) {
    return new Descriptor(
        mediaType, digest, size, new TreeMap<>(), null, List.of(), null, null, Map.of());
  }

  /**
   * The descriptor of some bytes, by their SHA-256.
   *
   * @param mediaType what kind of content
   * @param content the bytes
   * @return the descriptor
   */
  public static Descriptor of(MediaType mediaType, byte[] content) {
    return of(mediaType, Digest.sha256(content), content.length);
  }

  /**
   * A copy of another type.
   *
   * @param mediaType the new type
   * @return the copy
   */
  public Descriptor withMediaType(MediaType mediaType) {
    return new Descriptor(
        mediaType, digest, size, annotations, platform, urls, data, artifactType, extra);
  }

  /**
   * A copy with one annotation more, or another value of one.
   *
   * @param name its name
   * @param value its value
   * @return the copy
   */
  public Descriptor withAnnotation(String name, String value) {
    SortedMap<String, String> more = new TreeMap<>(annotations);
    more.put(name, value);
    return withAnnotations(more);
  }

  /**
   * A copy with other annotations.
   *
   * @param annotations all of them
   * @return the copy
   */
  public Descriptor withAnnotations(Map<String, String> annotations) {
    return new Descriptor(
        mediaType,
        digest,
        size,
        new TreeMap<>(annotations),
        platform,
        urls,
        data,
        artifactType,
        extra);
  }

  /**
   * A copy for another platform.
   *
   * @param platform the new one, or null for none
   * @return the copy
   */
  public Descriptor withPlatform(@Nullable Platform platform) {
    return new Descriptor(
        mediaType, digest, size, annotations, platform, urls, data, artifactType, extra);
  }

  static Descriptor from(JsonObject json) {
    json.refuseLookalikes(KEYS);
    MediaType mediaType =
        json.required("mediaType", json.parsed("mediaType", MediaType::new), "a media type");
    Digest digest = json.required("digest", json.parsed("digest", Digest::parse), "a digest");
    long size = json.size("size");
    JsonObject platform = json.optionalObject("platform");
    SortedMap<String, String> annotations = json.stringMap("annotations");
    List<String> urls = json.strings("urls");
    ByteString data = json.base64("data");
    String artifactType = json.stringOr("artifactType", "");
    try {
      return new Descriptor(
          mediaType,
          digest,
          size,
          annotations,
          platform == null ? null : Platform.from(platform),
          urls,
          data,
          artifactType.isEmpty() ? null : new MediaType(artifactType),
          json.rest());
    } catch (ContentException e) {
      throw new ContentException(json.where() + ": " + e.getMessage(), e);
    }
  }

  Map<String, @Nullable Object> toTree() {
    JsonFields fields =
        new JsonFields()
            .put("mediaType", mediaType.value())
            .put("digest", digest.toString())
            .put("size", size)
            .add("urls", urls)
            .add("annotations", annotations);
    if (data != null) {
      fields.put("data", Base64.getEncoder().encodeToString(data.toBytes()));
    }
    if (platform != null) {
      JsonFields inner = new JsonFields();
      platform.write(inner);
      fields.put("platform", inner.with(platform.extra()));
    }
    fields.add("artifactType", artifactType == null ? null : artifactType.value());
    return fields.with(extra);
  }
}
