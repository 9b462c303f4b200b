package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An OCI image layout: a directory with {@code oci-layout}, {@code index.json} and {@code blobs}.
 *
 * <p>Symbolic links in it are refused, as they could lead anywhere. The index is the one that was
 * there on opening. Thread-safe. Source: OCI image-spec, "OCI Image Layout Specification".
 */
public final class OciLayout extends BlobReader {
  private static final Set<OpenOption> READ =
      Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);

  private final Path directory;
  private final byte[] indexBytes;
  private final Index index;

  private OciLayout(Path directory, ImageLimits limits) throws IOException {
    super(limits);
    this.directory = directory;
    LayoutFile.check(document(LayoutFile.NAME, "is this an OCI image layout?", limits));
    this.indexBytes = document(LayoutFile.INDEX, "the layout is not whole", limits);
    this.index = Index.parse(indexBytes);
  }

  /**
   * Opens a layout for reading.
   *
   * @param directory its path
   * @return the layout
   * @throws ContentException if it is none, or of another version
   * @throws IOException if it can't be read
   */
  public static OciLayout open(Path directory) throws IOException {
    return open(directory, ImageLimits.DEFAULT);
  }

  static OciLayout open(Path directory, ImageLimits limits) throws IOException {
    try {
      return new OciLayout(directory, limits);
    } catch (ContentException e) {
      throw new ContentException(directory + ": " + e.getMessage(), e);
    }
  }

  /**
   * Writes a new layout, or adds to one that is there.
   *
   * <p>Blobs that are there stay and are not written again; the commit's index replaces the old
   * one.
   *
   * @param directory its path: a layout, an empty directory, or nothing in a directory that exists
   * @return a writer; of several at a time, the last commit's index counts
   * @throws ContentException if there is something else
   * @throws IOException if it can't be written
   */
  public static ContentWriter create(Path directory) throws IOException {
    return OciLayoutWriter.create(directory);
  }

  @Override
  String where() {
    return directory.toString();
  }

  @Override
  public Index index() {
    return index;
  }

  @Override
  byte[] indexBytes() {
    return indexBytes.clone();
  }

  @Override
  @Nullable Blob find(Digest digest) throws IOException {
    if (!contains(digest)) {
      return null;
    }
    SeekableByteChannel channel = Files.newByteChannel(file(digest), READ);
    return new Blob(Channels.newInputStream(channel), channel.size());
  }

  @Override
  public boolean contains(Digest digest) {
    return contains(directory, digest);
  }

  /** Whether a blob is there as a file, with no symbolic link below the layout's directory. */
  static boolean contains(Path directory, Digest digest) {
    Path path = directory;
    for (String name : new String[] {"blobs", digest.algorithm(), digest.hex()}) {
      path = path.resolve(name);
      if (Files.isSymbolicLink(path)) {
        throw new ContentException(path + ": found a symbolic link, expected none in a layout");
      }
    }
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  private Path file(Digest digest) {
    return directory.resolve(path(digest));
  }

  private byte[] document(String name, String otherwise, ImageLimits limits) throws IOException {
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new ContentException("found no file " + name + ": " + otherwise);
    }
    try (InputStream in = Channels.newInputStream(FileChannel.open(file, READ))) {
      byte[] bytes = in.readNBytes(limits.documentBytes() + 1);
      limits.requireDocument(name, bytes.length);
      return bytes;
    }
  }

  @Override
  public void close() {
    // Each blob has its own descriptor, which its stream closes.
  }
}
