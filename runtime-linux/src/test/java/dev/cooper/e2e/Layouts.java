package dev.cooper.e2e;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Layouts that peers wrote, and such as are made for a test. */
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

  /** Makes a layout with one image, of layers that are not compressed. */
  static Path of(Path directory, byte[]... tars) throws IOException {
    try (ContentWriter to = OciLayout.create(directory)) {
      List<Descriptor> layers = new ArrayList<>();
      List<Digest> diffIds = new ArrayList<>();
      for (byte[] tar : tars) {
        Descriptor layer = Descriptor.of(MediaType.OCI_LAYER, tar);
        if (!layers.contains(layer)) {
          to.blob(layer, tar);
        }
        layers.add(layer);
        diffIds.add(layer.digest());
      }
      byte[] config = ImageConfig.of(Platform.current()).withDiffIds(diffIds).toBytes();
      to.blob(Descriptor.of(MediaType.OCI_CONFIG, config), config);
      Descriptor configuration = Descriptor.of(MediaType.OCI_CONFIG, config);
      byte[] manifest = Manifest.of(MediaType.OCI_MANIFEST, configuration, layers).toBytes();
      to.blob(Descriptor.of(MediaType.OCI_MANIFEST, manifest), manifest);
      to.commit(Index.of(List.of(Descriptor.of(MediaType.OCI_MANIFEST, manifest))));
    }
    return directory;
  }
}
