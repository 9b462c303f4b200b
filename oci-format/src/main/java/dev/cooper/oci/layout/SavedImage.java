package dev.cooper.oci.layout;

import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code manifest.json}, as {@code docker save} writes it. Source: Docker's "Image
 * Specification v1.2: Combined Image JSON + Filesystem Changeset Format".
 */
record SavedImage(String config, List<String> tags, List<String> layers) {
  static final String FILE = "manifest.json";

  static List<SavedImage> parseAll(byte[] bytes) {
    return Json.parseArray(bytes, FILE).stream().map(SavedImage::from).toList();
  }

  private static SavedImage from(JsonObject json) {
    return new SavedImage(json.string("Config"), json.strings("RepoTags"), json.strings("Layers"));
  }

  /** An image with the names that it has, whole, as podman takes a short one for localhost's. */
  static SavedImage of(String config, List<ImageReference> names, List<String> layers) {
    return new SavedImage(config, names.stream().map(ImageReference::toString).toList(), layers);
  }

  static byte[] toBytes(List<SavedImage> images) {
    return Json.write(images.stream().map(SavedImage::toTree).toList());
  }

  private Map<String, @Nullable Object> toTree() {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    tree.put("Config", config);
    tree.put("RepoTags", tags);
    tree.put("Layers", layers);
    return tree;
  }

  /** The file that Docker had before {@code manifest.json}: each tag's uppermost layer. */
  static byte[] repositories(List<SavedImage> images) {
    Map<String, Map<String, String>> repositories = new TreeMap<>();
    for (SavedImage image : images) {
      for (String name : image.tags) {
        ImageReference reference = ImageReference.parse(name);
        String tag = reference.tag();
        if (tag != null && !image.layers.isEmpty()) {
          repositories
              .computeIfAbsent(
                  reference.registry() + "/" + reference.repository(), none -> new TreeMap<>())
              .put(tag, image.layers.get(image.layers.size() - 1).replace(".tar", ""));
        }
      }
    }
    return Json.write(repositories);
  }
}
