package dev.cooper.e2e;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Layouts that peers wrote. */
final class Layouts {
  private Layouts() {}

  static Path blob(Path layout, Descriptor descriptor) {
    return layout.resolve("blobs").resolve("sha256").resolve(descriptor.digest().hex());
  }

  static Manifest manifest(Path layout) throws IOException {
    Index index = Index.parse(Files.readAllBytes(layout.resolve("index.json")));
    return Manifest.parse(Files.readAllBytes(blob(layout, index.manifests().get(0))));
  }

  /** What the last layer of a layout's first image holds. */
  static Map<String, Tars.Found> last(Path layout) throws IOException {
    List<Descriptor> layers = manifest(layout).layers();
    return Tars.read(Files.newInputStream(blob(layout, layers.get(layers.size() - 1))));
  }
}
