package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one layer's archive may still cost, by {@link ImageLimits}, and its share of its image's.
 *
 * <p>Each entry is taken from it before its content is read. Not thread-safe, and for one archive.
 */
public final class LayerBudget {
  /** What a header without any text costs too, so that a run of empty ones ends. */
  private static final int HEADER = 64;

  private final ImageLimits limits;
  private final long packedBytes;
  private final @Nullable ImageBudget image;
  private long entries;
  private long bytes;
  private long metadata;

  LayerBudget(ImageLimits limits, long packedBytes, @Nullable ImageBudget image) {
    this.limits = limits;
    this.packedBytes = packedBytes;
    this.image = image;
  }

  /**
   * For one archive by itself.
   *
   * @param limits what is refused
   * @param packedBytes how many bytes the archive has as it is stored or sent, or {@link
   *     Long#MAX_VALUE} where nobody knows, so that no ratio is checked
   * @return a budget that nothing has been taken from
   */
  public static LayerBudget of(ImageLimits limits, long packedBytes) {
    return new LayerBudget(limits, packedBytes, null);
  }

  ImageLimits limits() {
    return limits;
  }

  /** Takes an entry that is about to be given. */
  void take(TarEntry entry) {
    if (++entries > limits.layerEntries()) {
      throw over("layerEntries", limits.layerEntries(), "has more than as many entries");
    }
    long size = entry.size();
    if (size > limits.layerBytes() - bytes) {
      throw over("layerBytes", limits.layerBytes(), "unpacks to " + sum(bytes, size) + " bytes");
    }
    bytes += size;
    if (bytes > ImageLimits.RATIO_FROM && bytes / limits.ratio() > packedBytes) {
      throw over(
          "ratio",
          limits.ratio(),
          "unpacks to " + bytes + " bytes or more, of " + packedBytes + " packed ones");
    }
    takeMetadata(entry.path().length() + entry.link().length() + xattrs(entry));
    if (image != null) {
      image.take(size);
    }
  }

  private static long xattrs(TarEntry entry) {
    long length = 0;
    for (Map.Entry<ByteString, ByteString> each : entry.xattrs().entrySet()) {
      length += each.getKey().length() + each.getValue().length();
    }
    return length;
  }

  /** Takes an extended header that is about to be read. */
  void takeHeader(long size) {
    takeMetadata(sum(HEADER, size));
  }

  private void takeMetadata(long length) {
    if (length > limits.metadataBytes() - metadata) {
      throw over(
          "metadataBytes",
          limits.metadataBytes(),
          "has names and headers of " + sum(metadata, length) + " bytes or more");
    }
    metadata += length;
  }

  /** Never below what it is of, where a header says as much as a long holds. */
  static long sum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }

  private static ContentException over(String limit, long value, String found) {
    return ImageLimits.exceeded(limit, value, "the archive " + found);
  }
}
