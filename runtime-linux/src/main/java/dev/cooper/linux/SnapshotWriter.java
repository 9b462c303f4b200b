package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
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
    long rootBlock = directory(root, ByteString.EMPTY);
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

  /** Writes the blocks of all below first, then its own; returns where it lies. */
  private long directory(int fd, ByteString path) throws IOException {
    List<ByteString> names = Directory.names(task, fd, path);
    names.sort(null);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(16 + 64 * names.size());
    DataOutputStream block = new DataOutputStream(bytes);
    block.writeInt(names.size());
    for (int from = 0; from < names.size(); from += STATS) {
      List<ByteString> some = names.subList(from, Math.min(names.size(), from + STATS));
      List<Snapshot.Stamp> stamps = stamps(fd, some);
      for (int i = 0; i < some.size(); i++) {
        entry(fd, some.get(i), stamps.get(i), block);
      }
    }
    long at = position;
    out.writeInt(bytes.size());
    bytes.writeTo(out);
    position += 4L + bytes.size();
    return at;
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

  private void entry(int fd, ByteString name, Snapshot.Stamp stamp, DataOutputStream block)
      throws IOException {
    block.writeShort(name.length());
    block.write(name.toBytes());
    block.writeShort(stamp.format());
    block.writeLong(stamp.inode());
    block.writeLong(stamp.ctimeSeconds());
    block.writeInt(stamp.ctimeNanos());
    block.writeLong(stamp.birth());
    block.writeLong(stamp.isDirectory() ? below(fd, name) : 0);
  }

  private long below(int parent, ByteString name) throws IOException {
    program.reset();
    program.call(name, Sys.OPENAT, parent, program.memory.string(name), DIRECTORY_FLAGS);
    task.run(program);
    int fd = (int) program.result(0);
    try {
      return directory(fd, name);
    } finally {
      TreeRemover.close(task, fd);
    }
  }

  @Override
  public void close() throws IOException {
    program.close();
    out.close();
  }
}
