package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One entry of a layer: everything of a file but its content.
 *
 * <p>A value: immutable and thread-safe. Names, targets and attribute values are bytes, as the
 * archive holds them; {@link LayerPath#normalize} makes a path of the root filesystem from one.
 * Whiteouts are the names of the OCI image specification, layer.md.
 *
 * @param path the name as found, without the trailing slashes of a directory
 * @param type what it makes
 * @param mode permission bits with setuid, setgid and sticky, 0 to 07777
 * @param uid the owner
 * @param gid the group
 * @param size the content's length in bytes, 0 for everything but a {@link EntryType#FILE}
 * @param mtimeSeconds modification time in seconds since the epoch, negative before it
 * @param mtimeNanos nanoseconds after {@code mtimeSeconds}, 0 to 999,999,999
 * @param link the target of a hard or symbolic link, else empty
 * @param deviceMajor a device's major number, else 0
 * @param deviceMinor a device's minor number, else 0
 * @param xattrs extended attributes by their full names ({@code security.capability})
 */
public record TarEntry(
    ByteString path,
    EntryType type,
    int mode,
    long uid,
    long gid,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    ByteString link,
    int deviceMajor,
    int deviceMinor,
    SortedMap<ByteString, ByteString> xattrs) {

  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";
  private static final SortedMap<ByteString, ByteString> NO_XATTRS =
      Collections.unmodifiableSortedMap(new TreeMap<>());
  private static final int MAX_DEVICE = 07777777;

  /**
   * Checks every range, and copies the attributes.
   *
   * @param path the name as found, without the trailing slashes of a directory
   * @param type what it makes
   * @param mode permission bits with setuid, setgid and sticky, 0 to 07777
   * @param uid the owner
   * @param gid the group
   * @param size the content's length in bytes, 0 for everything but a {@link EntryType#FILE}
   * @param mtimeSeconds modification time in seconds since the epoch, negative before it
   * @param mtimeNanos nanoseconds after {@code mtimeSeconds}, 0 to 999,999,999
   * @param link the target of a hard or symbolic link, else empty
   * @param deviceMajor a device's major number, else 0
   * @param deviceMinor a device's minor number, else 0
   * @param xattrs extended attributes by their full names, copied
   * @throws IllegalArgumentException if a value is out of its range, or a name holds a NUL byte
   */
  public TarEntry {
    check((mode & ~07777) == 0, path, "mode", mode);
    check(uid >= 0, path, "uid", uid);
    check(gid >= 0, path, "gid", gid);
    check(type == EntryType.FILE ? size >= 0 : size == 0, path, "size", size);
    check(mtimeNanos >= 0 && mtimeNanos < 1_000_000_000, path, "mtime nanoseconds", mtimeNanos);
    check(deviceMajor >= 0 && deviceMajor <= MAX_DEVICE, path, "device major", deviceMajor);
    check(deviceMinor >= 0 && deviceMinor <= MAX_DEVICE, path, "device minor", deviceMinor);
    check(path.latin1().indexOf(0) < 0, path, "position of a NUL byte in the path", 0);
    check(link.latin1().indexOf(0) < 0, path, "position of a NUL byte in the link", 0);
    xattrs = copyOf(xattrs);
  }

  private static void check(boolean holds, ByteString path, String what, long found) {
    if (!holds) {
      throw new IllegalArgumentException("tar entry " + path + ": bad " + what + ": " + found);
    }
  }

  private static SortedMap<ByteString, ByteString> copyOf(Map<ByteString, ByteString> xattrs) {
    return xattrs.isEmpty() ? NO_XATTRS : Collections.unmodifiableSortedMap(new TreeMap<>(xattrs));
  }

  private static TarEntry of(ByteString path, EntryType type, int mode, long size) {
    return of(path, type, mode, size, ByteString.EMPTY, 0, 0);
  }

  private static TarEntry of(
      ByteString path, EntryType type, int mode, long size, ByteString link, int major, int minor) {
    return new TarEntry(path, type, mode, 0, 0, size, 0, 0, link, major, minor, NO_XATTRS);
  }

  /**
   * A regular file of root's, with time 0.
   *
   * @param path its name
   * @param mode its permission bits
   * @param size its content's length in bytes
   * @return the entry
   */
  public static TarEntry file(ByteString path, int mode, long size) {
    return of(path, EntryType.FILE, mode, size);
  }

  /**
   * A directory of root's, with time 0.
   *
   * @param path its name; trailing slashes are dropped
   * @param mode its permission bits
   * @return the entry
   */
  public static TarEntry directory(ByteString path, int mode) {
    return of(LayerPath.withoutTrailingSlashes(path), EntryType.DIRECTORY, mode, 0);
  }

  /**
   * A symbolic link of root's, with mode 0777 and time 0.
   *
   * @param path its name
   * @param target what it points at, never interpreted
   * @return the entry
   */
  public static TarEntry symlink(ByteString path, ByteString target) {
    return of(path, EntryType.SYMLINK, 0777, 0, target, 0, 0);
  }

  /**
   * A further name of an earlier file, with mode 0644 and time 0.
   *
   * @param path its name
   * @param target the earlier entry's name
   * @return the entry
   */
  public static TarEntry hardlink(ByteString path, ByteString target) {
    return of(path, EntryType.HARDLINK, 0644, 0, target, 0, 0);
  }

  /**
   * A device of root's, with time 0.
   *
   * @param path its name
   * @param type {@link EntryType#CHAR_DEVICE} or {@link EntryType#BLOCK_DEVICE}
   * @param mode its permission bits
   * @param major its major number
   * @param minor its minor number
   * @return the entry
   * @throws IllegalArgumentException if the type is no device
   */
  public static TarEntry device(ByteString path, EntryType type, int mode, int major, int minor) {
    if (type != EntryType.CHAR_DEVICE && type != EntryType.BLOCK_DEVICE) {
      throw new IllegalArgumentException("tar entry " + path + ": " + type + " is no device");
    }
    return of(path, type, mode, 0, ByteString.EMPTY, major, minor);
  }

  /**
   * A named pipe of root's, with time 0.
   *
   * @param path its name
   * @param mode its permission bits
   * @return the entry
   */
  public static TarEntry fifo(ByteString path, int mode) {
    return of(path, EntryType.FIFO, mode, 0);
  }

  /**
   * The marker that hides a lower layer's file: an empty file named {@code dir/.wh.name}.
   *
   * @param path the hidden file's path
   * @return the marker
   */
  public static TarEntry whiteout(ByteString path) {
    ByteString name = LayerPath.name(path);
    ByteString marker = new ByteString(WHITEOUT + name.latin1());
    return file(LayerPath.join(LayerPath.parent(path), marker), 0, 0);
  }

  /**
   * The marker that hides all that lower layers hold in a directory: {@code dir/.wh..wh..opq}.
   *
   * @param directory its path, empty for the root
   * @return the marker
   */
  public static TarEntry opaque(ByteString directory) {
    return file(LayerPath.join(directory, new ByteString(OPAQUE)), 0, 0);
  }

  /**
   * Whether this hides one file of a lower layer. An opaque marker does not.
   *
   * @return true for a name {@code .wh.something}
   */
  public boolean isWhiteout() {
    return LayerPath.name(path).latin1().startsWith(WHITEOUT) && !isOpaqueMarker();
  }

  /**
   * Whether this hides all that lower layers hold in its directory.
   *
   * @return true for the name {@code .wh..wh..opq}
   */
  public boolean isOpaqueMarker() {
    return LayerPath.name(path).latin1().equals(OPAQUE);
  }

  /**
   * What a marker is about: the hidden file's path, or an opaque marker's directory.
   *
   * @return the path
   * @throws ContentException if what follows {@code .wh.} is empty, {@code .} or {@code ..}: it
   *     names no file, and honoured it would remove the directory or its parent
   * @throws IllegalStateException if this is no marker
   */
  public ByteString whiteoutTarget() {
    if (isOpaqueMarker()) {
      return LayerPath.parent(path);
    }
    if (!isWhiteout()) {
      throw new IllegalStateException("tar entry " + path + " is no whiteout");
    }
    String hidden = LayerPath.name(path).latin1().substring(WHITEOUT.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw new ContentException("whiteout " + path + " in a layer names no file");
    }
    return LayerPath.join(LayerPath.parent(path), new ByteString(hidden));
  }

  /**
   * The same under another name.
   *
   * @param newPath the name
   * @return a copy
   */
  public TarEntry withPath(ByteString newPath) {
    return new TarEntry(
        newPath,
        type,
        mode,
        uid,
        gid,
        size,
        mtimeSeconds,
        mtimeNanos,
        link,
        deviceMajor,
        deviceMinor,
        xattrs);
  }

  /**
   * The same with another owner.
   *
   * @param newUid the owner
   * @param newGid the group
   * @return a copy
   */
  public TarEntry withOwner(long newUid, long newGid) {
    return new TarEntry(
        path,
        type,
        mode,
        newUid,
        newGid,
        size,
        mtimeSeconds,
        mtimeNanos,
        link,
        deviceMajor,
        deviceMinor,
        xattrs);
  }

  /**
   * The same with other permission bits.
   *
   * @param newMode 0 to 07777
   * @return a copy
   */
  public TarEntry withMode(int newMode) {
    return new TarEntry(
        path,
        type,
        newMode,
        uid,
        gid,
        size,
        mtimeSeconds,
        mtimeNanos,
        link,
        deviceMajor,
        deviceMinor,
        xattrs);
  }

  /**
   * The same with another modification time.
   *
   * @param seconds since the epoch
   * @param nanos after that, 0 to 999,999,999
   * @return a copy
   */
  public TarEntry withMtime(long seconds, int nanos) {
    return new TarEntry(
        path, type, mode, uid, gid, size, seconds, nanos, link, deviceMajor, deviceMinor, xattrs);
  }

  /**
   * The same with another content length.
   *
   * @param newSize in bytes
   * @return a copy
   */
  public TarEntry withSize(long newSize) {
    return new TarEntry(
        path,
        type,
        mode,
        uid,
        gid,
        newSize,
        mtimeSeconds,
        mtimeNanos,
        link,
        deviceMajor,
        deviceMinor,
        xattrs);
  }

  /**
   * The same with other extended attributes, instead of those it has.
   *
   * @param newXattrs values by full names
   * @return a copy
   */
  public TarEntry withXattrs(Map<ByteString, ByteString> newXattrs) {
    return new TarEntry(
        path,
        type,
        mode,
        uid,
        gid,
        size,
        mtimeSeconds,
        mtimeNanos,
        link,
        deviceMajor,
        deviceMinor,
        copyOf(newXattrs));
  }

  /**
   * The same with another link target.
   *
   * @param newLink the target
   * @return a copy
   */
  public TarEntry withLink(ByteString newLink) {
    return new TarEntry(
        path,
        type,
        mode,
        uid,
        gid,
        size,
        mtimeSeconds,
        mtimeNanos,
        newLink,
        deviceMajor,
        deviceMinor,
        xattrs);
  }
}
