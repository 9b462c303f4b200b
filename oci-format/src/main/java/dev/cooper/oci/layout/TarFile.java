package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive that is looked through once, and then read at random.
 *
 * <p>Nothing is extracted: a link is followed among the archive's own names. A compressed archive
 * is unpacked to a temporary file, which closing removes. Thread-safe.
 */
final class TarFile implements Closeable {
  /** No archive of images has that many, of whatever size; each costs memory. */
  private static final int MAX_ENTRIES = 100_000;

  private static final int MAX_LINKS = 16;

  /** A member: the place of its content, or where its link leads. */
  private record Member(long offset, long size, @Nullable ByteString link) {}

  private final Path path;
  private final RandomAccessFile file;
  private final ImageLimits limits;
  private final Map<ByteString, Member> members = new HashMap<>();

  private TarFile(Path path, RandomAccessFile file, ImageLimits limits) {
    this.path = path;
    this.file = file;
    this.limits = limits;
  }

  /** Opens an archive; where it is compressed, it is unpacked into the directory. */
  static TarFile open(Path path, Path temporary, ImageLimits limits) throws IOException {
    RegularFile.require(path, "an archive of images");
    RandomAccessFile file = uncompressed(path, temporary, limits);
    TarFile tar = new TarFile(path, file, limits);
    try {
      tar.index();
    } catch (ContentException e) {
      file.close();
      throw new ContentException(path + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
    return tar;
  }

  private static RandomAccessFile uncompressed(Path path, Path temporary, ImageLimits limits)
      throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
      in.mark(TarFormat.HEAD);
      byte[] head = in.readNBytes(TarFormat.HEAD);
      in.reset();
      if (!TarFormat.isCompressed(head)) {
        return new RandomAccessFile(path.toFile(), "r");
      }
      return unpack(path, in, Files.createTempFile(temporary, ".unpacked-", ".tar"), limits);
    }
  }

  private static RandomAccessFile unpack(
      Path path, InputStream packed, Path file, ImageLimits limits) throws IOException {
    RandomAccessFile unpacked = new TemporaryFile(file);
    try (InputStream in = Decompression.open(packed);
        OutputStream out = Files.newOutputStream(file)) {
      Unpacking.copy(in, out, "the archive", limits, Files.size(path));
      if (File.separatorChar == '/') {
        // Where an open file may lose its name, nothing is left even if the JVM is killed.
        Files.delete(file);
      }
      return unpacked;
    } catch (ContentException e) {
      unpacked.close();
      throw new ContentException(path + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException | Error e) {
      unpacked.close();
      throw e;
    }
  }

  /** A file that goes when it is closed. */
  private static final class TemporaryFile extends RandomAccessFile {
    private final Path name;

    TemporaryFile(Path name) throws IOException {
      super(name.toFile(), "r");
      this.name = name;
    }

    @Override
    public void close() throws IOException {
      super.close();
      Files.deleteIfExists(name);
    }
  }

  /** A file that is no tar at all is told by that, not by the first field that is wrong in it. */
  private void requireTar() throws IOException {
    byte[] head = new byte[TarReader.BLOCK];
    file.seek(0);
    int found = Math.max(0, file.read(head));
    boolean end = Arrays.equals(head, new byte[TarReader.BLOCK]);
    if (!TarReader.begins(found < head.length ? new byte[0] : head) && !end) {
      throw new ContentException("found no tar, expected an archive of images");
    }
  }

  private void index() throws IOException {
    requireTar();
    // What it holds is there already, and each blob's size is looked at when it is opened.
    ImageLimits own = limits.withLayerEntries(Long.MAX_VALUE).withLayerBytes(Long.MAX_VALUE);
    try (TarReader reader = TarReader.over(new Extent(file, 0, file.length()), own)) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        add(entry, reader.contentOffset());
      }
    }
  }

  private void add(TarEntry entry, long offset) {
    ByteString name = LayerPath.normalize(entry.path());
    if (entry.type() == EntryType.DIRECTORY) {
      return;
    }
    if (members.size() == MAX_ENTRIES) {
      throw new ContentException("found more than " + MAX_ENTRIES + " files in the archive");
    }
    Member member =
        switch (entry.type()) {
          case FILE -> new Member(offset, entry.size(), null);
          case HARDLINK -> new Member(0, 0, LayerPath.normalize(entry.link()));
          case SYMLINK -> new Member(0, 0, resolve(name, entry.link()));
          default -> throw new ContentException("found a " + entry.type() + " named " + name);
        };
    if (offset < 0) {
      throw new ContentException("found a sparse file " + name + ", expected a plain one");
    }
    if (members.put(name, member) != null) {
      throw new ContentException("found " + name + " twice in the archive");
    }
  }

  /** A symbolic link's target: by its text alone, and never above the archive's root. */
  private static ByteString resolve(ByteString link, ByteString target) {
    String text = target.latin1();
    ByteString path = text.startsWith("/") ? ByteString.EMPTY : LayerPath.parent(link);
    for (String component : text.split("/")) {
      if (component.equals("..")) {
        if (path.isEmpty()) {
          throw new ContentException("link " + link + " leads out of the archive: " + target);
        }
        path = LayerPath.parent(path);
      } else if (!component.isEmpty() && !component.equals(".")) {
        path = LayerPath.join(path, new ByteString(component));
      }
    }
    return path;
  }

  private @Nullable Member member(ByteString name) {
    Member member = members.get(name);
    for (int i = 0; member != null && member.link != null; i++) {
      if (i == MAX_LINKS) {
        throw new ContentException(path + ": too many links at " + name);
      }
      member = members.get(member.link);
    }
    return member;
  }

  Path path() {
    return path;
  }

  ImageLimits limits() {
    return limits;
  }

  /** Whether a name is there, and leads to a file. */
  boolean has(String name) {
    return member(ByteString.utf8(name)) != null;
  }

  /** Opens a file by its name, or gives null. */
  BlobReader.@Nullable Blob find(String name) throws IOException {
    Member member = member(LayerPath.normalize(ByteString.utf8(name)));
    return member == null
        ? null
        : new BlobReader.Blob(new Extent(file, member.offset, member.size), member.size);
  }

  /** Opens a file by its name, which has to be there. */
  BlobReader.Blob require(String name) throws IOException {
    BlobReader.Blob blob = find(name);
    if (blob == null) {
      throw new ContentException("found no file " + ByteString.utf8(name) + " in the archive");
    }
    return blob;
  }

  /** Reads a document by its name. */
  byte[] document(String name) throws IOException {
    BlobReader.Blob blob = require(name);
    limits.requireDocument(ByteString.utf8(name).toString(), blob.size());
    return blob.content().readAllBytes();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
