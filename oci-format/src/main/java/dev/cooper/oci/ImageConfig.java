package dev.cooper.oci;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An image's configuration: what it runs on, how it is run, and what it was made of.
 *
 * <p>Sources: OCI image-spec, "OCI Image Configuration"; Docker's "Image Specification v1.3", whose
 * further fields are kept as extra ones. Immutable.
 *
 * @param created when the image was made, or null
 * @param author who made it; empty if not told
 * @param platform what it runs on
 * @param config how a container of it is run
 * @param diffIds each layer's digest before compression, the base layer first
 * @param history each step, the first one first
 * @param extra fields that this library does not know, as plain Java values; those of {@code
 *     rootfs} in a map of that name
 */
public record ImageConfig(
    @Nullable Instant created,
    String author,
    Platform platform,
    ContainerConfig config,
    List<Digest> diffIds,
    List<History> history,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of(
          "created",
          "author",
          "architecture",
          "os",
          "os.version",
          "os.features",
          "variant",
          "config",
          "history");

  private static final Set<String> ROOTFS_KEYS = Set.of("type", "diff_ids");

  /**
   * Copies the collections.
   *
   * @param created when the image was made, or null
   * @param author who made it; empty if not told
   * @param platform what it runs on
   * @param config how a container of it is run
   * @param diffIds each layer's digest before compression, the base layer first
   * @param history each step, the first one first
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value
   */
  public ImageConfig {
    diffIds = List.copyOf(diffIds);
    history = List.copyOf(history);
    extra = Json.freezeExtra(extra, KEYS);
    Json.freezeExtra(rootfsExtra(extra), ROOTFS_KEYS);
  }

  /**
   * The configuration of an image without layers, as one from {@code scratch} begins.
   *
   * @param platform what it runs on
   * @return the configuration
   */
  public static ImageConfig of(Platform platform) {
    return new ImageConfig(
        null, "", platform, ContainerConfig.EMPTY, List.of(), List.of(), Map.of());
  }

  /**
   * Reads OCI's or Docker's configuration.
   *
   * @param bytes JSON in UTF-8
   * @return the configuration
   * @throws ContentException naming field, found and expected, if it is none
   */
  public static ImageConfig parse(byte[] bytes) {
    JsonObject json = Json.parse(bytes, "image config");
    JsonObject config = json.optionalObject("config");
    JsonObject rootfs = json.object("rootfs");
    String type = rootfs.string("type");
    if (!type.equals("layers")) {
      throw rootfs.wrong("type", Text.quote(type), "\"layers\"");
    }
    Platform platform = Platform.within(json);
    List<Digest> diffIds = rootfs.strings("diff_ids", Digest::parse);
    List<History> history = json.objects("history").stream().map(History::from).toList();
    return new ImageConfig(
        json.parsed("created", Times::parse),
        json.stringOr("author", ""),
        platform,
        config == null ? ContainerConfig.EMPTY : ContainerConfig.from(config),
        diffIds,
        history,
        extra(json, rootfs));
  }

  private static Map<String, @Nullable Object> extra(JsonObject json, JsonObject rootfs) {
    Map<String, @Nullable Object> extra = json.rest();
    if (!rootfs.rest().isEmpty()) {
      extra.put("rootfs", rootfs.rest());
    }
    return extra;
  }

  private static Map<String, @Nullable Object> rootfsExtra(Map<String, ?> extra) {
    Object rootfs = extra.get("rootfs");
    if (rootfs == null) {
      return Map.of();
    } else if (rootfs instanceof Map<?, ?> map) {
      return Json.checkedMap(map);
    }
    throw new IllegalArgumentException("extra field \"rootfs\": found no map of rootfs's fields");
  }

  /**
   * The canonical bytes: keys in a fixed order, no white space.
   *
   * @return JSON in UTF-8, the same for equal configurations
   */
  public byte[] toBytes() {
    JsonFields fields = new JsonFields().add("created", Times.write(created)).add("author", author);
    platform.write(fields);
    JsonFields rootfs =
        new JsonFields()
            .put("diff_ids", diffIds.stream().map(Digest::toString).toList())
            .put("type", "layers");
    Map<String, @Nullable Object> rest = new TreeMap<>(extra);
    rest.remove("rootfs");
    fields
        .put("config", config.toTree())
        .put("rootfs", rootfs.with(rootfsExtra(extra)))
        .add("history", history.stream().map(History::toTree).toList());
    return Json.write(fields.with(rest));
  }

  /**
   * Checks that a manifest's layers are this configuration's: as many, each a layer by its type.
   *
   * <p>Whether a layer has its diffID only shows when it is decompressed.
   *
   * @param manifest the manifest that points to this configuration
   * @throws ContentException if they are not
   */
  public void requireLayers(Manifest manifest) {
    List<Descriptor> layers = manifest.layers();
    if (layers.size() != diffIds.size()) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "manifest.layers: found %d layers, expected %d as in the image config's diff_ids",
              layers.size(),
              diffIds.size()));
    }
    for (int i = 0; i < layers.size(); i++) {
      if (!layers.get(i).mediaType().isLayer()) {
        throw new ContentException(
            String.format(
                Locale.ROOT,
                "manifest.layers[%d].mediaType: found %s, expected a layer's",
                i,
                layers.get(i).mediaType()));
      }
    }
  }

  /**
   * A copy made at another time.
   *
   * @param created when, or null for none
   * @return the copy
   */
  public ImageConfig withCreated(@Nullable Instant created) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy by another author.
   *
   * @param author who; empty for nobody
   * @return the copy
   */
  public ImageConfig withAuthor(String author) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy for another platform.
   *
   * @param platform the new one
   * @return the copy
   */
  public ImageConfig withPlatform(Platform platform) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy that is run in another way.
   *
   * @param config the new one
   * @return the copy
   */
  public ImageConfig withConfig(ContainerConfig config) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy with other layers.
   *
   * @param diffIds all of them, the base layer first
   * @return the copy
   */
  public ImageConfig withDiffIds(List<Digest> diffIds) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy with one layer more, on top.
   *
   * @param diffId the layer's digest before compression
   * @return the copy
   */
  public ImageConfig withDiffId(Digest diffId) {
    List<Digest> more = new ArrayList<>(diffIds);
    more.add(diffId);
    return withDiffIds(more);
  }

  /**
   * A copy with another history.
   *
   * @param history all its steps
   * @return the copy
   */
  public ImageConfig withHistory(List<History> history) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }

  /**
   * A copy with one step more.
   *
   * @param step the last one
   * @return the copy
   */
  public ImageConfig withHistory(History step) {
    List<History> more = new ArrayList<>(history);
    more.add(step);
    return withHistory(more);
  }

  /**
   * A copy with other extra fields.
   *
   * @param extra all of them, as plain Java values
   * @return the copy
   * @throws IllegalArgumentException if one has a component of its own, or is no JSON value
   */
  public ImageConfig withExtra(Map<String, @Nullable Object> extra) {
    return new ImageConfig(created, author, platform, config, diffIds, history, extra);
  }
}
