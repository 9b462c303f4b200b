package dev.cooper.oci.layer;

import dev.cooper.oci.ImageLimits;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the layers of one image may still cost together, by {@link ImageLimits}.
 *
 * <p>Thread-safe: layers are read in parallel.
 */
public final class ImageBudget {
  private final ImageLimits limits;
  private final AtomicLong entries = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();

  private ImageBudget(ImageLimits limits) {
    this.limits = limits;
  }

  /**
   * For an image that is about to be read.
   *
   * @param limits what is refused
   * @return a budget that nothing has been taken from
   */
  public static ImageBudget of(ImageLimits limits) {
    return new ImageBudget(limits);
  }

  /**
   * For one of its layers.
   *
   * @param packedBytes how many bytes it has as it is stored or sent
   * @return its own budget, which takes from this one too
   */
  public LayerBudget layer(long packedBytes) {
    return new LayerBudget(limits, packedBytes, this);
  }

  void take(long size) {
    if (entries.incrementAndGet() > limits.imageEntries()) {
      throw ImageLimits.exceeded(
          "imageEntries",
          limits.imageEntries(),
          "the image's layers have more than as many entries together");
    }
    long sum = bytes.accumulateAndGet(size, LayerBudget::sum);
    if (sum > limits.imageBytes()) {
      throw ImageLimits.exceeded(
          "imageBytes", limits.imageBytes(), "the image's layers unpack to " + sum + " bytes");
    }
  }

  /** What is used up so far. */
  @Override
  public String toString() {
    return "ImageBudget[" + entries + " entries, " + bytes + " bytes]";
  }
}
