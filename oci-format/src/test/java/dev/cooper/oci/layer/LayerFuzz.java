package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.compress.Decompression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * A layer of any bytes: refused with a {@link ContentException}, or read, and then what is written
 * of it is read as the same by us and by commons-compress.
 */
public final class LayerFuzz {
  /** Small, so that what would only take time or memory is refused instead. */
  static final ImageLimits LIMITS =
      ImageLimits.DEFAULT
          .withLayerEntries(10_000)
          .withLayerBytes(1 << 20)
          .withMetadataBytes(1 << 20)
          .withTrailingBytes(1 << 20);

  private LayerFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    List<RawTar.Read> read;
    try (InputStream in = Decompression.open(new ByteArrayInputStream(input))) {
      read = RawTar.readAll(TarReader.over(in, LIMITS));
      for (RawTar.Read each : read) {
        LayerPath.normalize(each.entry().path());
        each.entry().isWhiteout();
        if (each.entry().isOpaqueMarker()) {
          each.entry().whiteoutTarget();
        }
      }
    } catch (ContentException e) {
      assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(20_000);
      return;
    }
    byte[] written = write(read);
    assertThat(RawTar.readAll(TarReader.over(new ByteArrayInputStream(written)))).isEqualTo(read);
    assertThat(foreign(written)).isEqualTo(read.stream().map(LayerFuzz::line).toList());
  }

  private static byte[] write(List<RawTar.Read> entries) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarWriter tar = new TarWriter(out)) {
      for (RawTar.Read each : entries) {
        byte[] content = each.content().toBytes();
        tar.begin(each.entry());
        tar.write(content, 0, content.length);
        tar.end();
      }
      tar.finish();
    }
    return out.toByteArray();
  }

  /** What both readers tell alike: a name beyond ASCII is something else to each. */
  private static String line(RawTar.Read read) {
    return line(read.entry().path().latin1(), read.entry().size());
  }

  private static String line(String name, long size) {
    boolean ascii = name.chars().allMatch(c -> c < 0x80);
    return (ascii ? name.replaceAll("/+$", "") : "?") + " " + size;
  }

  /** The entries as commons-compress reads them; a directory may have a slash at its end. */
  private static List<String> foreign(byte[] tar) throws IOException {
    List<String> lines = new ArrayList<>();
    try (TarArchiveInputStream in =
        new TarArchiveInputStream(new ByteArrayInputStream(tar), "ISO-8859-1")) {
      for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        lines.add(line(e.getName(), e.getSize()));
      }
    }
    return lines;
  }
}
