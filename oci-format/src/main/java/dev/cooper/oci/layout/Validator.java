package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Json;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks images strictly, from the index to the last byte of each layer, and tells all that is
 * wrong.
 *
 * <p>Stricter than reading: what every tool tolerates, but the OCI image-spec or Docker's "Image
 * Manifest Version 2, Schema 2" forbids, is told too. A document that can't be understood is one
 * violation, and nothing below it is looked at. Memory grows with the number of a layer's entries,
 * not with its size.
 */
public final class Validator {
  private static final String CREATED = "org.opencontainers.image.created";

  private static final Pattern REF_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@+/-]*");

  private final ContentReader reader;
  private final Violations violations = new Violations();
  private final Set<Digest> visited = new HashSet<>();
  private final Set<Digest> verified = new HashSet<>();

  private Validator(ContentReader reader) {
    this.reader = reader;
  }

  /**
   * Checks all that a layout or an archive holds.
   *
   * @param path a directory or a file
   * @return the violations in the order of a walk from the index down; none for a valid one
   * @throws IOException if it can't be read
   */
  public static List<Violation> validate(Path path) throws IOException {
    ContentReader opened;
    try {
      opened = Layouts.open(path);
    } catch (ContentException e) {
      return List.of(new Violation(path.toString(), e.getMessage(), "images"));
    }
    try (ContentReader reader = opened) {
      return validate(reader);
    }
  }

  /**
   * Checks all that a reader's index leads to.
   *
   * @param reader the source; not closed
   * @return the violations in the order of a walk from the index down; none for a valid one
   * @throws IOException if it can't be read
   */
  public static List<Violation> validate(ContentReader reader) throws IOException {
    Validator validator = new Validator(reader);
    if (reader instanceof BlobReader place) {
      boolean array = Json.parse(place.indexBytes(), "index").rest().get("manifests") != null;
      validator.violations.check(array, "index.json.manifests", "null", "an array");
    }
    validator.index("index.json", reader.index(), 0);
    return validator.violations.toList();
  }

  private void index(String where, Index index, int depth) throws IOException {
    violations.check(
        depth <= Layouts.MAX_DEPTH, where, depth + " indexes around it", "a few at most");
    Set<String> names = new HashSet<>();
    List<Descriptor> manifests = index.manifests();
    for (int i = 0; i < manifests.size() && depth <= Layouts.MAX_DEPTH; i++) {
      Descriptor each = manifests.get(i);
      String at = where + ".manifests[" + i + "]";
      String name = each.annotations().get(ImageNames.REF_NAME);
      violations.check(
          name == null || names.add(name), at, "the name " + name + " again", "each name once");
      violations.check(
          name == null || REF_NAME.matcher(name).matches(),
          at,
          "the name \"" + name + "\"",
          "letters and digits, separated by . _ - : @ + /");
      manifestOrIndex(at, each, depth);
    }
  }

  private void manifestOrIndex(String where, Descriptor descriptor, int depth) throws IOException {
    if (!visited.add(descriptor.digest())) {
      return;
    }
    MediaType type = descriptor.mediaType();
    Platform platform = descriptor.platform();
    if (platform != null) {
      platform(where + ".platform", platform);
    }
    if (type.isIndex()) {
      Index index = document(where, descriptor, bytes -> Index.parse(bytes, type));
      if (index != null) {
        index(where, index, depth + 1);
      }
    } else if (type.isManifest()) {
      Manifest manifest = document(where, descriptor, bytes -> Manifest.parse(bytes, type));
      if (manifest != null) {
        manifest(where, manifest, platform);
      }
    } else {
      blob(where, descriptor);
    }
  }

  /** Reads and parses, or tells why that can't be done and gives null. */
  private <T> @Nullable T document(String where, Descriptor descriptor, Function<byte[], T> parser)
      throws IOException {
    try {
      return parser.apply(reader.read(descriptor));
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "a valid " + descriptor.mediaType());
      return null;
    }
  }

  /** Content that is only looked at for its size and digest. */
  private void blob(String where, Descriptor descriptor) throws IOException {
    if (!verified.add(descriptor.digest())) {
      return;
    }
    try (InputStream in = reader.open(descriptor)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (ContentException e) {
      violations.add(where, e.getMessage(), "content as described");
    }
  }

  private void manifest(String where, Manifest manifest, @Nullable Platform platform)
      throws IOException {
    created(where + ".annotations", manifest.annotations().get(CREATED));
    MediaType type = manifest.config().mediaType();
    if (!type.isConfig()) {
      artifact(where, manifest);
      return;
    }
    boolean docker = manifest.mediaType().equals(MediaType.DOCKER_MANIFEST);
    violations.check(
        docker == type.equals(MediaType.DOCKER_CONFIG),
        where + ".config.mediaType",
        type.value(),
        "one of the manifest's own family");
    ImageConfig config = document(where + ".config", manifest.config(), ImageConfig::parse);
    if (config != null) {
      ConfigValidator.check(where + ".config", config, manifest, platform, violations);
      platform(where + ".config", config.platform());
    }
    LayerValidator layers = new LayerValidator(reader, violations);
    for (int i = 0; i < manifest.layers().size(); i++) {
      Digest diffId =
          config != null && i < config.diffIds().size() ? config.diffIds().get(i) : null;
      String at = where + ".layers[" + i + "]";
      if (layer(at, manifest.layers().get(i), docker)) {
        layers.check(at, manifest.layers().get(i), diffId);
      } else {
        layers.skip();
      }
    }
  }

  private void artifact(String where, Manifest manifest) throws IOException {
    boolean empty = manifest.config().mediaType().equals(MediaType.OCI_EMPTY);
    violations.check(
        !empty || manifest.artifactType() != null,
        where + ".artifactType",
        "none",
        "one, as the config is empty");
    blob(where + ".config", manifest.config());
    for (int i = 0; i < manifest.layers().size(); i++) {
      blob(where + ".layers[" + i + "]", manifest.layers().get(i));
    }
  }

  /** Checks a layer's description; whether its content has to be looked into. */
  private boolean layer(String where, Descriptor layer, boolean docker) throws IOException {
    MediaType type = layer.mediaType();
    boolean family = type.value().startsWith("application/vnd.docker.") == docker;
    violations.check(
        type.isLayer() && family,
        where + ".mediaType",
        type.value(),
        "a layer's of the manifest's own family");
    boolean elsewhere = type.isForeign() && !reader.contains(layer.digest());
    if (elsewhere) {
      violations.check(!layer.urls().isEmpty(), where, "no urls and no blob", "one of them");
    } else if (!type.isLayer()) {
      blob(where, layer);
    }
    return type.isLayer() && !elsewhere;
  }

  private void platform(String where, Platform platform) {
    violations.check(!platform.os().isEmpty(), where + ".os", "none", "such as linux");
    violations.check(
        !platform.architecture().isEmpty(), where + ".architecture", "none", "such as amd64");
  }

  private void created(String where, @Nullable String time) {
    try {
      if (time != null) {
        OffsetDateTime.parse(time);
      }
    } catch (DateTimeException e) {
      violations.add(where + "." + CREATED, "\"" + time + "\"", "a time by RFC 3339");
    }
  }
}
