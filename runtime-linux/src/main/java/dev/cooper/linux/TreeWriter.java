package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_SYMLINK_NOFOLLOW;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_CREAT;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_EXCL;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_RDONLY;
import static dev.cooper.linux.Linux.O_WRONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes entries into a tree, as programs that a lane runs while the next one is composed.
 *
 * <p>A parent is opened by openat2 with RESOLVE_IN_ROOT and its last component is never followed,
 * so neither a hostile name nor a planted link reaches outside the root. Order within a file:
 * content, owner (clears setuid), mode, attributes (a change of owner drops security.capability),
 * times last; directories get their times when all is written. Not thread-safe.
 */
final class TreeWriter implements EntrySink, AutoCloseable {
  /** What a tree is for. */
  enum Kind {
    /** A lower directory of an overlay: whiteouts become the overlay's own. */
    LAYER,
    /** A container's merged tree: existing directories keep their times. */
    MERGED
  }

  private static final int ROWS = 1024;
  private static final int ROWS_OF_AN_ENTRY = 16;
  private static final int CHUNK = 1 << 20;
  private static final int LARGE = 256 << 10;

  private final Lane lane;
  private final Kind kind;
  private final boolean rootless;
  private final Consumer<String> notices;
  private final Memory memory = new Memory(65536);
  private final TreePaths paths;
  private final Map<ByteString, Long> directoryTimes = new LinkedHashMap<>();
  private final long fileSlot = memory.zeroed(8);
  private TreeBatch batch;
  private TreeBatch other;
  private @Nullable TarEntry file;
  private ByteString filePath = ByteString.EMPTY;
  private long fileLeft;
  private long contentAt;
  private int contentFilled;

  TreeWriter(Lane lane, int rootFd, Kind kind, boolean rootless, Consumer<String> notices) {
    this.lane = lane;
    this.kind = kind;
    this.rootless = rootless;
    this.notices = notices;
    this.batch = new TreeBatch(ROWS, CHUNK);
    this.other = new TreeBatch(ROWS, CHUNK);
    this.paths = new TreePaths(memory, rootFd);
  }

  @Override
  public void begin(TarEntry entry) {
    ByteString path = LayerPath.normalize(entry.path());
    if (entry.type() != EntryType.DIRECTORY && !path.isEmpty() && paths.find(path) != null) {
      // The layer replaces its own directory: what is held open below it must not be written to any
      // more.
      settle();
      paths.closeAll(lane);
    }
    if (entry.type() == EntryType.FILE && !(kind == Kind.LAYER && isMarker(path))) {
      beginFile(entry, path);
    } else {
      room(ROWS_OF_AN_ENTRY, 16384);
      special(entry, path);
    }
  }

  private static boolean isMarker(ByteString path) {
    return LayerPath.name(path).latin1().startsWith(".wh.");
  }

  private void special(TarEntry entry, ByteString path) {
    if (kind == Kind.LAYER && isMarker(path)) {
      marker(path);
      return;
    }
    if (path.isEmpty() && entry.type() != EntryType.DIRECTORY) {
      // CVE-2021-29136: an entry named "." or "/" that is a link would replace the root itself.
      throw new ContentException(
          "the layer's root is a " + entry.type() + ", and can only be a directory");
    }
    switch (entry.type()) {
      case DIRECTORY -> directory(entry, path);
      case SYMLINK -> symlink(entry, path);
      case HARDLINK -> hardlink(entry, path);
      default -> device(entry, path);
    }
  }

  // --- files

  private void beginFile(TarEntry entry, ByteString path) {
    if (path.isEmpty()) {
      throw new ContentException("the layer's root is a FILE, and can only be a directory");
    }
    file = entry;
    filePath = path;
    fileLeft = entry.size();
    if (entry.size() <= LARGE) {
      room(ROWS_OF_AN_ENTRY, (int) entry.size() + 16384);
      contentAt = batch.memory().allocate(Math.max(8, entry.size()));
    } else {
      room(ROWS_OF_AN_ENTRY, 16384);
      create(fileSlot);
      chunk();
    }
    contentFilled = 0;
  }

  private boolean isLarge() {
    return file != null && file.size() > LARGE;
  }

  private void create(long slot) {
    long parent = parent(filePath);
    ByteString name = LayerPath.name(filePath);
    int row =
        batch.add(
            filePath,
            Sys.OPENAT,
            0,
            batch.memory().string(name),
            O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
            0600);
    batch.program().from(row, 0, parent).into(row, slot);
    batch.onError(row, (at, errno) -> retryAfterRemoving(at, errno, row, parent, name));
  }

