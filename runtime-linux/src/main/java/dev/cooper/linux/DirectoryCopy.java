package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_SYMLINK_NOFOLLOW;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_CREAT;
import static dev.cooper.linux.Linux.O_EXCL;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_RDONLY;
import static dev.cooper.linux.Linux.O_WRONLY;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies one directory after the other, without what its directories hold, as programs of many
 * files each. Not thread-safe.
 */
final class DirectoryCopy implements AutoCloseable {
  private static final int ROWS = 1024;
  private static final int ROWS_OF_A_FILE = 10;
  private static final int BYTES = 512 << 10;
  private static final int XATTR_NAMES = 256;
  private static final int LARGE = 1 << 20;
  private static final int PATH = 4096;

  private final Lane lane;
  private final RootPaths target;
  private final CopyLinks links;
  private final CopyContent content;
  private final TreeBatch batch = new TreeBatch(ROWS, BYTES);
  private final List<Listed> listed = new ArrayList<>();
  private final Memory stats = new Memory(Stat.SIZE * 4);
  private final long stat = stats.zeroed(Stat.SIZE);

  /** A file whose names of attributes a row has listed. */
  private record Listed(MergedDirectory.Entry entry, int row, long names) {}

  DirectoryCopy(Lane lane, int target, CopyLinks links) {
    this.lane = lane;
    this.target = new RootPaths(lane, target);
    this.links = links;
    this.content = new CopyContent(lane);
  }

  /** Copies a directory; returns those that it holds, which are made and empty. */
  List<TreeCopier.Place> copy(TreeCopier.Place place) {
    List<Integer> open = new ArrayList<>();
    int to = target.openDirectory(place.path());
    try {
      MergedDirectory merged = new MergedDirectory();
      for (int layer : place.layers()) {
        int fd = new RootPaths(lane, layer).openDirectory(place.path());
        open.add(fd);
        merged.below(lane, layer, fd, place.path());
        if (merged.isOpaque() || isOpaque(fd)) {
          break;
        }
      }
      List<TreeCopier.Place> below = new ArrayList<>();
      for (MergedDirectory.Entry entry : merged.entries()) {
        if (entry.isHiding()) {
          continue;
        }
        Memory.IO.putByteArray(stat, entry.stat, 0, Stat.SIZE);
        if (!Stat.isWhiteout(stat)) {
          copy(entry, to, place.path(), below);
        }
      }
      flush(to);
      if (!open.isEmpty()) {
        attributes(open.get(0), to, place.path());
      }
      return below;
    } finally {
      open.forEach(fd -> TreeRemover.close(lane, fd));
      TreeRemover.close(lane, to);
    }
  }

  private boolean isOpaque(int fd) {
    try (XattrReader xattrs = new XattrReader(lane)) {
      xattrs.of(fd);
      return xattrs.opaque();
    }
  }

  private void copy(
      MergedDirectory.Entry entry, int to, ByteString in, List<TreeCopier.Place> below) {
    ByteString path = TreeCopier.in(in, entry.name);
    if (!batch.hasRoom(ROWS_OF_A_FILE, XATTR_NAMES + PATH)) {
      flush(to);
    }
    long name = batch.memory().string(entry.name);
    switch (Stat.format(stat)) {
      case Linux.S_IFDIR -> {
        batch.add(path, Sys.MKDIRAT, to, name, 0700);
        below.add(new TreeCopier.Place(path, entry.layers));
      }
      case Linux.S_IFREG -> {
        if (Stat.nlink(stat) == 1
            || links.isCopied(entry.layer, Stat.inode(stat), path, Stat.size(stat))) {
          file(entry, to, path, name);
        }
      }
      case Linux.S_IFLNK -> {
        // Read first: its target is not in the batch's memory before the batch runs.
        batch.add(path, Sys.SYMLINKAT, batch.memory().string(linkTarget(entry, path)), to, name);
        byName(to, path, name);
      }
      default -> {
        long device =
            (Stat.deviceMinor(stat) & 0xffL)
                | (long) Stat.deviceMajor(stat) << 8
                | (Stat.deviceMinor(stat) & ~0xffL) << 12;
        batch.add(path, Sys.MKNODAT, to, name, Stat.mode(stat), device);
        byName(to, path, name);
      }
    }
  }

  private ByteString linkTarget(MergedDirectory.Entry entry, ByteString path) {
    try (SyscallProgram program = new SyscallProgram(1, PATH + 512)) {
      long at = program.memory.allocate(PATH);
      long name = program.memory.string(entry.name);
      program.call(path, Sys.READLINKAT, entry.directory, name, at, PATH);
      lane.run(program);
      return StatEntries.bytes(at, (int) program.result(0));
    }
  }

