package dev.cooper.transfer;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.CompressionParameters;
import dev.cooper.oci.compress.LayerOutput;
import dev.cooper.progress.Progress;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.PackedLayers;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Packs layers of the store as a place wants them. What was compressed before is found again.
 * Thread-safe.
 */
final class LayerPacker {
  private static final int BUFFER = 1 << 20;

  private final Store store;
  private final PackedLayers packed;
  private final Compression compression;
  private final CompressionParameters parameters;

  LayerPacker(Store store, Compression compression, CompressionParameters parameters) {
    this.store = store;
    this.packed = new PackedLayers(store);
    this.compression = compression;
    this.parameters = parameters;
  }

  /** Takes a packed layer, whose file may be gone when it returns. */
  interface Taker {
    void take(Descriptor layer, Path file) throws IOException;
  }

  /** What a layer was packed to before, without looking whether it still is that. */
  @Nullable Descriptor known(Descriptor layer, boolean docker) throws IOException {
    return LayerTypes.isUncompressed(layer.mediaType())
        ? described(packed.look(layer.digest(), compression, parameters), docker)
        : null;
  }

  private @Nullable Descriptor described(PackedLayers.@Nullable Packed found, boolean docker) {
    return found == null
        ? null
        : Descriptor.of(LayerTypes.of(compression, docker), found.digest(), found.size());
  }

  /**
   * Packs a layer into a file, as its digest has to be known before its bytes are taken.
   *
   * @return what it is now
   */
  Descriptor pack(Descriptor layer, boolean docker, Taker taker) throws IOException {
    boolean plain = LayerTypes.isUncompressed(layer.mediaType());
    PackedLayers.Packed found = plain ? packed.find(layer.digest(), compression, parameters) : null;
    Descriptor known = described(found, docker);
    if (found != null && known != null) {
      taker.take(known, found.path());
      return known;
    }
    try (Progress.Piece work =
            store.progress().begin(kind(), layer.digest().toString(), layer.size());
        StagedBlob staged = store.stage()) {
      LayerOutput out = new LayerOutput(staged.output(), compression, parameters);
      try (InputStream in = new LayerTrees(store).open(layer, work)) {
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          out.write(buffer, 0, n);
        }
      }
      out.close();
      if (plain) {
        requireDigest(layer, out.diffId());
      }
      Descriptor result =
          Descriptor.of(LayerTypes.of(compression, docker), out.digest(), out.size());
      taker.take(result, staged.path());
      if (plain) {
        packed.keep(staged.path(), layer.digest(), compression, parameters, out.digest());
      }
      work.succeed();
      return result;
    }
  }

  private Work.Kind kind() {
    return compression == Compression.NONE ? Work.Kind.WRITE : Work.Kind.COMPRESS;
  }

  private static void requireDigest(Descriptor layer, Digest found) {
    if (!found.equals(layer.digest())) {
      throw new ContentException(
          "layer " + layer.digest() + " of the store is damaged: its bytes have " + found);
    }
  }
}
