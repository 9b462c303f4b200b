package dev.cooper.host;

import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.HostNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file of the host as an entry of a layer.
 *
 * @param entry its attributes
 * @param key what it has in common with its other names, or null if it has only one
 */
record PortableFile(TarEntry entry, @Nullable Object key) {
  private static final String UNIX =
      "unix:mode,uid,gid,nlink,dev,ino,rdev,size,lastModifiedTime,isRegularFile,isDirectory";
  private static final int TYPE = 0170000;
  private static final int SOCKET = 0140000;

  /** Reads a file's attributes; null for a socket. */
  static @Nullable PortableFile of(Path path, ByteString name) {
    try {
      return path.getFileSystem().supportedFileAttributeViews().contains("unix")
          ? unix(path, name)
          : basic(path, name);
    } catch (IOException e) {
      throw new OperationException("cannot read " + path + ": " + Io.reason(e), e);
    }
  }

  private static PortableFile basic(Path path, ByteString name) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    TarEntry entry;
    if (attributes.isDirectory()) {
      entry = TarEntry.directory(name, 0755);
    } else if (attributes.isSymbolicLink()) {
      entry = TarEntry.symlink(name, target(path));
    } else {
      entry = TarEntry.file(name, 0644, attributes.size());
    }
    return new PortableFile(timed(entry, attributes.lastModifiedTime()), null);
  }

  private static @Nullable PortableFile unix(Path path, ByteString name) throws IOException {
    Map<String, Object> attributes = Files.readAttributes(path, UNIX, LinkOption.NOFOLLOW_LINKS);
    int mode = (Integer) value(attributes, "mode");
    if ((mode & TYPE) == SOCKET) {
      return null;
    }
    TarEntry entry =
        timed(entry(path, name, mode, attributes), (FileTime) value(attributes, "lastModifiedTime"))
            .withMode(mode & 07777)
            .withOwner(id(attributes, "uid"), id(attributes, "gid"));
    boolean several = entry.type() == EntryType.FILE && (Integer) value(attributes, "nlink") > 1;
    return new PortableFile(
        entry, several ? List.of(value(attributes, "dev"), value(attributes, "ino")) : null);
  }

  private static TarEntry entry(
      Path path, ByteString name, int mode, Map<String, Object> attributes) throws IOException {
    return switch (mode & TYPE) {
      case 0040000 -> TarEntry.directory(name, 0755);
      case 0120000 -> TarEntry.symlink(name, target(path));
      case 0010000 -> TarEntry.fifo(name, 0644);
      case 0020000 -> device(name, EntryType.CHAR_DEVICE, attributes);
      case 0060000 -> device(name, EntryType.BLOCK_DEVICE, attributes);
      default -> TarEntry.file(name, 0644, (Long) value(attributes, "size"));
    };
  }

  /** As the C library's makedev packs them. */
  private static TarEntry device(ByteString name, EntryType type, Map<String, Object> attributes) {
    long device = (Long) value(attributes, "rdev");
    int major = (int) ((device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL));
    int minor = (int) ((device & 0xff) | (device >>> 12 & ~0xffL));
    return TarEntry.device(name, type, 0644, major, minor);
  }

  private static Object value(Map<String, Object> attributes, String name) {
    Object value = attributes.get(name);
    if (value == null) {
      throw new IllegalStateException("the file system tells no " + name);
    }
    return value;
  }

  private static long id(Map<String, Object> attributes, String name) {
    return Integer.toUnsignedLong((Integer) value(attributes, name));
  }

  private static TarEntry timed(TarEntry entry, FileTime time) {
    Instant instant = time.toInstant();
    return entry.withMtime(instant.getEpochSecond(), instant.getNano());
  }

  /** The last component's bytes: a URI has them all, whatever the JVM's charset makes of them. */
  static ByteString name(Path path) {
    return LayerPath.name(HostNames.bytes(path));
  }

  private static ByteString target(Path link) throws IOException {
    Path target = Files.readSymbolicLink(link);
    if (!target.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return ByteString.utf8(target.toString().replace('\\', '/'));
    }
    ByteString absolute = HostNames.bytes(target);
    if (target.isAbsolute()) {
      return absolute;
    }
    String here = HostNames.bytes(Path.of("")).latin1();
    return new ByteString(absolute.latin1().substring(here.equals("/") ? 1 : here.length() + 1));
  }
}
