package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a layer holds and where, in the order of its tar.
 *
 * <p>As a file: the magic number, a CRC-32C of the rest, the number of entries, and each of them;
 * an entry's path is written as the number of bytes it has in common with the one before, and the
 * rest.
 *
 * @param items the layer's entries
 */
record LayerIndex(List<Item> items) {
  private static final int MAGIC = 0x43495832;
  private static final int HEAD = 12;
  private static final SortedMap<ByteString, ByteString> NO_XATTRS =
      Collections.unmodifiableSortedMap(new TreeMap<>());
  private static final List<EntryType> TYPES = List.of(EntryType.values());

  /**
   * An entry, and where its content begins.
   *
   * @param entry as found in the tar
   * @param offset of its content in the uncompressed tar, or -1 if it does not lie in one piece
   */
  record Item(TarEntry entry, long offset) {}

  /**
   * Reads an index.
   *
   * @return the index, or null if the bytes are none, or damaged
   */
  static @Nullable LayerIndex parse(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    if (bytes.length < HEAD || buffer.getInt() != MAGIC || buffer.getInt() != crc(bytes)) {
      return null;
    }
    try {
      int count = buffer.getInt();
      List<Item> items = new ArrayList<>(Math.min(count, bytes.length));
      String before = "";
      for (int i = 0; i < count; i++) {
        Item item = item(buffer, before);
        before = item.entry.path().latin1();
        items.add(item);
      }
      return new LayerIndex(items);
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return null; // as good as none: it is made again from the blob
    }
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 8, bytes.length - 8);
    return (int) crc.getValue();
  }

  private static Item item(ByteBuffer in, String before) {
    EntryType type = TYPES.get(in.get());
    String path = before.substring(0, in.getShort()) + string(in);
    int mode = in.getShort();
    long uid = in.getLong();
    long gid = in.getLong();
    long size = type == EntryType.FILE ? in.getLong() : 0;
    long offset = type == EntryType.FILE ? in.getLong() : -1;
    long seconds = in.getLong();
    int nanos = in.getInt();
    boolean link = type == EntryType.SYMLINK || type == EntryType.HARDLINK;
    ByteString target = link ? new ByteString(string(in)) : ByteString.EMPTY;
    boolean device = type == EntryType.CHAR_DEVICE || type == EntryType.BLOCK_DEVICE;
    int major = device ? in.getInt() : 0;
    int minor = device ? in.getInt() : 0;
    SortedMap<ByteString, ByteString> xattrs = xattrs(in);
    return new Item(
        new TarEntry(
            new ByteString(path),
            type,
            mode,
            uid,
            gid,
            size,
            seconds,
            nanos,
            target,
            major,
            minor,
            xattrs),
        offset);
  }

  private static SortedMap<ByteString, ByteString> xattrs(ByteBuffer in) {
    int count = in.getShort();
    if (count == 0) {
      return NO_XATTRS;
    }
    SortedMap<ByteString, ByteString> xattrs = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      xattrs.put(new ByteString(string(in)), new ByteString(string(in)));
    }
    return xattrs;
  }

  private static String string(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Gathers a layer's entries. */
  static final class Writer {
    private byte[] bytes = new byte[1 << 16];
    private int length;
    private String before = "";
    private int count;

    /** Adds an entry, as found in the tar. */
    void add(TarEntry entry, long offset) {
      String path = entry.path().latin1();
      int common = common(before, path);
      before = path;
      number(1, TYPES.indexOf(entry.type()));
      number(2, common);
      string(path.substring(common));
      number(2, entry.mode());
      number(8, entry.uid());
      number(8, entry.gid());
      if (entry.type() == EntryType.FILE) {
        number(8, entry.size());
        number(8, offset);
      }
      number(8, entry.mtimeSeconds());
      number(4, entry.mtimeNanos());
      if (entry.type() == EntryType.SYMLINK || entry.type() == EntryType.HARDLINK) {
        string(entry.link().latin1());
      } else if (entry.type() == EntryType.CHAR_DEVICE || entry.type() == EntryType.BLOCK_DEVICE) {
        number(4, entry.deviceMajor());
        number(4, entry.deviceMinor());
      }
      number(2, entry.xattrs().size());
      for (Map.Entry<ByteString, ByteString> each : entry.xattrs().entrySet()) {
        string(each.getKey().latin1());
        string(each.getValue().latin1());
      }
      count++;
    }

    /** Big-endian. */
    private void number(int octets, long value) {
      room(octets);
      for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
        bytes[length++] = (byte) (value >>> shift);
      }
    }

    private void string(String latin1) {
      byte[] content = latin1.getBytes(StandardCharsets.ISO_8859_1);
      number(4, content.length);
      room(content.length);
      System.arraycopy(content, 0, bytes, length, content.length);
      length += content.length;
    }

    private void room(int octets) {
      if (bytes.length - length < octets) {
        bytes = Arrays.copyOf(bytes, Math.addExact(length, Math.max(length, octets)));
      }
    }

    private static int common(String a, String b) {
      int most = Math.min(Math.min(a.length(), b.length()), Short.MAX_VALUE);
      int i = 0;
      while (i < most && a.charAt(i) == b.charAt(i)) {
        i++;
      }
      return i;
    }

    /** The index's file. */
    byte[] toBytes() {
      ByteBuffer file = ByteBuffer.allocate(HEAD + length);
      file.putInt(MAGIC).putInt(0).putInt(count).put(bytes, 0, length);
      file.putInt(4, crc(file.array()));
      return file.array();
    }
  }
}
