package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);
    private String before = "";
    private int count;

    /** Adds an entry, as found in the tar. */
    void add(TarEntry entry, long offset) {
      try {
        write(entry, offset);
        count++;
      } catch (IOException e) {
        throw new UncheckedIOException("memory can always be written", e);
      }
    }

    private void write(TarEntry entry, long offset) throws IOException {
      String path = entry.path().latin1();
      int common = common(before, path);
      before = path;
      out.writeByte(TYPES.indexOf(entry.type()));
      out.writeShort(common);
      string(path.substring(common));
      out.writeShort(entry.mode());
      out.writeLong(entry.uid());
      out.writeLong(entry.gid());
      if (entry.type() == EntryType.FILE) {
        out.writeLong(entry.size());
        out.writeLong(offset);
      }
      out.writeLong(entry.mtimeSeconds());
      out.writeInt(entry.mtimeNanos());
      if (entry.type() == EntryType.SYMLINK || entry.type() == EntryType.HARDLINK) {
        string(entry.link().latin1());
      } else if (entry.type() == EntryType.CHAR_DEVICE || entry.type() == EntryType.BLOCK_DEVICE) {
        out.writeInt(entry.deviceMajor());
        out.writeInt(entry.deviceMinor());
      }
      out.writeShort(entry.xattrs().size());
      for (Map.Entry<ByteString, ByteString> each : entry.xattrs().entrySet()) {
        string(each.getKey().latin1());
        string(each.getValue().latin1());
      }
    }

    private void string(String latin1) throws IOException {
      byte[] content = latin1.getBytes(StandardCharsets.ISO_8859_1);
      out.writeInt(content.length);
      out.write(content);
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
      byte[] body = bytes.toByteArray();
      ByteBuffer file = ByteBuffer.allocate(HEAD + body.length);
      file.putInt(MAGIC).putInt(0).putInt(count).put(body);
      file.putInt(4, crc(file.array()));
      return file.array();
    }
  }
}
