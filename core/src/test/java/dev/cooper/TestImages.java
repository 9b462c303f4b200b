package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.LayerOutput;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stores and images that are made on the spot. */
public final class TestImages {
  private TestImages() {}

  public static Store open(Path directory) throws IOException {
    return Store.open(
        directory,
        Clock.systemUTC(),
        ImageLimits.DEFAULT,
        RuntimeOptions.DEFAULT,
        () -> new PlainRuntime(message -> {}));
  }

  /** What a layer holds. */
  public interface Filling {
    void fill(EntrySink sink) throws IOException;
  }

  public static ByteString path(String text) {
    return ByteString.utf8(text);
  }

  public static void file(EntrySink sink, String path, String content) throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    sink.begin(TarEntry.file(path(path), 0644, bytes.length));
    sink.write(bytes, 0, bytes.length);
    sink.end();
  }

  public static byte[] tar(Filling filling) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      filling.fill(tar);
      tar.finish();
    }
    return bytes.toByteArray();
  }

  /** An image of some layers, each the bytes of a tar. */
  public static StoredImage add(
      Store store, @Nullable String name, Compression compression, byte[]... tars)
      throws IOException {
    return add(store, name, Platform.current(), compression, tars);
  }

  /** The same for a platform. */
  public static StoredImage add(
      Store store,
      @Nullable String name,
      Platform platform,
      Compression compression,
      byte[]... tars)
      throws IOException {
    ImageConfig config = ImageConfig.of(platform);
    List<Descriptor> layers = new ArrayList<>();
    for (byte[] tar : tars) {
      try (StagedBlob staged = store.stage()) {
        LayerOutput out = new LayerOutput(staged.output(), compression);
        out.write(tar);
        out.flush();
        out.close();
        layers.add(staged.keep(type(compression), out.digest(), out.size()));
        config = config.withDiffId(Digest.sha256(tar));
      }
    }
    Descriptor configBlob = store.put(MediaType.OCI_CONFIG, config.toBytes());
    Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, configBlob, layers);
    Descriptor blob = store.put(MediaType.OCI_MANIFEST, manifest.toBytes());
    return store.add(blob, name == null ? null : ImageReference.parse(name));
  }

  private static MediaType type(Compression compression) {
    return switch (compression) {
      case NONE -> MediaType.OCI_LAYER;
      case GZIP -> MediaType.OCI_LAYER_GZIP;
      case ZSTD -> MediaType.OCI_LAYER_ZSTD;
    };
  }

  public static byte[] greeting(String text) throws IOException {
    return tar(sink -> file(sink, "greeting", text));
  }
}
