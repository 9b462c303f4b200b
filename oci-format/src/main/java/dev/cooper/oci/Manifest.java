package dev.cooper.oci;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One image for one platform, or an artifact: its config and its layers.
 *
 * <p>Sources: OCI image-spec, "OCI Image Manifest Specification"; Docker's "Image Manifest Version
 * 2, Schema 2". Immutable. A manifest that was read keeps its meaning, not its bytes: its digest is
 * of the bytes that were read, and is the caller's to keep.
 *
 * @param mediaType OCI's or Docker's
 * @param config the image's configuration
 * @param layers the base layer first
 * @param annotations what is said about it, by name
 * @param subject the manifest that this one is about, or null
 * @param artifactType what kind of artifact it is, or null
 * @param extra fields that this library does not know, as plain Java values
 */
public record Manifest(
    MediaType mediaType,
    Descriptor config,
    List<Descriptor> layers,
    SortedMap<String, String> annotations,
    @Nullable Descriptor subject,
    @Nullable MediaType artifactType,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of(
          "schemaVersion",
          "mediaType",
          "config",
          "layers",
          "annotations",
          "subject",
          "artifactType",
          "manifests");

  /**
   * Checks the type and copies the collections.
   *
   * @param mediaType OCI's or Docker's
   * @param config the image's configuration
   * @param layers the base layer first
   * @param annotations what is said about it, by name
   * @param subject the manifest that this one is about, or null
   * @param artifactType what kind of artifact it is, or null
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if the type is no manifest's, or an extra field is one of the
   *     others or no JSON value
   */
  public Manifest {
    if (!mediaType.isManifest()) {
      throw new IllegalArgumentException("media type " + mediaType + " is no manifest's");
    }
    layers = List.copyOf(layers);
    annotations = Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
    extra = Json.freezeExtra(extra, KEYS);
  }

  /**
   * A manifest with nothing more than what it has to have.
   *
   * @param mediaType OCI's or Docker's
   * @param config the image's configuration
   * @param layers the base layer first
   * @return the manifest
   * @throws IllegalArgumentException if the type is no manifest's
   */
  public static Manifest of(MediaType mediaType, Descriptor config, List<Descriptor> layers) {
    return new Manifest(mediaType, config, layers, new TreeMap<>(), null, null, Map.of());
  }

  /**
   * Reads a manifest of either type.
   *
   * @param bytes JSON in UTF-8
   * @return the manifest
   * @throws ContentException naming field, found and expected, if it is none
   */
  public static Manifest parse(byte[] bytes) {
    return parse(bytes, null);
  }

  /**
   * Reads a manifest that a descriptor or a response said the type of.
   *
   * @param bytes JSON in UTF-8
   * @param expected the type that the body has to have, or null for either
   * @return the manifest
   * @throws ContentException naming field, found and expected, if it is none, or of another type
   */
  public static Manifest parse(byte[] bytes, @Nullable MediaType expected) {
    JsonObject json = Json.parse(bytes, "manifest");
    json.refuse("manifests", "a document is either a manifest or an index");
    json.refuse("fsLayers", "Docker's schema 1 is not supported");
    json.refuseLookalikes(KEYS);
    Document.requireSchemaVersion(json);
    MediaType mediaType =
        Document.mediaType(json, expected, MediaType.OCI_MANIFEST, MediaType.DOCKER_MANIFEST);
    Descriptor config = Descriptor.from(json.object("config"));
    List<Descriptor> layers =
        json.requiredObjects("layers").stream().map(Descriptor::from).toList();
    JsonObject subject = json.optionalObject("subject");
    return new Manifest(
        mediaType,
        config,
        layers,
        json.stringMap("annotations"),
        subject == null ? null : Descriptor.from(subject),
        Document.artifactType(json),
        json.rest());
  }

  /**
   * The canonical bytes: keys in the specification's order, no white space.
   *
   * @return JSON in UTF-8, the same for equal manifests
   */
  public byte[] toBytes() {
    JsonFields fields =
        new JsonFields()
            .put("schemaVersion", 2L)
            .put("mediaType", mediaType.value())
            .add("artifactType", artifactType == null ? null : artifactType.value())
            .put("config", config.toTree())
            .put("layers", layers.stream().map(Descriptor::toTree).toList())
            .add("subject", subject == null ? null : subject.toTree())
            .add("annotations", annotations);
    return Json.write(fields.with(extra));
  }

  /**
   * A copy with another config.
   *
   * @param config the new one
   * @return the copy
   */
  public Manifest withConfig(Descriptor config) {
    return new Manifest(mediaType, config, layers, annotations, subject, artifactType, extra);
  }

  /**
   * A copy with other layers.
   *
   * @param layers all of them, the base layer first
   * @return the copy
   */
  public Manifest withLayers(List<Descriptor> layers) {
    return new Manifest(mediaType, config, layers, annotations, subject, artifactType, extra);
  }

  /**
   * A copy with other annotations.
   *
   * @param annotations all of them
   * @return the copy
   */
  public Manifest withAnnotations(Map<String, String> annotations) {
    return new Manifest(
        mediaType, config, layers, new TreeMap<>(annotations), subject, artifactType, extra);
  }
}
