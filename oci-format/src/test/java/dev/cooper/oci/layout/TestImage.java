package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An image of two small layers, in memory.
 *
 * <pre>
 *   index ── manifest (linux/amd64) ─┬─ config
 *                                    ├─ layer 0, gzip: etc/, etc/name
 *                                    └─ layer 1, as asked: bin/, bin/app, etc/.wh.name
 * </pre>
 */
public final class TestImage {
  static final Instant TIME = Instant.parse("2024-01-31T12:00:00Z");

  public final Map<Descriptor, byte[]> blobs = new LinkedHashMap<>();
  public final ImageConfig config;
  public final Manifest manifest;
  public final Descriptor descriptor;

  private TestImage(String content, MediaType upper) {
    List<byte[]> tars =
        List.of(
            tar("etc/", "", "etc/name", content),
            tar("bin/", "", "bin/app", content, "etc/.wh.name", ""));
    ImageConfig made =
        ImageConfig.of(Platform.of("linux", "amd64"))
            .withCreated(TIME)
            .withHistory(History.of(TIME, "base", false))
            .withHistory(History.of(TIME, "env", true))
            .withHistory(History.of(TIME, "app", false))
            .withDiffIds(tars.stream().map(Digest::sha256).toList());
    config = made.withConfig(made.config().withEnv("PATH", "/bin").withCmd(List.of("/bin/app")));
    List<Descriptor> layers = new ArrayList<>();
    layers.add(blob(MediaType.OCI_LAYER_GZIP, pack(tars.get(0), Compression.GZIP)));
    Compression compression =
        upper.isGzip() ? Compression.GZIP : upper.isZstd() ? Compression.ZSTD : Compression.NONE;
    layers.add(blob(upper, pack(tars.get(1), compression)));
    manifest =
        Manifest.of(MediaType.OCI_MANIFEST, blob(MediaType.OCI_CONFIG, config.toBytes()), layers);
    descriptor =
        blob(MediaType.OCI_MANIFEST, manifest.toBytes())
            .withPlatform(Platform.of("linux", "amd64"));
  }

  public static TestImage of(String content) {
    return new TestImage(content, MediaType.OCI_LAYER);
  }

  static TestImage of(String content, MediaType upper) {
    return new TestImage(content, upper);
  }

  private Descriptor blob(MediaType type, byte[] content) {
    Descriptor blob = Descriptor.of(type, content);
    blobs.put(blob, content);
    return blob;
  }

  Index index(String... names) {
    List<Descriptor> manifests = new ArrayList<>();
    for (String name : names) {
      manifests.add(ImageNames.named(descriptor, ImageReference.parse(name)));
    }
    return Index.of(names.length == 0 ? List.of(descriptor) : manifests);
  }

  public void write(ContentWriter writer) throws IOException {
    for (Map.Entry<Descriptor, byte[]> blob : blobs.entrySet()) {
      writer.blob(blob.getKey(), blob.getValue());
    }
  }

  public void writeAndCommit(ContentWriter writer, String... names) throws IOException {
    try (writer) {
      write(writer);
      writer.commit(index(names));
    }
  }

  /** A tar of names and contents in turn; a name that ends in a slash is a directory. */
  static byte[] tar(String... namesAndContents) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      for (int i = 0; i < namesAndContents.length; i += 2) {
        ByteString name = ByteString.utf8(namesAndContents[i]);
        byte[] content = namesAndContents[i + 1].getBytes(StandardCharsets.UTF_8);
        if (namesAndContents[i].endsWith("/")) {
          tar.put(TarEntry.directory(name, 0755));
        } else {
          tar.put(TarEntry.file(name, 0644, content.length), new ByteArrayInputStream(content));
        }
      }
      tar.finish();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static byte[] pack(byte[] content, Compression compression) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = compression.compress(bytes)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
