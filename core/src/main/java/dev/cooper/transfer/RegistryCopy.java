package dev.cooper.transfer;

import dev.cooper.io.Parallel;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.layout.ContentReader;
import dev.cooper.oci.registry.RemoteWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Copies what a manifest or an index leads to into a registry, its bytes as they are. */
final class RegistryCopy {
  private static final int MAX_DEPTH = 8;

  private final ContentReader from;
  private final RemoteWriter to;
  private final List<String> mountable;
  private final Set<Digest> done = new HashSet<>();

  /**
   * A copy into one repository.
   *
   * @param mountable repositories of the same registry that may have the blobs
   */
  RegistryCopy(ContentReader from, RemoteWriter to, List<String> mountable) {
    this.from = from;
    this.to = to;
    this.mountable = mountable;
  }

  /** Copies an image by a tag, or by its digest alone. */
  void copy(Descriptor root, @Nullable String tag) throws IOException {
    copy(root, tag, 0);
  }

  private void copy(Descriptor root, @Nullable String tag, int depth) throws IOException {
    if (!done.add(root.digest())) {
      return;
    }
    if (depth > MAX_DEPTH) {
      throw new ContentException(
          "index " + root.digest() + " lies in more than " + MAX_DEPTH + " others");
    }
    byte[] bytes = from.read(root);
    if (root.mediaType().isIndex()) {
      for (Descriptor each : Index.parse(bytes, root.mediaType()).manifests()) {
        copy(each, null, depth + 1);
      }
    } else {
      blobs(Manifest.parse(bytes, root.mediaType()));
    }
    to.manifest(root, bytes, tag);
  }

  private void blobs(Manifest manifest) throws IOException {
    Set<Descriptor> blobs = new HashSet<>(manifest.layers());
    blobs.add(manifest.config());
    List<Parallel.Task> tasks = new ArrayList<>();
    for (Descriptor each : blobs) {
      if (done.add(each.digest())) {
        tasks.add(() -> blob(each));
      }
    }
    Parallel.run(tasks);
  }

  private void blob(Descriptor blob) throws IOException {
    if (!blob.mediaType().isForeign() || from.contains(blob.digest())) {
      to.blob(blob, () -> from.open(blob), mountable);
    }
  }
}
