package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.FileCapability;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tree in canonical order, small files by the hundred in one program, and never follows a
 * link below its root.
 *
 * <p>What it is compared with says what is left out, and what has gone and becomes a whiteout.
 * Times are in whole seconds, as every builder writes them. Not thread-safe.
 */
final class TreeReader implements AutoCloseable {
  private static final int STATS = 256;
  private static final int DEEP_STATS = 16;
  private static final int DEEP = 64;
  private static final int SMALL = 64 << 10;
  private static final int LARGE_CHUNK = 1 << 20;
  private static final int CONTENT = 1 << 20;
  private static final int ROWS = 1024;
  private static final int ROWS_OF_A_FILE = 4;
  private static final int XATTR_NAMES = 512;
  private static final int FILE_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  private static final int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

  private final Task task;
  private final EntrySink sink;
  private final TreeFilter filter;
  private final Consumer<String> notices;
  private final GatheredNotices gathered = new GatheredNotices();
  private final Baseline baseline;
  private final SyscallProgram stats = new SyscallProgram(STATS, STATS * (Stat.SIZE + 300));
  private final SyscallProgram contents = new SyscallProgram(ROWS, CONTENT + (512 << 10));
  private final XattrReader xattrs;
  private final byte[] buffer = new byte[LARGE_CHUNK];
  private final Map<FoundEntry.Inode, ByteString> links = new HashMap<>();
  private final Deque<TarEntry> untaken = new ArrayDeque<>();
  private final List<FoundEntry> run = new ArrayList<>();

  /** A name in a directory, as errors name it. */
  private record Child(ByteString directory, ByteString name) {
    @Override
    public String toString() {
      return LayerPath.join(directory, name).toString();
    }
  }

  /**
   * A reader.
   *
   * @param baseline what the tree's root is compared with
   */
  TreeReader(
      Task task, EntrySink sink, TreeFilter filter, Consumer<String> notices, Baseline baseline) {
    this.task = task;
    this.xattrs = new XattrReader(task);
    this.sink = sink;
    this.filter = filter;
    this.notices = notices;
    this.baseline = baseline;
  }

  /** Reads what an open directory holds, and the directory itself first, if it is taken. */
  void readDirectory(int fd, boolean itself) throws IOException {
    if (itself) {
      emit(rootEntry(fd));
    }
    walk(fd);
    gathered.tell(notices);
  }

  /** Reads one name that is no directory, as an entry with an empty path. */
  void readFile(int parent, ByteString name) throws IOException {
    for (FoundEntry found : stat(parent, ByteString.EMPTY, List.of(name), null)) {
      add(parent, found);
    }
    flush(parent);
    gathered.tell(notices);
  }

  private TarEntry rootEntry(int fd) {
    long at;
    stats.reset();
    at = stats.memory.zeroed(Stat.SIZE);
    stats.call("/", Sys.STATX, fd, stats.memory.string(""), Linux.AT_EMPTY_PATH, Stat.BASIC, at);
    task.run(stats);
    return attributed(StatEntries.of(ByteString.EMPTY, at), fd);
  }

  private void walk(int root) throws IOException {
    Deque<ReaderLevel> levels = new ArrayDeque<>();
    try (Descent descent = new Descent(task, root)) {
      levels.push(level(root, ByteString.EMPTY, baseline, false));
      while (!levels.isEmpty()) {
        ReaderLevel level = levels.getFirst();
        @Nullable FoundEntry directory = nextDirectory(descent, level);
        if (directory == null) {
          leave(descent, levels);
        } else {
          enter(descent, levels, directory);
        }
      }
    }
  }

  private ReaderLevel level(int fd, ByteString path, Baseline compared, boolean isUntaken) {
    List<ByteString> names = Directory.names(task, fd, path);
    names.sort(null);
    return new ReaderLevel(path, compared, isUntaken, names);
  }

  /** Reads what is no directory, up to the next directory; null if there is no more. */
  private @Nullable FoundEntry nextDirectory(Descent descent, ReaderLevel level)
      throws IOException {
    int fd = descent.fd();
    do {
      while (level.hasFound()) {
        FoundEntry found = level.next();
        addGone(fd, level, found.name);
        if (found.entry.type() == EntryType.DIRECTORY) {
          flush(fd);
          return found;
        }
        add(fd, found);
      }
      flush(fd);
    } while (findMore(descent, level));
    addGone(fd, level, null);
    flush(fd);
    return null;
  }

