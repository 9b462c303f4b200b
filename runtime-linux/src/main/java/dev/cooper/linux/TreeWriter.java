package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.TreeOutput;
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
final class TreeWriter implements TreeOutput {
  /** What a tree is for. */
  enum Kind {
    /** A lower directory of an overlay: whiteouts become the overlay's own. */
    LAYER,
    /** A layer's tree that only we read: whiteouts are files. */
    MARKED,
    /**
     * A container's merged tree: existing directories keep their times, and a whiteout removes what
     * it names.
     */
    MERGED
  }

  private static final int ROWS_OF_AN_ENTRY = 16;
  private static final int CHUNK = 1 << 20;

  /** The directory that was marked as one with whiteouts, by the entry before. */
  private @Nullable ByteString holding;

  private final Lane lane;
  private final Kind kind;
  private final boolean rootless;
  private final Consumer<String> notices;
  private final GatheredNotices gathered = new GatheredNotices();
  private final Memory memory = new Memory(65536);
  private final TreePaths paths;
  private final TreeBatches batches;
  private final TreePlaces places;
  private final TreeAttributes attributes;
  private final TreeFiles files;
  private final FileMarks marks;
  private final Runnable release;
  private boolean closed;

  private TreeWriter(
      Lane lane,
      int rootFd,
      Kind kind,
      boolean rootless,
      Consumer<String> notices,
      Runnable release) {
    this.lane = lane;
    this.release = release;
    this.kind = kind;
    this.rootless = rootless;
    this.notices = notices;
    paths = new TreePaths(memory, rootFd);
    batches = new TreeBatches(lane, CHUNK);
    places = new TreePlaces(lane, kind, batches, memory, paths, rootless);
    attributes = new TreeAttributes(lane, batches, kind, rootless, gathered);
    marks = new FileMarks(batches, paths);
    files = new TreeFiles(batches, places, attributes, memory);
  }

  /** A writer that gives back its lane, and the root's descriptor, when it is closed. */
  static TreeWriter of(Keeper keeper, Lane lane, int rootFd, Kind kind, Consumer<String> notices) {
    return new TreeWriter(
        lane,
        rootFd,
        kind,
        keeper.rootless(),
        notices,
        () -> {
          try {
            TreeRemover.close(lane, rootFd);
          } finally {
            keeper.release(lane);
          }
        });
  }

  @Override
  public void begin(TarEntry entry) {
    ByteString path = LayerPath.normalize(entry.path());
    if (entry.type() != EntryType.DIRECTORY && paths.mayHold(path)) {
      // A directory that was written to is replaced: what is held open below it must not be written
      // to any more, nor get a time through a link that lies there now.
      batches.settle();
      paths.closeAll(lane);
      places.forget(path);
    }
    if (isMarker(path)) {
      batches.room(ROWS_OF_AN_ENTRY, 16384);
      marker(path);
      return;
    }
    holding = null;
    if (entry.type() == EntryType.FILE) {
      files.begin(entry, path);
    } else {
      batches.room(ROWS_OF_AN_ENTRY, 16384);
      special(entry, path);
    }
  }

  /** Whether a layer says by a path what it hides. */
  private boolean isMarker(ByteString path) {
    String text = path.latin1();
    return text.startsWith(".wh.", text.lastIndexOf('/') + 1);
  }

