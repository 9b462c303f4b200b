package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
public record LayerIndex(List<Item> items) {
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
  public record Item(TarEntry entry, long offset) {}

  /**
   * Reads an index.
   *
   * @param heap what its entries are taken from, as parts of a tree
   * @return the index, or null if the bytes are none, or damaged
   */
  public static @Nullable LayerIndex parse(byte[] bytes, HeapBudget heap) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    if (bytes.length < HEAD || buffer.getInt() != MAGIC || buffer.getInt() != crc(bytes)) {
      return null;
    }
    try {
      int count = buffer.getInt();
      heap.take((long) HeapBudget.NODE * count + bytes.length);
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

  /** Gathers a layer's entries, in blocks. */
  public static final class Writer {
    private static final int BLOCK = 1 << 16;
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final HeapBudget heap;
    private final List<byte[]> full = new ArrayList<>();
    private byte[] block = new byte[BLOCK];
    private int length;
    private String before = "";
    private int count;
    private boolean unnamed;
    private boolean rootApart;

    /** What it holds is taken from a budget. */
    public Writer(HeapBudget heap) {
      this.heap = heap;
    }

    /** Notes what the paths of all its entries tell of the layer. */
    void setShape(LayerPaths paths) {
      unnamed = paths.hasUnnamed();
      rootApart = paths.isRootApart();
    }

    /** Whether entries lie in directories that have none of their own. */
    public boolean hasUnnamed() {
      return unnamed;
    }

    /** Whether the layer gives its root a mode, an owner or attributes that roots seldom have. */
    public boolean isRootApart() {
      return rootApart;
    }

    /** Adds an entry, as found in the tar. */
    public void add(TarEntry entry, long offset) {
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
      if (entry.type() == EntryType.DIRECTORY) {
        heap.take(HeapBudget.DIRECTORY);
      } else if (entry.type() == EntryType.SYMLINK || entry.type() == EntryType.HARDLINK) {
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
      if (BLOCK - length < Long.BYTES) {
        numberAtEnd(octets, value);
        return;
      }
      // What is too many is written over by what comes next.
      LONGS.set(block, length, value << (Long.SIZE - 8 * octets));
      length += octets;
    }

    private void numberAtEnd(int octets, long value) {
      for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
        room();
        block[length++] = (byte) (value >>> shift);
      }
    }

    private void string(String latin1) {
      byte[] content = latin1.getBytes(StandardCharsets.ISO_8859_1);
      number(4, content.length);
      for (int done = 0; done < content.length; ) {
        room();
        int n = Math.min(content.length - done, BLOCK - length);
        System.arraycopy(content, done, block, length, n);
        length += n;
        done += n;
      }
    }

    private void room() {
      if (length == BLOCK) {
        heap.take(BLOCK);
        full.add(block);
        block = new byte[BLOCK];
        length = 0;
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

    /** Writes the index's file. */
    public void writeTo(OutputStream out) throws IOException {
      byte[] number = ByteBuffer.allocate(4).putInt(count).array();
      CRC32C crc = new CRC32C();
      crc.update(number);
      full.forEach(crc::update);
      crc.update(block, 0, length);
      out.write(ByteBuffer.allocate(8).putInt(MAGIC).putInt((int) crc.getValue()).array());
      out.write(number);
      for (byte[] each : full) {
        out.write(each);
      }
      out.write(block, 0, length);
    }

    /** The index's file, which is to be read back at once. */
    public byte[] toBytes() {
      long size = HEAD + (long) BLOCK * full.size() + length;
      heap.take(size);
      ByteArrayOutputStream out = new ByteArrayOutputStream(Math.toIntExact(size));
      try {
        writeTo(out);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return out.toByteArray();
    }
  }
}