  private void chunk() {
    room(ROWS_OF_AN_ENTRY, LARGE + 16384);
    contentAt = batch.memory().allocate(LARGE);
    contentFilled = 0;
  }

  @Override
  public void write(byte[] source, int offset, int length) {
    if (file == null) {
      return; // Content of an entry that has none in a tree, such as a hardlink's: it is its
      // target's.
    }
    int at = offset;
    int left = length;
    while (left > 0) {
      int capacity = isLarge() ? LARGE : (int) file.size();
      int n = Math.min(left, capacity - contentFilled);
      if (n == 0 && !isLarge()) {
        throw new IllegalStateException("more content than the size of " + filePath);
      }
      Memory.IO.putByteArray(contentAt + contentFilled, source, at, n);
      contentFilled += n;
      at += n;
      left -= n;
      if (isLarge() && contentFilled == LARGE) {
        flushContent();
        chunk();
      }
    }
    fileLeft -= length;
  }

  private void flushContent() {
    if (contentFilled > 0) {
      int row = batch.add(filePath, Sys.WRITE, 0, contentAt, contentFilled);
      batch.program().from(row, 0, fileSlot);
      batch.expect(row, contentFilled);
    }
    contentFilled = 0;
  }

  @Override
  public void end() {
    TarEntry entry = file;
    if (entry == null) {
      return;
    }
    if (fileLeft != 0) {
      throw new ContentException(
          filePath
              + ": its content ends "
              + fileLeft
              + " bytes before its size of "
              + entry.size());
    }
    if (isLarge()) {
      room(ROWS_OF_AN_ENTRY, 16384);
    } else {
      create(fileSlot);
    }
    flushContent();
    attributes(entry, filePath, fileSlot);
    int times =
        batch.add(
            filePath,
            Sys.UTIMENSAT,
            0,
            0,
            batch.times(entry.mtimeSeconds(), entry.mtimeNanos()),
            0);
    batch.program().from(times, 0, fileSlot);
    int close = batch.add(filePath, Sys.CLOSE, 0);
    batch.program().from(close, 0, fileSlot);
    file = null;
  }

  /** Owner, mode and extended attributes of what a slot holds open. */
  private void attributes(TarEntry entry, ByteString path, long slot) {
    int owner = batch.add(path, Sys.FCHOWN, 0, entry.uid(), entry.gid());
    batch.program().from(owner, 0, slot);
    explainOwner(owner, entry, path);
    int mode = batch.add(path, Sys.FCHMOD, 0, entry.mode());
    batch.program().from(mode, 0, slot);
    entry.xattrs().forEach((name, value) -> xattr(path, slot, name, value));
  }

