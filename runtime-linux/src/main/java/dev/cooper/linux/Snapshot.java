package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a tree was at one time: of each path its kind, inode and time of change, in a file.
 *
 * <p>A directory's names lie in one block, in order, each with the place of its own block; so a
 * comparison holds the blocks of the directories it is in and nothing else, however many files
 * there are. The file ends with the place of the root's block. Not thread-safe.
 */
final class Snapshot implements AutoCloseable {
  static final int MAGIC = 0x43534e32;

  private final RandomAccessFile file;
  private final List<String> layers;
  private final long root;

  /**
   * What tells whether something is still what it was.
   *
   * @param format its kind, as in a mode
   * @param inode its number
   * @param ctimeSeconds when it was changed, in whole seconds
   * @param ctimeNanos and nanoseconds
   * @param birth when its inode was made, in nanoseconds: a number may be given to another; 0 where
   *     the file system does not know
   */
  record Stamp(int format, long inode, long ctimeSeconds, int ctimeNanos, long birth) {
    /** From what statx wrote, asked for the time of birth too. */
    static Stamp of(long stat) {
      return new Stamp(
          Stat.format(stat),
          Stat.inode(stat),
          Stat.ctimeSeconds(stat),
          Stat.ctimeNanos(stat),
          Stat.birth(stat));
    }

    boolean isDirectory() {
      return format == Linux.S_IFDIR;
    }

    /** Whether it is the same directory, changed or not. */
    boolean isSameDirectory(Stamp other) {
      return isDirectory() && other.isDirectory() && inode == other.inode && birth == other.birth;
    }
  }

  /**
   * The names of a directory.
   *
   * @param names in order
   * @param stamps of each
   * @param blocks of each that is a directory; else 0
   */
  record Block(List<ByteString> names, List<Stamp> stamps, List<Long> blocks) {
    int find(ByteString name) {
      return Collections.binarySearch(names, name);
    }
  }

  private Snapshot(RandomAccessFile file, List<String> layers, long root) {
    this.file = file;
    this.layers = layers;
    this.root = root;
  }

  /** Opens one that was written as a whole. */
  static Snapshot open(Path path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
    try {
      file.seek(file.length() - 16);
      long end = file.readLong();
      long root = file.readLong();
      file.seek(end);
      if (file.readInt() != MAGIC) {
        throw new IOException(path + " is no snapshot of a tree, or is damaged");
      }
      List<String> layers = new ArrayList<>();
      for (int count = file.readInt(); count > 0; count--) {
        layers.add(file.readUTF());
      }
      return new Snapshot(file, layers, root);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** The names of the layers that the tree was made of, the lowest first. */
  List<String> layers() {
    return layers;
  }

  Block root() throws IOException {
    return block(root);
  }

  Block block(long at) throws IOException {
    file.seek(at);
    byte[] bytes = new byte[file.readInt()];
    file.readFully(bytes);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int count = in.getInt();
    List<ByteString> names = new ArrayList<>(count);
    List<Stamp> stamps = new ArrayList<>(count);
    List<Long> blocks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] name = new byte[in.getShort()];
      in.get(name);
      names.add(ByteString.of(name));
      stamps.add(
          new Stamp(in.getShort() & 0xffff, in.getLong(), in.getLong(), in.getInt(), in.getLong()));
      blocks.add(in.getLong());
    }
    return new Block(names, stamps, blocks);
  }

  /** What was at a path, or null. */
  @Nullable Stamp find(ByteString path) throws IOException {
    Block block = root();
    Stamp found = null;
    for (String name : path.latin1().split("/", -1)) {
      int at = block == null ? -1 : block.find(new ByteString(name));
      if (at < 0 || block == null) {
        return null;
      }
      found = block.stamps().get(at);
      block = found.isDirectory() ? block(block.blocks().get(at)) : null;
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