  private void byName(int to, ByteString path, long name) {
    batch.add(path, Sys.FCHOWNAT, to, name, Stat.uid(stat), Stat.gid(stat), AT_SYMLINK_NOFOLLOW);
    batch.add(path, Sys.UTIMENSAT, to, name, times(), AT_SYMLINK_NOFOLLOW);
  }

  private long times() {
    return batch.times(Stat.mtimeSeconds(stat), Stat.mtimeNanos(stat));
  }

  private void file(MergedDirectory.Entry entry, int to, ByteString path, long name) {
    SyscallProgram program = batch.program();
    long size = Stat.size(stat);
    int from =
        batch.add(
            path,
            Sys.OPENAT,
            entry.directory,
            name,
            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int into =
        batch.add(
            path, Sys.OPENAT, to, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (size > 0) {
      boolean sparse = Stat.diskBytes(stat) < size;
      content.add(batch, path, from, into, size, sparse || size > LARGE);
    }
    long names = batch.memory().allocate(XATTR_NAMES);
    int list = program.tolerate(path, Sys.FLISTXATTR, 0, names, XATTR_NAMES);
    int owner = batch.add(path, Sys.FCHOWN, 0, Stat.uid(stat), Stat.gid(stat));
    int mode = batch.add(path, Sys.FCHMOD, 0, Stat.mode(stat) & 07777);
    int times = batch.add(path, Sys.UTIMENSAT, 0, 0, times(), 0);
    int closeFrom = batch.add(path, Sys.CLOSE, 0);
    int closeInto = batch.add(path, Sys.CLOSE, 0);
    program.resultOf(list, 0, from).resultOf(closeFrom, 0, from);
    for (int row : new int[] {owner, mode, times, closeInto}) {
      program.resultOf(row, 0, into);
    }
    listed.add(new Listed(entry, list, names));
  }

  /** Runs what was composed, and then copies the attributes of the few files that have some. */
  private void flush(int to) {
    if (batch.program().size() > 0) {
      batch.submit(lane);
      batch.finish(lane);
    }
    List<MergedDirectory.Entry> attributed = new ArrayList<>();
    for (Listed each : listed) {
      long length = batch.program().result(each.row);
      if (length > 0 && XattrReader.anyKept(each.names, length)
          || batch.program().errno(each.row) == Linux.ERANGE) {
        attributed.add(each.entry);
      }
    }
    listed.clear();
    batch.reset();
    attributed.forEach(entry -> xattrs(entry, to));
  }

  private void xattrs(MergedDirectory.Entry entry, int to) {
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int from = open(entry.directory, entry.name, flags);
    int into = open(to, entry.name, flags);
    try {
      xattrs(from, into, entry.name);
    } finally {
      TreeRemover.close(lane, from);
      TreeRemover.close(lane, into);
    }
  }

  private int open(int directory, ByteString name, int flags) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      program.call(name, Sys.OPENAT, directory, program.memory.string(name), flags);
      lane.run(program);
      return (int) program.result(0);
    }
  }

  private void xattrs(int from, int into, ByteString subject) {
    try (XattrReader reader = new XattrReader(lane)) {
      reader
          .of(from)
          .forEach(
              (name, value) -> {
                try (SyscallProgram program = new SyscallProgram(1, 128 << 10)) {
                  long at = program.memory.bytes(value.toBytes());
                  program.call(
                      subject + " " + name,
                      Sys.FSETXATTR,
                      into,
                      program.memory.string(name),
                      at,
                      value.length(),
                      0);
                  lane.run(program);
                }
              });
    }
  }

  /** The directory's own, once all is made in it. */
  private void attributes(int from, int to, ByteString path) {
    xattrs(from, to, path);
    try (SyscallProgram program = SyscallProgram.small()) {
      long empty = program.memory.string("");
      program.call(path, Sys.STATX, from, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      program.reset();
      long times = program.memory.allocate(32);
      TreeBatch.putTimes(times, Stat.mtimeSeconds(stat), Stat.mtimeNanos(stat));
      program.call(path, Sys.FCHOWN, to, Stat.uid(stat), Stat.gid(stat));
      program.call(path, Sys.FCHMOD, to, Stat.mode(stat) & 07777);
      program.call(path, Sys.UTIMENSAT, to, 0, times, 0);
      lane.run(program);
    }
  }

  @Override
  public void close() {
    batch.close();
    content.close();
    stats.close();
  }
}
