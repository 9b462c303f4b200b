package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The extended attribute {@code security.capability}, as an image may hold it: of version 2.
 *
 * <p>Version 3 also names the user namespace that it was made in, by the id that root has there. In
 * an image that id means nothing, and no other user namespace can set it. The kernel reads version
 * 1, which has 32 capabilities, and lets nobody set it. Source: the kernel's {@code
 * include/uapi/linux/capability.h}, {@code struct vfs_ns_cap_data}.
 */
public final class FileCapability {
  /** The attribute's name. */
  public static final ByteString NAME = ByteString.utf8("security.capability");

  /** What is told of a file whose capability is malformed. */
  public static final String LEFT_OUT = "the attribute " + NAME + " is malformed and was left out";

  private static final int EFFECTIVE = 1;
  private static final int LENGTH_1 = 12;
  private static final int LENGTH_2 = 20;
  private static final int LENGTH_3 = 24;

  private FileCapability() {}

  /**
   * The attribute's value in version 2.
   *
   * @param value as found, in any version
   * @return the value without a namespace's id; null if it is malformed
   */
  public static @Nullable ByteString normalized(ByteString value) {
    byte[] bytes = value.toBytes();
    if (bytes.length < LENGTH_1 || (bytes[0] & ~EFFECTIVE) != 0 || bytes[1] != 0 || bytes[2] != 0) {
      return null;
    }
    if (bytes[3] == 2 && bytes.length == LENGTH_2) {
      return value;
    }
    boolean known = bytes[3] == 1 ? bytes.length == LENGTH_1 : bytes.length == LENGTH_3;
    if (!known || bytes[3] < 1 || bytes[3] > 3 || bytes[3] == 2) {
      return null;
    }
    byte[] second = new byte[LENGTH_2];
    System.arraycopy(bytes, 0, second, 0, Math.min(bytes.length, LENGTH_2));
    second[3] = 2;
    return ByteString.of(second);
  }

  /**
   * An entry whose capability is of version 2; a malformed one is left out.
   *
   * @param entry as found
   * @param notices told what was left out
   * @return the same entry where there is nothing to change
   */
  public static TarEntry normalized(TarEntry entry, Consumer<String> notices) {
    @Nullable ByteString found = entry.xattrs().get(NAME);
    @Nullable ByteString wanted = found == null ? null : normalized(found);
    if (found == null || found.equals(wanted)) {
      return entry;
    }
    SortedMap<ByteString, ByteString> xattrs = new TreeMap<>(entry.xattrs());
    if (wanted == null) {
      notices.accept(entry.path() + ": " + LEFT_OUT);
      xattrs.remove(NAME);
    } else {
      xattrs.put(NAME, wanted);
    }
    return entry.withXattrs(xattrs);
  }

  /**
   * Whether an entry's capability is to be changed before it may be in an image.
   *
   * @param xattrs the entry's
   * @return whether {@link #normalized(TarEntry, Consumer)} gives another entry
   */
  public static boolean isToChange(Map<ByteString, ByteString> xattrs) {
    @Nullable ByteString found = xattrs.get(NAME);
    return found != null && !found.equals(normalized(found));
  }
}