  /** What lies far down has long paths, and its siblings on all levels wait: fewer at a time. */
  private boolean findMore(Descent descent, ReaderLevel level) {
    List<ByteString> some = level.names(descent.depth() < DEEP ? STATS : DEEP_STATS);
    level.found(some.isEmpty() ? List.of() : stat(descent.fd(), level.path, some, level.compared));
    return !some.isEmpty();
  }

  private void addGone(int fd, ReaderLevel level, @Nullable ByteString before) throws IOException {
    for (ByteString gone = level.gone(before); gone != null; gone = level.gone(before)) {
      add(fd, FoundEntry.gone(level.path, gone, level.compared.goneSeconds()));
    }
  }

  private void leave(Descent descent, Deque<ReaderLevel> levels) {
    if (levels.pop().isUntaken) {
      untaken.pollLast(); // still there only if nothing in it was taken
    }
    if (!levels.isEmpty() && !descent.leave()) {
      throw new OperationException(
          "cannot read "
              + levels.getFirst().path
              + ": it or a directory in it was moved while it was read: try again when nothing"
              + " changes it");
    }
  }

  private List<FoundEntry> stat(
      int fd, ByteString path, List<ByteString> names, @Nullable Baseline compared) {
    stats.reset();
    long[] at = new long[names.size()];
    for (int i = 0; i < names.size(); i++) {
      at[i] = stats.memory.zeroed(Stat.SIZE);
      stats.tolerate(
          compared == null ? ByteString.EMPTY : new Child(path, names.get(i)),
          Sys.STATX,
          fd,
          stats.memory.string(names.get(i)),
          Linux.AT_SYMLINK_NOFOLLOW,
          Stat.BASIC | Stat.BIRTH,
          at[i]);
    }
    task.run(stats);
    List<FoundEntry> found = new ArrayList<>(names.size());
    for (int i = 0; i < names.size(); i++) {
      if (stats.errno(i) != 0) {
        leaveOut(i, compared == null, LayerPath.join(path, names.get(i)));
        continue;
      }
      if (compared == null) {
        found(ByteString.EMPTY, names.get(i), at[i], false, found);
      } else {
        compare(LayerPath.join(path, names.get(i)), names.get(i), at[i], compared, found);
      }
    }
    return found;
  }

  /** Leaves out what a row did not find, or throws its failure. */
  private void leaveOut(int row, boolean itself, ByteString path) {
    if (!isLeftOut(stats.errno(row), itself, path)) {
      throw task.failure(stats, row);
    }
  }

  /**
   * Whether what failed is left out, with a notice: it vanished since its directory was read, as
   * files do in a directory that somebody works in, or it lies in a directory that was not asked
   * for and cannot be read.
   *
   * @param itself whether it is what was asked for
   */
  private boolean isLeftOut(int errno, boolean itself, ByteString path) {
    if (itself) {
      return false;
    }
    if (errno == Linux.ENOENT) {
      gathered.add(path, "vanished while its directory was read, and was left out");
      return true;
    }
    if (errno == Linux.EACCES && !untaken.isEmpty()) {
      gathered.add(path, "lies in an excluded directory, cannot be read and was left out");
      return true;
    }
    return false;
  }

