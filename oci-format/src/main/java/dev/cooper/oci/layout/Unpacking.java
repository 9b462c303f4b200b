package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Writes unpacked content to the disk, but not without end: a few kilobytes can unpack to tera. */
final class Unpacking {
  /** More than any archive or layer that is in use: 64 GiB. */
  static final long MAX_BYTES = 1L << 36;

  private Unpacking() {}

  static void copy(InputStream in, OutputStream out, String what, long most) throws IOException {
    byte[] buffer = new byte[128 * 1024];
    long size = 0;
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      size += n;
      if (size > most) {
        throw new ContentException(what + " unpacks to more than " + most + " bytes");
      }
      out.write(buffer, 0, n);
    }
  }
}
