package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One pass over a layer's tar: its entries into a tree and an index, its bytes into the diffID.
 *
 * <p>Unpacking a compressed blob has a thread of its own, so hashing and writing overlap with it.
 */
public final class LayerScan {
  /** For tars that were written here, by whoever wanted them as they are. */
  public static final ImageLimits OWN =
      ImageLimits.DEFAULT
          .withLayerEntries(Long.MAX_VALUE)
          .withLayerBytes(Long.MAX_VALUE)
          .withMetadataBytes(Long.MAX_VALUE);

  private static final int BUFFER = 128 * 1024;
  private static final String WHITEOUT = ".wh.";
  private static final String OF_AUFS = ".wh..wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  private LayerScan() {}

  /**
   * Reads a layer to its last byte, and checks its diffID; before that nothing counts.
   *
   * @param tar the uncompressed layer; not closed
   * @param budget what it may cost
   * @param diffId what its digest has to be
   * @param sink gets its entries, or null
   * @param index gets them and their places, or null
   * @throws ContentException if it is malformed or another
   */
  public static void run(
      InputStream tar,
      LayerBudget budget,
      Digest diffId,
      @Nullable EntrySink sink,
      LayerIndex.@Nullable Writer index)
      throws IOException {
    Hashed hashed = new Hashed(tar, diffId.newMessageDigest());
    try {
      TarReader reader = TarReader.over(hashed, budget);
      pump(reader, sink, index);
      reader.drain();
    } catch (ContentException e) {
      throw new ContentException("layer " + diffId + ": " + e.getMessage(), e);
    }
    Digest found = Digest.of(diffId.algorithm(), hashed.hasher.digest());
    if (!found.equals(diffId)) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "layer %s: its content has the digest %s, not that of its diffID, %s",
              diffId,
              found,
              diffId));
    }
  }

  /** Hands an archive's entries on, with their content. */
  public static void pump(TarReader reader, EntrySink sink) throws IOException {
    pump(reader, sink, null);
  }

  private static void pump(
      TarReader reader, @Nullable EntrySink sink, LayerIndex.@Nullable Writer index)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    LayerPaths paths = new LayerPaths();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      if (index != null) {
        ByteString path = LayerPath.normalize(entry.path());
        if (isOfAufs(path)) {
          continue;
        }
        paths.add(entry, path);
        index.add(entry, reader.contentOffset());
      }
      if (sink != null) {
        sink.begin(entry);
        for (int n = reader.read(buffer, 0, BUFFER); n >= 0; n = reader.read(buffer, 0, BUFFER)) {
          sink.write(buffer, 0, n);
        }
        sink.end();
      }
    }
    if (index != null) {
      index.setShape(paths);
    }
  }

  /**
   * Whether a layer's entry is aufs' own bookkeeping, as old layers hold it, which hides nothing
   * and is nobody's file.
   *
   * @throws ContentException if it lies below a whiteout, where nothing can
   */
  static boolean isOfAufs(ByteString path) {
    String text = path.latin1();
    if (!text.contains(WHITEOUT)) {
      return false;
    }
    for (int start = 0; start < text.length(); ) {
      int slash = text.indexOf('/', start);
      String name = text.substring(start, slash < 0 ? text.length() : slash);
      if (name.startsWith(OF_AUFS) && !(slash < 0 && name.equals(OPAQUE))) {
        return true;
      }
      if (slash >= 0 && name.startsWith(WHITEOUT)) {
        throw new ContentException(
            "entry "
                + path
                + " lies below "
                + name
                + ", which would hide a file and can be no directory");
      }
      start = slash < 0 ? text.length() : slash + 1;
    }
    return false;
  }

  /** Takes the digest of what is read. */
  private static final class Hashed extends FilterInputStream {
    final MessageDigest hasher;

    Hashed(InputStream in, MessageDigest hasher) {
      super(in);
      this.hasher = hasher;
    }

    @Override
    public int read() throws IOException {
      int octet = in.read();
      if (octet >= 0) {
        hasher.update((byte) octet);
      }
      return octet;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = in.read(target, offset, length);
      if (n > 0) {
        hasher.update(target, offset, n);
      }
      return n;
    }

    @Override
    public long skip(long count) throws IOException {
      throw new IOException("skipped bytes of a layer would not be hashed");
    }
  }
}
