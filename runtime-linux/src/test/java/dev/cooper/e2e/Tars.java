package dev.cooper.e2e;

import dev.cooper.Image;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tars made in tests, and what tars and layers hold. */
final class Tars {
  private Tars() {}

  /** Writes entries. */
  interface Filling {
    void fill(TarWriter tar) throws IOException;
  }

  static byte[] of(Filling filling) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(bytes)) {
      filling.fill(tar);
      tar.finish();
    }
    return bytes.toByteArray();
  }

  static void file(TarWriter tar, String path, int mode, String text) throws IOException {
    file(tar, path, mode, text.getBytes(StandardCharsets.UTF_8));
  }

  static void file(TarWriter tar, String path, int mode, byte[] bytes) throws IOException {
    tar.begin(
        TarEntry.file(ByteString.utf8(path), mode, bytes.length).withMtime(1_600_000_000L, 0));
    tar.write(bytes, 0, bytes.length);
    tar.end();
  }

  static void directory(TarWriter tar, String path, int mode) throws IOException {
    tar.put(TarEntry.directory(ByteString.utf8(path), mode).withMtime(1_600_000_000L, 0));
  }

  static void link(TarWriter tar, String path, String target) throws IOException {
    tar.put(
        TarEntry.symlink(ByteString.utf8(path), ByteString.utf8(target))
            .withMtime(1_600_000_000L, 0));
  }

  /** An entry with its content's text. */
  record Found(TarEntry entry, String text) {
    /** All but the time. */
    String line() {
      return String.format(
          "%s %04o %d:%d %d %s %s %s",
          entry.type(),
          entry.mode(),
          entry.uid(),
          entry.gid(),
          entry.size(),
          entry.link(),
          xattrs(),
          entry.size() < 200 ? text.replace("\n", "\\n") : Integer.toHexString(text.hashCode()));
    }

    private String xattrs() {
      StringBuilder all = new StringBuilder();
      for (Map.Entry<ByteString, ByteString> each : entry.xattrs().entrySet()) {
        all.append(each.getKey())
            .append('=')
            .append(HexFormat.of().formatHex(each.getValue().toBytes()));
      }
      return all.toString();
    }
  }

  static Map<String, Found> read(InputStream in) throws IOException {
    Map<String, Found> found = new TreeMap<>();
    try (TarReader reader = TarReader.over(Decompression.open(in))) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        String text = new String(reader.content().readAllBytes(), StandardCharsets.ISO_8859_1);
        String path = entry.path().latin1();
        while (path.startsWith("./")) {
          path = path.substring(2);
        }
        found.put(path, new Found(entry, text));
      }
    }
    return found;
  }

  static Map<String, Found> layer(Path layout, Descriptor layer) throws IOException {
    return read(
        Files.newInputStream(
            layout.resolve("blobs").resolve("sha256").resolve(layer.digest().hex())));
  }

  /** What the last layer of an image of a store holds. */
  static Map<String, Found> last(Path store, Image image) throws IOException {
    List<Descriptor> layers = image.manifest().layers();
    return layer(store, layers.get(layers.size() - 1));
  }
}
