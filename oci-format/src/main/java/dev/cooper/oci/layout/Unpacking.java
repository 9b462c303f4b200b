package dev.cooper.oci.layout;

import dev.cooper.oci.ImageLimits;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Writes unpacked content to the disk, but not without end: a few kilobytes can unpack to tera. */
final class Unpacking {
  private Unpacking() {}

  /**
   * Copies to the end.
   *
   * @param in unpacked
   * @param what it is, for messages
   * @param packedBytes how many bytes it has as it is packed
   * @throws dev.cooper.oci.ContentException if it is over {@link ImageLimits#imageBytes} or {@link
   *     ImageLimits#ratio}
   */
  static void copy(
      InputStream in, OutputStream out, String what, ImageLimits limits, long packedBytes)
      throws IOException {
    byte[] buffer = new byte[128 * 1024];
    long size = 0;
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      size += n;
      if (size > limits.imageBytes()) {
        throw ImageLimits.exceeded(
            "imageBytes", limits.imageBytes(), what + " unpacks to " + size + " bytes or more");
      }
      if (size > ImageLimits.RATIO_FROM && size / limits.ratio() > packedBytes) {
        throw ImageLimits.exceeded(
            "ratio",
            limits.ratio(),
            what + " unpacks to " + size + " bytes or more, of " + packedBytes + " packed ones");
      }
      out.write(buffer, 0, n);
    }
  }
}
