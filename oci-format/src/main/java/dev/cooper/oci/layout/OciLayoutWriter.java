package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Writes a layout: a new one by renaming its directory, one that is there by its index. */
final class OciLayoutWriter extends StagedWriter {
  private final Path directory;
  private final boolean added;

  private OciLayoutWriter(Path directory, boolean added) throws IOException {
    super(added ? directory : DurableFiles.directory(directory));
    this.directory = directory;
    this.added = added;
  }

  static ContentWriter create(Path directory) throws IOException {
    boolean there = Files.exists(directory, LinkOption.NOFOLLOW_LINKS);
    if (there && !isEmpty(directory)) {
      OciLayout.open(directory).close();
      return new OciLayoutWriter(directory, true);
    }
    return new OciLayoutWriter(directory, false);
  }

  private static boolean isEmpty(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new ContentException(directory + ": found a file, expected a layout or nothing");
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    }
  }

  @Override
  boolean keepsFiles() {
    return true;
  }

  @Override
  boolean wasThere(Digest digest) {
    return added && OciLayout.contains(directory, digest);
  }

  @Override
  void publish(Index index) throws IOException {
    if (added) {
      fill(directory);
      DurableFiles.write(directory.resolve(LayoutFile.INDEX), index.toBytes());
      return;
    }
    // Not the staging directory itself: that is its owner's alone, a layout is as the umask says.
    Path whole = Files.createDirectory(staging().resolve("layout"));
    fill(whole);
    DurableFiles.writeNew(whole.resolve(LayoutFile.NAME), LayoutFile.bytes());
    DurableFiles.writeNew(whole.resolve(LayoutFile.INDEX), index.toBytes());
    DurableFiles.sync(whole);
    DurableFiles.move(whole, directory);
  }

  private void fill(Path layout) throws IOException {
    Files.createDirectories(layout.resolve("blobs"));
    Set<Path> touched = new TreeSet<>();
    touched.add(layout.resolve("blobs"));
    for (Map.Entry<Digest, Path> blob : blobs().entrySet()) {
      Path file = layout.resolve(BlobReader.path(blob.getKey()));
      Path parent = DurableFiles.directory(file);
      Files.createDirectories(parent);
      Files.move(blob.getValue(), file, StandardCopyOption.ATOMIC_MOVE);
      touched.add(parent);
    }
    for (Path each : touched) {
      DurableFiles.sync(each);
    }
  }
}