  private void explainOwner(int row, TarEntry entry, ByteString path) {
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.EINVAL && rootless) {
            throw at.program()
                .failure(row)
                .during(
                    "cannot give " + path + " to " + entry.uid() + ":" + entry.gid(),
                    "this id is beyond the user's subordinate ids: extend the ranges in /etc/subuid and /etc/subgid");
          }
          throw at.program().failure(row);
        });
  }

  private void xattr(ByteString path, long slot, ByteString name, ByteString value) {
    if (Xattrs.isOverlays(name)) {
      notices.accept(
          path + ": the attribute " + name + " would steer the overlay and was left out");
      return;
    }
    room(ROWS_OF_AN_ENTRY, value.length());
    int row =
        batch.add(
            path + " " + name,
            Sys.FSETXATTR,
            0,
            batch.memory().string(name),
            batch.memory().bytes(value.toBytes()),
            value.length(),
            0);
    batch.program().from(row, 0, slot);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno != Linux.EPERM && errno != Linux.EOPNOTSUPP) {
            throw at.program().failure(row);
          }
          notices.accept(
              path
                  + ": the attribute "
                  + name
                  + " could not be set: "
                  + SystemCallException.reason(errno));
          return row + 1;
        });
  }

  // --- everything but files

  private void directory(TarEntry entry, ByteString path) {
    long slot;
    if (path.isEmpty()) {
      slot = paths.root();
    } else {
      long parent = parent(path);
      slot = paths.open(batch, path);
      makeDirectory(path, parent, slot);
    }
    attributes(entry, path, slot);
    directoryTimes.put(path, times(entry.mtimeSeconds(), entry.mtimeNanos()));
  }

  private long times(long seconds, int nanos) {
    long at = memory.allocate(32);
    TreeBatch.putTimes(at, seconds, nanos);
    return at;
  }

  private void makeDirectory(ByteString path, long parent, long slot) {
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int make = batch.add(path, Sys.MKDIRAT, 0, nameAt, 0755);
    batch.program().from(make, 0, parent);
    batch.onError(
        make,
        (at, errno) -> {
          if (errno != Linux.EEXIST) {
            throw at.program().failure(make);
          }
          return make + 1;
        });
    int open =
        batch.add(path, Sys.OPENAT, 0, nameAt, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    batch.program().from(open, 0, parent).into(open, slot);
    batch.onError(
        open,
        (at, errno) -> {
          if (errno != Linux.ENOTDIR && errno != Linux.ELOOP) {
            throw at.program().failure(open);
          }
          if (kind == Kind.MERGED) {
            // An image's own link to a directory (/bin to usr/bin) is followed, as its users
            // expect, inside the root.
            paths.reopen(lane, path, slot);
            return open + 1;
          }
          boolean whiteout = Whiteouts.isOne(lane, parent, name);
          retryAfterRemoving(at, Linux.EEXIST, make, parent, name);
          if (whiteout) {
            // The layer hides a path and makes it anew: as a directory it must hide what lies
            // below.
            Whiteouts.makeOpaqueDirectory(lane, parent, name, rootless);
          }
          return make;
        });
  }

  private void symlink(TarEntry entry, ByteString path) {
    long parent = parent(path);
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int row = batch.add(path, Sys.SYMLINKAT, batch.memory().string(entry.link()), 0, nameAt);
    batch.program().from(row, 1, parent);
    batch.onError(row, (at, errno) -> retryAfterRemoving(at, errno, row, parent, name));
    ownerAndTimesByName(entry, path, parent, nameAt);
  }

  private void ownerAndTimesByName(TarEntry entry, ByteString path, long parent, long nameAt) {
    int owner =
        batch.add(path, Sys.FCHOWNAT, 0, nameAt, entry.uid(), entry.gid(), AT_SYMLINK_NOFOLLOW);
    batch.program().from(owner, 0, parent);
    explainOwner(owner, entry, path);
    int times =
        batch.add(
            path,
            Sys.UTIMENSAT,
            0,
            nameAt,
            batch.times(entry.mtimeSeconds(), entry.mtimeNanos()),
            AT_SYMLINK_NOFOLLOW);
    batch.program().from(times, 0, parent);
  }

  private void hardlink(TarEntry entry, ByteString path) {
    ByteString target = LayerPath.normalize(entry.link());
    if (target.equals(path)) {
      return;
    }
    long from = parent(target);
    long to = parent(path);
    ByteString name = LayerPath.name(path);
    int row =
        batch.add(
            path + " to " + target,
            Sys.LINKAT,
            0,
            batch.memory().string(LayerPath.name(target)),
            0,
            batch.memory().string(name),
            0);
    batch.program().from(row, 0, from).from(row, 2, to);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.ENOENT) {
            throw new ContentException(
                "the hardlink "
                    + path
                    + " names "
                    + target
                    + ", which this layer does not hold before it");
          }
          return retryAfterRemoving(at, errno, row, to, name);
        });
  }

  private void device(TarEntry entry, ByteString path) {
    if (entry.type() == EntryType.CHAR_DEVICE
        && entry.deviceMajor() == 0
        && entry.deviceMinor() == 0) {
      // The overlay's own whiteout: in a tar it hides nothing, and must not begin to.
      notices.accept(
          path + ": a character device 0:0 would be a whiteout of the overlay and was left out");
      return;
    }
    int format =
        entry.type() == EntryType.FIFO
            ? Linux.S_IFIFO
            : entry.type() == EntryType.BLOCK_DEVICE ? Linux.S_IFBLK : Linux.S_IFCHR;
    long parent = parent(path);
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int row = batch.add(path, Sys.MKNODAT, 0, nameAt, format | entry.mode(), deviceNumber(entry));
    batch.program().from(row, 0, parent);
    ownerAndTimesByName(entry, path, parent, nameAt);
    int after = batch.program().size();
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.EPERM) {
            notices.accept(
                path
                    + ": a device node cannot be made here and was left out of the tree (its layer keeps it)");
            return after;
          }
          return retryAfterRemoving(at, errno, row, parent, name);
        });
  }

  /** The kernel's encoding of a device number (new_encode_dev). */
  private static long deviceNumber(TarEntry entry) {
    long minor = entry.deviceMinor();
    return (minor & 0xff) | ((long) entry.deviceMajor() << 8) | ((minor & ~0xffL) << 12);
  }

  private void marker(ByteString path) {
    ByteString name = LayerPath.name(path);
    if (name.latin1().equals(".wh..wh..opq")) {
      long slot = parent(path);
      Whiteouts.setOpaque(batch.program(), slot, LayerPath.parent(path), rootless);
      return;
    }
    if (name.latin1().startsWith(".wh..wh.")) {
      return; // aufs' own bookkeeping, as old layers hold it
    }
    ByteString hidden = new ByteString(name.latin1().substring(4));
    if (hidden.isEmpty() || hidden.latin1().equals(".") || hidden.latin1().equals("..")) {
      throw new ContentException(
          "the whiteout " + path + " hides no name: a whiteout is .wh. and the name that it hides");
    }
    long parent = parent(path);
    int row = batch.add(path, Sys.MKNODAT, 0, batch.memory().string(hidden), Linux.S_IFCHR, 0);
    batch.program().from(row, 0, parent);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno != Linux.EEXIST) {
            throw at.program().failure(row);
          }
          // It hides what lower layers hold, never what this one does: of a directory, its lower
          // content.
          Whiteouts.makeOpaqueIfDirectory(lane, parent, hidden, rootless);
          return row + 1;
        });
  }

  // --- places

  /**
   * The slot that holds a path's parent open, made with its own parents where the archive left them
   * out.
   */
  private long parent(ByteString path) {
    ByteString parent = LayerPath.parent(path);
    @Nullable Long known = paths.find(parent);
    if (known != null) {
      return known;
    }
    long slot = paths.open(batch, parent);
    int row = paths.openRow(batch, parent, slot);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno != Linux.ENOENT) {
            throw at.program().failure(row);
          }
          if (!makeParents(parent)) {
            throw new ContentException(
                path + ": what it lies in, " + parent + ", is a link that leads to nothing");
          }
          return row;
        });
    if (kind == Kind.MERGED && !directoryTimes.containsKey(parent)) {
      long stat = memory.zeroed(Stat.SIZE);
      int asked =
          batch.add(
              parent, Sys.STATX, 0, paths.emptyString(), Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      batch.program().from(asked, 0, slot);
      directoryTimes.put(parent, -stat);
    }
    return slot;
  }

  /** Returns whether any was missing. */
  private boolean makeParents(ByteString path) {
    boolean any = false;
    ByteString made = ByteString.EMPTY;
    for (ByteString name : LayerPath.components(path)) {
      ByteString in = made;
      made = LayerPath.join(made, name);
      long stat = memory.zeroed(Stat.SIZE);
      if (paths.makeDirectory(lane, in, name, stat)) {
        any = true;
        if (kind == Kind.MERGED) {
          directoryTimes.putIfAbsent(in, -stat);
        }
      }
    }
    return any;
  }

  private int retryAfterRemoving(
      TreeBatch at, int errno, int row, long parentSlot, ByteString name) {
    if (errno != Linux.EEXIST) {
      throw at.program().failure(row);
    }
    int parent = (int) Memory.IO.getLong(parentSlot);
    if (kind == Kind.MERGED) {
      TreeRemover.unlink(lane, parent, name);
    } else {
      TreeRemover.remove(lane, parent, name);
    }
    return row;
  }

  // --- programs

  private void room(int rows, int bytes) {
    if (!batch.hasRoom(rows, bytes)) {
      turn();
    }
  }

  /** Hands the composed program over, once the one before it is done. */
  private void turn() {
    TreeBatch composed = batch;
    if (other.isSubmitted()) {
      other.finish(lane);
    }
    composed.submit(lane);
    batch = other;
    other = composed;
    batch.reset();
  }

  /** Hands over what is composed and waits for it; the lane is then free for other programs. */
  private void settle() {
    turn();
    other.finish(lane);
  }

  /** Waits until everything is written, and gives directories their times. */
  void finish() {
    settle();
    for (Map.Entry<ByteString, Long> directory : directoryTimes.entrySet()) {
      room(8, 16384);
      directoryTime(directory.getKey(), directory.getValue());
    }
    settle();
  }

  private void directoryTime(ByteString path, long recorded) {
    long times =
        recorded < 0
            ? batch.times(Stat.mtimeSeconds(-recorded), Stat.mtimeNanos(-recorded))
            : recorded;
    if (path.isEmpty()) {
      int row = batch.add(path, Sys.UTIMENSAT, 0, 0, times, 0);
      batch.program().from(row, 0, paths.root());
      return;
    }
    int open = paths.openRow(batch, path, fileSlot);
    int row = batch.add(path, Sys.UTIMENSAT, 0, 0, times, 0);
    int close = batch.add(path, Sys.CLOSE, 0);
    batch.program().from(row, 0, fileSlot).from(close, 0, fileSlot);
    batch.onError(
        open,
        (at, errno) -> {
          // A later entry replaced the directory by something else.
          return close + 1;
        });
  }

  @Override
  public void close() {
    try {
      if (other.isSubmitted()) {
        other.abandon(lane);
      }
      paths.closeAll(lane);
    } finally {
      batch.close();
      other.close();
      memory.close();
    }
  }
}
