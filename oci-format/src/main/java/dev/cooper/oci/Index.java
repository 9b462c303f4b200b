package dev.cooper.oci;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
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

  /** What Docker's BuildKit marks attestations with. */
  private static final String REFERENCE_TYPE = "vnd.docker.reference.type";

  /** The distance of what names no platform: farther than any that fits. */
  private static final int ANY = Integer.MAX_VALUE - 1;

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
   * An empty OCI index or Docker manifest list, to add images to.
   *
   * @param mediaType OCI's or Docker's
   * @return the index
   * @throws IllegalArgumentException if the type is no index's
   */
  public static Index empty(MediaType mediaType) {
    return new Index(mediaType, List.of(), new TreeMap<>(), null, null, Map.of());
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
   * The manifest, or inner index, of the image for a platform.
   *
   * <p>Of those whose system and architecture are asked for, the one whose variant is next to what
   * is asked for: that itself, then those that it runs too ({@code arm}'s v8, v7, v6, v5; {@code
   * amd64}'s v4 to v1; {@code arm64}'s v8), then one that says none. A missing variant means the
   * usual one: arm/v7, arm64/v8, amd64/v1. For Windows, a version asked for means its build, and
   * best that revision. Among equals the first counts. Where nothing fits, the first image that
   * names no platform is taken. Attestations, whose platform is unknown, are no images.
   *
   * @param wanted what is asked for
   * @return its descriptor
   * @throws OperationException if there is none, listing what is there
   */
  public Descriptor select(Platform wanted) {
    return find(wanted)
        .orElseThrow(
            () -> {
              String there = images().stream().map(Index::label).distinct().collect(joining(", "));
              return new OperationException(
                  "found no image for "
                      + label(wanted)
                      + " in the index; it has "
                      + (there.isEmpty() ? "none" : there));
            });
  }

  /**
   * The manifest, or inner index, of the image for a platform, chosen as {@link #select} does.
   *
   * @param wanted what is asked for
   * @return its descriptor, if there is one
   */
  public Optional<Descriptor> find(Platform wanted) {
    Descriptor nearest = null;
    int shortest = Integer.MAX_VALUE;
    for (Descriptor each : images()) {
      Platform there = each.platform();
      int distance = there == null ? ANY : wanted.distance(there).orElse(Integer.MAX_VALUE);
      if (distance < shortest) {
        nearest = each;
        shortest = distance;
      }
    }
    return Optional.ofNullable(nearest);
  }

  /** The manifests and indexes that are no attestations of others. */
  private List<Descriptor> images() {
    return manifests.stream()
        .filter(each -> each.mediaType().isManifest() || each.mediaType().isIndex())
        .filter(each -> !each.annotations().containsKey(REFERENCE_TYPE))
        .filter(each -> each.platform() == null || !each.platform().isUnknown())
        .toList();
  }

  private static String label(Descriptor descriptor) {
    Platform platform = descriptor.platform();
    return platform == null ? "one without a platform" : label(platform);
  }

  private static String label(Platform platform) {
    String version = platform.osVersion();
    return platform + (version == null ? "" : " (" + version + ")");
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

  /**
   * A copy with one annotation more, or another value of one.
   *
   * @param name its name
   * @param value its value
   * @return the copy
   */
  public Index withAnnotation(String name, String value) {
    SortedMap<String, String> more = new TreeMap<>(annotations);
    more.put(name, value);
    return withAnnotations(more);
  }

  /**
   * A copy with an image for the platform that its config names; in the place of the entry with its
   * digest if there is one, else at the end. In buildah's words, {@code manifest add}.
   *
   * @param manifest the image's
   * @param config the image's
   * @return the copy
   * @throws ContentException if the config names no system or no architecture; then {@link
   *     #withManifest} adds it with a platform of the caller's choice
   * @throws OperationException if there is another image for the same platform, which has to be
   *     taken out before
   */
  public Index withImage(Descriptor manifest, ImageConfig config) {
    Platform platform = config.platform();
    if (platform.os().isEmpty() || platform.architecture().isEmpty()) {
      throw new ContentException(
          "image config of "
              + manifest.digest()
              + ": found the platform "
              + Text.quote(platform.toString())
              + ", expected a system and an architecture");
    }
    Descriptor entry = manifest.withPlatform(platform);
    requireOther(entry, platform);
    return contains(manifest.digest())
        ? withEntry(manifest.digest(), old -> entry)
        : withManifest(entry);
  }

  private void requireOther(Descriptor entry, Platform platform) {
    for (Descriptor each : images()) {
      Platform there = each.platform();
      if (there != null && there.isSame(platform) && !each.digest().equals(entry.digest())) {
        throw Platform.twice(platform);
      }
    }
  }

  /**
   * Whether there is an entry with a digest.
   *
   * @param digest the manifest's
   * @return true if there is one
   */
  public boolean contains(Digest digest) {
    return manifests.stream().anyMatch(each -> each.digest().equals(digest));
  }

  /**
   * A copy with something else said about one manifest, such as another platform or annotation. In
   * buildah's words, {@code manifest annotate}.
   *
   * @param digest the manifest's
   * @param change makes its new descriptor
   * @return the copy
   * @throws OperationException if there is no entry with this digest
   * @throws IllegalArgumentException if the new one has another digest
   */
  public Index withEntry(Digest digest, UnaryOperator<Descriptor> change) {
    requireEntry(digest);
    List<Descriptor> entries = new ArrayList<>(manifests);
    entries.replaceAll(
        each -> {
          Descriptor changed = each.digest().equals(digest) ? change.apply(each) : each;
          if (!changed.digest().equals(each.digest())) {
            throw new IllegalArgumentException("the entry of " + digest + " has another digest");
          }
          return changed;
        });
    return withManifests(entries);
  }

  /**
   * A copy without one manifest. In buildah's words, {@code manifest remove}.
   *
   * @param digest the manifest's
   * @return the copy
   * @throws OperationException if there is no entry with this digest
   */
  public Index without(Digest digest) {
    requireEntry(digest);
    return withManifests(manifests.stream().filter(each -> !each.digest().equals(digest)).toList());
  }

  private void requireEntry(Digest digest) {
    if (!contains(digest)) {
      throw new OperationException("found no " + digest + " in the index; it has " + digests());
    }
  }

  private List<Digest> digests() {
    return manifests.stream().map(Descriptor::digest).toList();
  }

  /**
   * A copy of the other type. The entries' own types stay.
   *
   * @param mediaType OCI's or Docker's
   * @return the copy
   * @throws OperationException if Docker's list is asked for, and this index says what that can't:
   *     annotations, a subject, an artifact's type, or manifests that are not Docker's
   * @throws IllegalArgumentException if the type is no index's
   */
  public Index withMediaType(MediaType mediaType) {
    if (mediaType.equals(MediaType.DOCKER_MANIFEST_LIST)) {
      boolean said =
          !annotations.isEmpty()
              || subject != null
              || artifactType != null
              || manifests.stream().anyMatch(each -> !each.annotations().isEmpty());
      if (said) {
        throw new OperationException(
            "a Docker manifest list has no annotations, subject or artifact type: take them out,"
                + " or keep an OCI index");
      }
      for (Descriptor each : manifests) {
        requireDockers(each);
      }
    }
    return new Index(mediaType, manifests, annotations, subject, artifactType, extra);
  }

  private static void requireDockers(Descriptor entry) {
    MediaType type = entry.mediaType();
    if (!type.equals(MediaType.DOCKER_MANIFEST) && !type.equals(MediaType.DOCKER_MANIFEST_LIST)) {
      throw new OperationException(
          "a Docker manifest list holds Docker's manifests alone, and "
              + entry.digest()
              + " is "
              + type
              + ": convert it, or keep an OCI index");
    }
  }
}