  private void special(TarEntry entry, ByteString path) {
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

  @Override
  public void write(byte[] source, int offset, int length) {
    files.write(source, offset, length);
  }

  @Override
  public void end() {
    files.end();
  }

  // --- everything but files

  private void directory(TarEntry entry, ByteString path) {
    long slot;
    if (path.isEmpty()) {
      slot = paths.root();
    } else {
      long parent = places.parent(path);
      slot = paths.open(batches.current(), path);
      makeDirectory(path, parent, slot);
    }
    attributes.set(entry, path, slot);
    places.time(path, entry.mtimeSeconds(), entry.mtimeNanos());
  }

  private void makeDirectory(ByteString path, long parent, long slot) {
    TreeBatch batch = batches.current();
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
          boolean whiteout = kind != Kind.MERGED && Whiteouts.isOne(lane, parent, name);
          places.retryAfterRemoving(at, Linux.EEXIST, make, parent, name);
          if (whiteout) {
            // The layer hides a path and makes it anew: as a directory it must hide what lies
            // below.
            Whiteouts.makeOpaqueDirectory(lane, parent, name, rootless);
          }
          return make;
        });
  }

  private void symlink(TarEntry entry, ByteString path) {
    TreeBatch batch = batches.current();
    long parent = places.parent(path);
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int row = batch.add(path, Sys.SYMLINKAT, batch.memory().string(entry.link()), 0, nameAt);
    batch.program().from(row, 1, parent);
    batch.onError(row, (at, errno) -> places.retryAfterRemoving(at, errno, row, parent, name));
    attributes.setByName(entry, path, parent, nameAt);
  }

  private void hardlink(TarEntry entry, ByteString path) {
    ByteString target = LayerPath.normalize(entry.link());
    if (target.equals(path)) {
      return;
    }
    if (isMarker(target)) {
      throw notBefore(path, target);
    }
    TreeBatch batch = batches.current();
    long from = places.parent(target);
    long to = places.parent(path);
    long targetAt = batch.memory().string(LayerPath.name(target));
    if (kind == Kind.LAYER) {
      requireNoWhiteout(batch, path, target, from, targetAt);
    }
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int row = batch.add(path + " to " + target, Sys.LINKAT, 0, targetAt, 0, nameAt, 0);
    batch.program().from(row, 0, from).from(row, 2, to);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.ENOENT) {
            throw notBefore(path, target);
          }
          if (errno == Linux.EPERM && places.isDirectory(from, LayerPath.name(target))) {
            throw new ContentException(
                "the hardlink "
                    + path
                    + " names "
                    + target
                    + ", which is a directory: only files can have several names");
          }
          if (errno == Linux.EMLINK) {
            throw new OperationException(
                "cannot make "
                    + path
                    + " another name of "
                    + target
                    + ": a file can have no more names on the store's file system (ext4: 65,000):"
                    + " put the store on another one, such as xfs or tmpfs (COOPER_STORE)");
          }
          return places.retryAfterRemoving(at, errno, row, to, name);
        });
  }

  /** A link to the device that hides a name would hide another, of which no whiteout tells. */
  private static void requireNoWhiteout(
      TreeBatch batch, ByteString path, ByteString target, long from, long targetAt) {
    long stat = batch.memory().zeroed(Stat.SIZE);
    int look =
        batch
            .program()
            .tolerate(target, Sys.STATX, 0, targetAt, Linux.AT_SYMLINK_NOFOLLOW, Stat.BASIC, stat);
    batch.program().from(look, 0, from);
    batch.verify(
        () -> {
          if (Stat.isWhiteout(stat)) {
            throw notBefore(path, target);
          }
        });
  }

  private static ContentException notBefore(ByteString path, ByteString target) {
    return new ContentException(
        "the hardlink " + path + " names " + target + ", which this layer does not hold before it");
  }

  private void device(TarEntry entry, ByteString path) {
    if (entry.type() == EntryType.CHAR_DEVICE
        && entry.deviceMajor() == 0
        && entry.deviceMinor() == 0) {
      // The overlay's own whiteout: in a tar it hides nothing, and must not begin to.
      gathered.add(
          path, "a character device 0:0 would be a whiteout of the overlay and was left out");
      return;
    }
    TreeBatch batch = batches.current();
    int format =
        entry.type() == EntryType.FIFO
            ? Linux.S_IFIFO
            : entry.type() == EntryType.BLOCK_DEVICE ? Linux.S_IFBLK : Linux.S_IFCHR;
    long parent = places.parent(path);
    ByteString name = LayerPath.name(path);
    long nameAt = batch.memory().string(name);
    int row = batch.add(path, Sys.MKNODAT, 0, nameAt, format | entry.mode(), deviceNumber(entry));
    batch.program().from(row, 0, parent);
    attributes.setByName(entry, path, parent, nameAt);
    int after = batch.program().size();
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.EPERM) {
            if (!isBelowDev(path)) {
              gathered.add(
                  path,
                  "a device node cannot be made here and was left out of the tree (its layer keeps it)");
            }
            return after;
          }
          return places.retryAfterRemoving(at, errno, row, parent, name);
        });
  }

  /** A container's own /dev is mounted there, so that nothing is missing. */
  private static boolean isBelowDev(ByteString path) {
    return path.latin1().startsWith("dev/");
  }

  /** The kernel's encoding of a device number (new_encode_dev). */
  private static long deviceNumber(TarEntry entry) {
    long minor = entry.deviceMinor();
    return (minor & 0xff) | ((long) entry.deviceMajor() << 8) | ((minor & ~0xffL) << 12);
  }

  private void marker(ByteString path) {
    TreeBatch batch = batches.current();
    ByteString name = LayerPath.name(path);
    if (FileMarks.isOpaque(name)) {
      if (kind == Kind.MERGED) {
        throw new ContentException(path + ": an opaque marker, and a merged tree hides nothing");
      }
      long slot = places.parent(path);
      if (kind == Kind.MARKED) {
        marks.make(path, slot);
        return;
      }
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
    if (kind == Kind.MERGED) {
      remove(LayerPath.join(LayerPath.parent(path), hidden));
      return;
    }
    long parent = places.parent(path);
    if (kind == Kind.MARKED) {
      marks.make(path, parent);
      return;
    }
    int row = batch.add(path, Sys.MKNODAT, 0, batch.memory().string(hidden), Linux.S_IFCHR, 0);
    batch.program().from(row, 0, parent);
    ByteString directory = LayerPath.parent(path);
    if (!directory.isEmpty() && !directory.equals(holding)) { // a root is always merged
      Whiteouts.setHolds(batch, parent, path, rootless);
      holding = directory;
    }
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

  /** Removes what lies at a path of a merged tree, with all below it. */
  private void remove(ByteString path) {
    long parent = places.parent(path);
    batches.settle();
    TreeRemover.remove(lane, (int) Memory.IO.getLong(parent), LayerPath.name(path));
    paths.closeAll(lane);
    places.forget(path);
  }

  /** Waits until everything is written, and gives directories their times. */
  @Override
  public void finish() {
    batches.settle();
    places.finish();
    batches.settle();
    gathered.tell(notices);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      batches.abandon(); // until then the lane may still run what was handed over last
      files.abandon(lane);
      paths.closeAll(lane);
    } finally {
      batches.close();
      memory.close();
      release.run();
    }
  }
}
