package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/** Walks a tree and writes down what it is; see {@link Snapshot}. Not thread-safe. */
final class SnapshotWriter implements AutoCloseable {
  private static final int STATS = 256;
  private static final int DIRECTORY_FLAGS =
      Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW | Linux.O_CLOEXEC;

  private final Task task;
  private final DataOutputStream out;
  private final SyscallProgram program = new SyscallProgram(STATS, STATS * (Stat.SIZE + 300));

  private SnapshotWriter(Task task, Path file) throws IOException {
    this.task = task;
    this.out =
        new DataOutputStream(
            new BufferedOutputStream(new FileOutputStream(file.toFile()), 1 << 18));
  }

  /** Writes a snapshot of what an open directory holds. */
  static void write(Task task, int root, List<String> layers, Path file) throws IOException {
    try (SnapshotWriter writer = new SnapshotWriter(task, file)) {
      writer.write(root, layers);
    }
  }

  private long position;

  private void write(int root, List<String> layers) throws IOException {
    long rootBlock = tree(root);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream tail = new DataOutputStream(bytes);
    tail.writeInt(Snapshot.MAGIC);
    tail.writeInt(layers.size());
    for (String layer : layers) {
      tail.writeUTF(layer);
    }
    tail.writeLong(position);
    tail.writeLong(rootBlock);
    out.write(bytes.toByteArray());
  }

  /** A directory's block, in which the places of its directories' blocks are filled in. */
  private static final class Level {
    final byte[] block;
    private final List<ByteString> directories;
    private final List<Integer> places;
    private int next;

    Level(byte[] block, List<ByteString> directories, List<Integer> places) {
      this.block = block;
      this.directories = directories;
      this.places = places;
    }

    boolean isDone() {
      return next == directories.size();
    }

    ByteString directory() {
      return directories.get(next);
    }

    /** Notes where the block of the directory lies, which is done with it. */
    void written(long at) {
      ByteBuffer.wrap(block).putLong(places.get(next), at);
      next++;
    }
  }

  /** Writes the blocks of all below a directory first, then its own; returns where that lies. */
  private long tree(int root) throws IOException {
    Deque<Level> levels = new ArrayDeque<>();
    try (Descent descent = new Descent(task, root)) {
      levels.push(level(root, ByteString.EMPTY));
      while (true) {
        Level level = levels.getFirst();
        if (!level.isDone()) {
          int fd = open(descent.fd(), level.directory());
          descent.enter(fd);
          levels.push(level(fd, level.directory()));
          continue;
        }
        long at = write(level.block);
        levels.pop();
        if (levels.isEmpty()) {
          return at;
        }
        leave(descent, levels.getFirst());
        levels.getFirst().written(at);
      }
    }
  }

  private static void leave(Descent descent, Level above) {
    if (!descent.leave()) {
      throw new OperationException(
          "cannot note what the tree is: the directory of "
              + above.directory()
              + " was moved while it was read: try again when nothing changes it");
    }
  }

  private long write(byte[] block) throws IOException {
    long at = position;
    out.writeInt(block.length);
    out.write(block);
    position += 4L + block.length;
    return at;
  }

  private Level level(int fd, ByteString path) throws IOException {
    List<ByteString> names = Directory.names(task, fd, path);
    names.sort(null);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(16 + 64 * names.size());
    DataOutputStream block = new DataOutputStream(bytes);
    block.writeInt(names.size());
    List<ByteString> directories = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int from = 0; from < names.size(); from += STATS) {
      List<ByteString> some = names.subList(from, Math.min(names.size(), from + STATS));
      List<Snapshot.Stamp> stamps = stamps(fd, some);
      for (int i = 0; i < some.size(); i++) {
        entry(some.get(i), stamps.get(i), block);
        if (stamps.get(i).isDirectory()) {
          directories.add(some.get(i));
          places.add(block.size());
        }
        block.writeLong(0);
      }
    }
    return new Level(bytes.toByteArray(), directories, places);
  }

  private List<Snapshot.Stamp> stamps(int fd, List<ByteString> names) {
    program.reset();
    long stats = program.memory.zeroed((long) Stat.SIZE * names.size());
    for (int i = 0; i < names.size(); i++) {
      program.call(
          names.get(i),
          Sys.STATX,
          fd,
          program.memory.string(names.get(i)),
          Linux.AT_SYMLINK_NOFOLLOW,
          Stat.BASIC | Stat.BIRTH,
          stats + (long) Stat.SIZE * i);
    }
    task.run(program);
    return IntStream.range(0, names.size())
        .mapToObj(i -> Snapshot.Stamp.of(stats + (long) Stat.SIZE * i))
        .toList();
  }

  private static void entry(ByteString name, Snapshot.Stamp stamp, DataOutputStream block)
      throws IOException {
    block.writeShort(name.length());
    block.write(name.toBytes());
    block.writeShort(stamp.format());
    block.writeLong(stamp.inode());
    block.writeLong(stamp.ctimeSeconds());
    block.writeInt(stamp.ctimeNanos());
    block.writeLong(stamp.birth());
  }

  private int open(int parent, ByteString name) {
    program.reset();
    program.call(name, Sys.OPENAT, parent, program.memory.string(name), DIRECTORY_FLAGS);
    task.run(program);
    return (int) program.result(0);
  }

  @Override
  public void close() throws IOException {
    program.close();
    out.close();
  }
}
