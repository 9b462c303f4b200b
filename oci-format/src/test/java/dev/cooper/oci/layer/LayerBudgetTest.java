package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What an archive may cost: one within each limit is read, and one above it is not. */
class LayerBudgetTest {
  private static RawTar two() {
    return new RawTar().file("ab", "x".repeat(600)).file("c", "y".repeat(400));
  }

  private static void assertLimit(
      String name, Function<ImageLimits, ImageLimits> at, Function<ImageLimits, ImageLimits> below)
      throws IOException {
    byte[] tar = two().end().bytes();
    assertThat(read(tar, LayerBudget.of(at.apply(ImageLimits.DEFAULT), 10))).isEqualTo(2);
    assertThatThrownBy(() -> read(tar, LayerBudget.of(below.apply(ImageLimits.DEFAULT), 10)))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("over the limit " + name + " of ");
  }

  private static int read(byte[] tar, LayerBudget budget) throws IOException {
    return RawTar.readAll(TarReader.over(new ByteArrayInputStream(tar), budget)).size();
  }

  @Test
  void everyLimitOfALayerIsKept() throws IOException {
    assertLimit("layerEntries", l -> l.withLayerEntries(2), l -> l.withLayerEntries(1));
    assertLimit("layerBytes", l -> l.withLayerBytes(1000), l -> l.withLayerBytes(999));
    assertLimit("metadataBytes", l -> l.withMetadataBytes(3), l -> l.withMetadataBytes(2));
  }

  @Test
  void layersOfOneImageAreCountedTogether() throws IOException {
    byte[] tar = two().end().bytes();
    ImageLimits limits = ImageLimits.DEFAULT.withImageEntries(4).withImageBytes(2000);
    ImageBudget image = ImageBudget.of(limits);
    assertThat(read(tar, image.layer(10)) + read(tar, image.layer(10))).isEqualTo(4);
    assertThatThrownBy(() -> read(tar, image.layer(10)))
        .hasMessageContaining("over the limit imageEntries of 4");
    ImageBudget bytes = ImageBudget.of(limits.withImageEntries(100));
    read(tar, bytes.layer(10));
    read(tar, bytes.layer(10));
    assertThatThrownBy(() -> read(tar, bytes.layer(10)))
        .hasMessageContaining("over the limit imageBytes of 2000");
  }

  /** Refused by its header alone: of the content nothing is there. */
  @Test
  void aRatioIsLookedAtBeforeAnyContentIsRead() throws IOException {
    byte[] bomb = new RawTar().header("zeros", '0', 3L << 30).bytes();
    int ratio = ImageLimits.DEFAULT.ratio();
    long enough = (3L << 30) / ratio + 1;
    assertThat(next(bomb, LayerBudget.of(ImageLimits.DEFAULT, enough))).isNotNull();
    assertThatThrownBy(() -> next(bomb, LayerBudget.of(ImageLimits.DEFAULT, enough - 2)))
        .hasMessageContaining("over the limit ratio of " + ratio);
    byte[] small = new RawTar().header("zeros", '0', ImageLimits.RATIO_FROM).bytes();
    assertThat(next(small, LayerBudget.of(ImageLimits.DEFAULT, 1))).isNotNull();
  }

  /** The archive has 3 KiB, and says that its file has 100 GiB: holes are written out. */
  @Test
  void holesOfSparseFilesCount() {
    String records =
        RawTar.record("GNU.sparse.major", "1")
            + RawTar.record("GNU.sparse.realsize", String.valueOf(100L << 30));
    byte[] sparse =
        new RawTar().extension('x', records).header("f", '0', 512).data("0\n").end().bytes();
    assertThatThrownBy(() -> next(sparse, LayerBudget.of(ImageLimits.DEFAULT, 3072)))
        .hasMessageContaining("over the limit layerBytes of " + (64L << 30));
  }

  private static TarEntry next(byte[] tar, LayerBudget budget) throws IOException {
    try (TarReader reader = TarReader.over(new ByteArrayInputStream(tar), budget)) {
      return reader.next();
    }
  }

  /** Headers that lead to no entry: nothing would ever be counted but for them. */
  @Test
  void extendedHeadersWithoutEndAreRefused() {
    ImageLimits limits = ImageLimits.DEFAULT.withMetadataBytes(1 << 20);
    for (byte[] block :
        new byte[][] {
          new RawTar().extension('g', "").bytes(), new RawTar().header("v", 'V', 0).bytes()
        }) {
      assertThatThrownBy(() -> TarReader.over(new Again(block), limits).next())
          .hasMessageContaining("over the limit metadataBytes of 1048576");
    }
  }

  @Test
  void sparseBlocksWithoutSegmentsAreRefused() {
    byte[] header =
        RawTar.block(
            "s",
            'S',
            0,
            b -> {
              RawTar.put(b, 257, "ustar  \0");
              b[482] = 1;
              RawTar.put(b, 483, "00000000000\0");
            });
    byte[] block = new byte[512];
    block[504] = 1;
    InputStream endless =
        new java.io.SequenceInputStream(new ByteArrayInputStream(header), new Again(block));
    assertThatThrownBy(() -> TarReader.over(endless).next())
        .hasMessageContaining("over the limit sparseSegments of 1000000");
  }

  /** The same bytes again and again. */
  private static final class Again extends InputStream {
    private final byte[] block;
    private int at;

    Again(byte[] block) {
      this.block = block;
    }

    @Override
    public int read() {
      return block[at++ % block.length] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      int from = at % block.length;
      int n = Math.min(length, block.length - from);
      System.arraycopy(block, from, target, offset, n);
      at = from + n;
      return n;
    }
  }
}
