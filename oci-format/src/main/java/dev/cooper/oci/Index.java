package dev.cooper.oci;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Several manifests or indexes: an image for several platforms, or the images of a layout.
 *
 * <p>Sources: OCI image-spec, "OCI Image Index Specification"; Docker's "Image Manifest Version 2,
 * Schema 2: Manifest List". Immutable. Its digest is of the bytes that were read.
 *
 * @param mediaType OCI's or Docker's
 * @param manifests in their order
 * @param annotations what is said about it, by name
 * @param subject the manifest that this one is about, or null
 * @param artifactType what kind of artifact it is, or null
 * @param extra fields that this library does not know, as plain Java values
 */
public record Index(
    MediaType mediaType,
    List<Descriptor> manifests,
    SortedMap<String, String> annotations,
    @Nullable Descriptor subject,
    @Nullable MediaType artifactType,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of(
          "schemaVersion",
          "mediaType",
          "manifests",
          "annotations",
          "subject",
          "artifactType",
          "config",
          "layers");

  /**
   * Checks the type and copies the collections.
   *
   * @param mediaType OCI's or Docker's
   * @param manifests in their order
   * @param annotations what is said about it, by name
   * @param subject the manifest that this one is about, or null
   * @param artifactType what kind of artifact it is, or null
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if the type is no index's, or an extra field is one of the
   *     others or no JSON value
   */
  public Index {
    if (!mediaType.isIndex()) {
      throw new IllegalArgumentException("media type " + mediaType + " is no index's");
    }
    manifests = List.copyOf(manifests);
    annotations = Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
    extra = Json.freezeExtra(extra, KEYS);
  }

  /**
   * An OCI index.
   *
   * @param manifests in their order
   * @return the index
   */
  public static Index of(List<Descriptor> manifests) {
    return new Index(MediaType.OCI_INDEX, manifests, new TreeMap<>(), null, null, Map.of());
  }

  /**
   * Reads an index of either type.
   *
   * @param bytes JSON in UTF-8
   * @return the index
   * @throws ContentException naming field, found and expected, if it is none
   */
  public static Index parse(byte[] bytes) {
    return parse(bytes, null);
  }

  /**
   * Reads an index that a descriptor or a response said the type of.
   *
   * @param bytes JSON in UTF-8
   * @param expected the type that the body has to have, or null for either
   * @return the index
   * @throws ContentException naming field, found and expected, if it is none, or of another type
   */
  public static Index parse(byte[] bytes, @Nullable MediaType expected) {
    JsonObject json = Json.parse(bytes, "index");
    json.refuse("layers", "a document is either a manifest or an index");
    json.refuse("config", "a document is either a manifest or an index");
    json.refuseLookalikes(KEYS);
    Document.requireSchemaVersion(json);
    MediaType mediaType =
        Document.mediaType(json, expected, MediaType.OCI_INDEX, MediaType.DOCKER_MANIFEST_LIST);
    if (!json.has("manifests")) {
      throw json.wrong("manifests", "none", "an array of objects");
    }
    // Null is tolerated here alone: umoci writes it for a layout without images.
    List<Descriptor> manifests = json.objects("manifests").stream().map(Descriptor::from).toList();
    JsonObject subject = json.optionalObject("subject");
    return new Index(
        mediaType,
        manifests,
        json.stringMap("annotations"),
        subject == null ? null : Descriptor.from(subject),
        Document.artifactType(json),
        json.rest());
  }

  /**
   * The canonical bytes: keys in the specification's order, no white space.
   *
   * @return JSON in UTF-8, the same for equal indexes
   */
  public byte[] toBytes() {
    JsonFields fields =
        new JsonFields()
            .put("schemaVersion", 2L)
            .put("mediaType", mediaType.value())
            .add("artifactType", artifactType == null ? null : artifactType.value())
            .put("manifests", manifests.stream().map(Descriptor::toTree).toList())
            .add("subject", subject == null ? null : subject.toTree())
            .add("annotations", annotations);
    return Json.write(fields.with(extra));
  }

  /**
   * A copy with other manifests.
   *
   * @param manifests all of them
   * @return the copy
   */
  public Index withManifests(List<Descriptor> manifests) {
    return new Index(mediaType, manifests, annotations, subject, artifactType, extra);
  }

  /**
   * A copy with one manifest more, at the end.
   *
   * @param manifest the one to add
   * @return the copy
   */
  public Index withManifest(Descriptor manifest) {
    List<Descriptor> more = new ArrayList<>(manifests);
    more.add(manifest);
    return withManifests(more);
  }

  /**
   * A copy with other annotations.
   *
   * @param annotations all of them
   * @return the copy
   */
  public Index withAnnotations(Map<String, String> annotations) {
    return new Index(
        mediaType, manifests, new TreeMap<>(annotations), subject, artifactType, extra);
  }
}