  private static void requireLength(ByteString path) {
    if (path.length() > ImageLimits.DEFAULT.nameBytes()) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "found a path of %d bytes, beginning with %s, and a layer holds at most %d: remove it",
              path.length(),
              path.latin1().substring(0, 60),
              ImageLimits.DEFAULT.nameBytes()));
    }
  }

  private void compare(
      ByteString path, ByteString name, long at, Baseline compared, List<FoundEntry> found) {
    requireLength(path);
    switch (compared.choose(path, name, at)) {
      case TAKE -> found(path, name, at, false, found);
      case DESCEND -> found(path, name, at, true, found);
      case GONE -> found.add(FoundEntry.gone(LayerPath.parent(path), name, Stat.mtimeSeconds(at)));
      case SKIP -> {}
    }
  }

  private void found(
      ByteString path, ByteString name, long at, boolean unchanged, List<FoundEntry> found) {
    if (Stat.format(at) == Linux.S_IFSOCK) {
      gathered.add(path, "a socket cannot be in a layer and was left out");
      return;
    }
    TreeFilter.Choice choice =
        path.isEmpty()
            ? TreeFilter.Choice.TAKE
            : filter.choose(path, Stat.format(at) == Linux.S_IFDIR);
    if (choice == TreeFilter.Choice.SKIP) {
      return;
    }
    if (!path.isEmpty() && name.latin1().startsWith(".wh.")) {
      throw new OperationException(
          "cannot put "
              + path
              + " into a layer: a name that begins with .wh. would delete "
              + name.latin1().substring(4)
              + " there: rename it");
    }
    boolean linked = Stat.nlink(at) > 1 && Stat.format(at) != Linux.S_IFDIR;
    FoundEntry one =
        new FoundEntry(
            name,
            StatEntries.of(path, at),
            linked ? new FoundEntry.Inode(Stat.fileSystem(at), Stat.inode(at)) : null);
    one.untaken = unchanged || choice == TreeFilter.Choice.DESCEND;
    one.ctimeSeconds = Stat.ctimeSeconds(at);
    one.holes = Stat.diskBytes(at) < Stat.size(at);
    found.add(one);
  }

  private void enter(Descent descent, Deque<ReaderLevel> levels, FoundEntry found)
      throws IOException {
    int fd = tryOpen(descent.fd(), found.name, found.entry.path(), DIRECTORY_FLAGS);
    if (fd == -Linux.EACCES && found.untaken) {
      gathered.add(
          found.entry.path(), "the excluded directory cannot be read, and is left out whole");
      return;
    }
    if (isLeftOut(-fd, false, found.entry.path())) {
      return;
    }
    requireOpened();
    descent.enter(fd);
    TarEntry entry = attributed(found.entry, fd);
    boolean opaque = xattrs.opaque();
    if (found.untaken) {
      untaken.addLast(entry);
    } else {
      emit(entry);
    }
    Baseline compared = levels.getFirst().compared;
    if (compared.hides(entry.path(), found.name, opaque)) {
      emit(TarEntry.opaque(entry.path()).withMtime(entry.mtimeSeconds(), 0));
    }
    Baseline in = compared.in(entry.path(), found.name, found.ctimeSeconds);
    levels.push(level(fd, entry.path(), in, found.untaken));
  }

  /** Throws why the last file or directory was not opened, in the words of whose tree it is. */
  private void requireOpened() {
    if (stats.errno(0) != 0) {
      throw task.failure(stats, 0);
    }
  }

  private int open(int parent, ByteString name, ByteString path, int flags) {
    int fd = tryOpen(parent, name, path, flags);
    requireOpened();
    return fd;
  }

  /** A descriptor, or a negative errno. */
  private int tryOpen(int parent, ByteString name, ByteString path, int flags) {
    stats.reset();
    stats.tolerate(path, Sys.OPENAT, parent, stats.memory.string(name), flags);
    task.run(stats);
    return (int) stats.result(0);
  }

  /** Adds an entry to the run whose contents one program reads. */
  private void add(int fd, FoundEntry found) throws IOException {
    TarEntry entry = found.entry;
    if (found.inode != null) {
      @Nullable ByteString first = links.putIfAbsent(found.inode, entry.path());
      if (first != null) {
        run.add(new FoundEntry(found.name, FoundEntry.hardlink(owned(fd, found), first), null));
        return;
      }
    }
    boolean file = entry.type() == EntryType.FILE && !entry.isWhiteout();
    int size = file ? (int) Math.min(entry.size(), SMALL + 1) : 4096;
    if (contents.room() < ROWS_OF_A_FILE
        || contents.memory.taken() + size + XATTR_NAMES + 512 > CONTENT) {
      flush(fd);
    }
    if (file && entry.size() > SMALL) {
      flush(fd);
      large(fd, found);
      return;
    }
    if (file) {
      addSmall(fd, found, (int) entry.size());
    } else if (entry.type() == EntryType.SYMLINK) {
      found.at = contents.memory.allocate(4096);
      found.row =
          contents.call(
              entry.path(), Sys.READLINKAT, fd, contents.memory.string(found.name), found.at, 4096);
    }
    run.add(found);
  }

  /** With its extended attributes, and the owner that one of them says. */
  private TarEntry attributed(TarEntry entry, int fd) {
    Map<ByteString, ByteString> found = xattrs.of(fd);
    ByteString text = found.get(NotedOwner.NAME);
    if (text == null) {
      return FileCapability.normalized(entry.withXattrs(found), notices);
    }
    Map<ByteString, ByteString> others = new TreeMap<>(found);
    others.remove(NotedOwner.NAME);
    TarEntry attributed = FileCapability.normalized(entry.withXattrs(others), notices);
    NotedOwner owner = task.hasSingleId() ? NotedOwner.parse(text) : null;
    return owner == null ? attributed : attributed.withOwner(owner.uid(), owner.gid());
  }

  /** Another name of a file, whose owner stands with the file where a single id owns all. */
  private TarEntry owned(int directory, FoundEntry found) {
    TarEntry entry = found.entry;
    if (!task.hasSingleId() || entry.type() != EntryType.FILE) {
      return entry;
    }
    int file = open(directory, found.name, entry.path(), FILE_FLAGS);
    try {
      return attributed(entry, file);
    } finally {
      TreeRemover.close(task, file);
    }
  }

  private void addSmall(int fd, FoundEntry found, int size) {
    found.at = contents.memory.allocate(XATTR_NAMES + size + 1L);
    ByteString path = found.entry.path();
    int open = contents.call(path, Sys.OPENAT, fd, contents.memory.string(found.name), FILE_FLAGS);
    found.row = contents.call(path, Sys.READ, 0, found.at + XATTR_NAMES, size + 1L);
    int list = contents.tolerate(path, Sys.FLISTXATTR, 0, found.at, XATTR_NAMES);
    int close = contents.call(path, Sys.CLOSE, 0);
    contents.resultOf(found.row, 0, open).resultOf(list, 0, open).resultOf(close, 0, open);
  }

  /** Reads the run's contents and passes its entries on. */
  private void flush(int fd) throws IOException {
    if (contents.size() > 0) {
      int stopped = task.run(contents, 0);
      while (stopped < contents.size()) {
        stopped = task.run(contents, afterVanished(stopped));
      }
    }
    for (FoundEntry found : run) {
      if (!found.vanished) {
        pass(fd, found);
      }
    }
    run.clear();
    contents.reset();
  }

  /** The row to go on from when a file was gone before it was opened; any other failure ends it. */
  private int afterVanished(int row) {
    for (FoundEntry found : run) {
      boolean small = found.entry.type() == EntryType.FILE;
      boolean opens = found.row >= 0 && row == (small ? found.row - 1 : found.row);
      // Another name of it may be in the layer already, as a link to this one.
      if (opens
          && found.inode == null
          && isLeftOut(contents.errno(row), found.entry.path().isEmpty(), found.entry.path())) {
        found.vanished = true;
        return small ? row + ROWS_OF_A_FILE : row + 1;
      }
    }
    throw task.failure(contents, row);
  }

  private void pass(int fd, FoundEntry found) throws IOException {
    TarEntry entry = found.entry;
    if (found.row < 0) {
      emit(entry);
    } else if (entry.type() == EntryType.SYMLINK) {
      emit(entry.withLink(StatEntries.bytes(found.at, (int) contents.result(found.row))));
    } else {
      small(fd, found);
    }
  }

  private void small(int fd, FoundEntry found) throws IOException {
    int size = (int) found.entry.size();
    if (contents.result(found.row) != size) {
      throw changed(found);
    }
    TarEntry entry = found.entry;
    long names = contents.result(found.row + 1);
    if (names > 0 && XattrReader.anyKept(found.at, names)
        || contents.errno(found.row + 1) == Linux.ERANGE) {
      int file = open(fd, found.name, entry.path(), FILE_FLAGS);
      try {
        entry = attributed(entry, file);
      } finally {
        TreeRemover.close(task, file);
      }
    }
    takeUntaken();
    sink.begin(entry);
    if (size > 0) {
      Memory.IO.getByteArray(found.at + XATTR_NAMES, buffer, 0, size);
      sink.write(buffer, 0, size);
    }
    sink.end();
  }

  private void large(int fd, FoundEntry found) throws IOException {
    int file = tryOpen(fd, found.name, found.entry.path(), FILE_FLAGS);
    if (isLeftOut(-file, found.inode != null || found.entry.path().isEmpty(), found.entry.path())) {
      return;
    }
    requireOpened();
    try (LargeFile content = new LargeFile(task, file, found.entry, found.holes)) {
      takeUntaken();
      sink.begin(attributed(found.entry, file));
      if (!content.copy(sink, buffer)) {
        throw changed(found);
      }
      sink.end();
    } finally {
      TreeRemover.close(task, file);
    }
  }

  private static OperationException changed(FoundEntry found) {
    long size = found.entry.size();
    return new OperationException(
        "the file "
            + (found.entry.path().isEmpty() ? found.name : found.entry.path())
            + " changed while it was read: it had "
            + size
            + " bytes: copy it when nothing writes to it"
            + (size > 0
                ? ""
                : "; what the kernel makes up as it is read, as in /proc, can be read first and then be written"));
  }

  private void emit(TarEntry entry) throws IOException {
    takeUntaken();
    sink.put(entry);
  }

  private void takeUntaken() throws IOException {
    while (!untaken.isEmpty()) {
      sink.put(untaken.removeFirst());
    }
  }

  @Override
  public void close() {
    xattrs.close();
    stats.close();
    contents.close();
  }
}
