package dev.cooper.oci.layout;

import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/** Writes an OCI archive: the small files first, so that a reader sees at once what it has. */
final class OciArchiveWriter extends StagedWriter {
  private final Path file;
  private final Instant time;

  OciArchiveWriter(Path file, Instant time) throws IOException {
    super(DurableFiles.directory(file));
    this.file = file;
    this.time = time;
  }

  @Override
  void publish(Index index) throws IOException {
    Path whole = newFile();
    try (ArchiveOutput out = new ArchiveOutput(whole, time)) {
      out.file(LayoutFile.NAME, LayoutFile.bytes());
      out.file(LayoutFile.INDEX, index.toBytes());
      out.directory("blobs");
      String algorithm = "";
      for (Map.Entry<Digest, Path> blob : blobs().entrySet()) {
        Digest digest = blob.getKey();
        if (!digest.algorithm().equals(algorithm)) {
          algorithm = digest.algorithm();
          out.directory("blobs/" + algorithm);
        }
        out.file(BlobReader.path(digest), blob.getValue());
      }
      out.finish();
    }
    DurableFiles.move(whole, file);
  }
}
