package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.LayerPath;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The places in a tree that entries go to: directories are opened, those that are missing made, and
 * what lies in the way removed; and when all is written, directories get their times. Not
 * thread-safe.
 */
final class TreePlaces {
  private final Lane lane;
  private final TreeWriter.Kind kind;
  private final TreeBatches batches;
  private final Memory memory;
  private final TreePaths paths;
  private final boolean rootless;
  private final NavigableMap<ByteString, Long> directoryTimes = new TreeMap<>(LayerPath.ORDER);
  private final long timeSlot;

  TreePlaces(
      Lane lane,
      TreeWriter.Kind kind,
      TreeBatches batches,
      Memory memory,
      TreePaths paths,
      boolean rootless) {
    this.rootless = rootless;
    this.lane = lane;
    this.kind = kind;
    this.batches = batches;
    this.memory = memory;
    this.paths = paths;
    timeSlot = memory.zeroed(8);
  }

  /**
   * The slot that holds a path's parent open, made with its own parents where the archive left them
   * out.
   */
  long parent(ByteString path) {
    TreeBatch batch = batches.current();
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
          if (errno == Linux.ENOTDIR && kind != TreeWriter.Kind.MERGED) {
            if (!makeHidden(parent)) {
              throw new ContentException(
                  path + ": what it lies in, " + parent + ", is no directory");
            }
            return row;
          }
          if (errno != Linux.ENOENT) {
            throw at.program().failure(row);
          }
          if (!makeParents(parent)) {
            throw new ContentException(
                path + ": what it lies in, " + parent + ", is a link that leads to nothing");
          }
          return row;
        });
    if (kind == TreeWriter.Kind.MERGED && !directoryTimes.containsKey(parent)) {
      long stat = memory.zeroed(Stat.SIZE);
      int asked =
          batch.add(
              parent, Sys.STATX, 0, paths.emptyString(), Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      batch.program().from(asked, 0, slot);
      directoryTimes.put(parent, -stat);
    }
    return slot;
  }

  /**
   * Makes the directories of a path, of which the layer itself has hidden one before: made anew, it
   * hides what lies below. Returns false if none of them is hidden.
   */
  private boolean makeHidden(ByteString path) {
    long slot = memory.zeroed(8);
    ByteString in = ByteString.EMPTY;
    for (ByteString name : LayerPath.components(path)) {
      paths.reopen(lane, in.isEmpty() ? ByteString.utf8(".") : in, slot);
      int directory = (int) Memory.IO.getLong(slot);
      try {
        if (Whiteouts.isOne(lane, slot, name)) {
          TreeRemover.remove(lane, directory, name);
          Whiteouts.makeOpaqueDirectory(lane, slot, name, rootless);
          time(LayerPath.join(in, name), 0, 0);
          makeParents(path);
          return true;
        }
      } finally {
        TreeRemover.close(lane, directory);
      }
      in = LayerPath.join(in, name);
    }
    return false;
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
        if (kind == TreeWriter.Kind.MERGED) {
          directoryTimes.putIfAbsent(in, -stat);
        } else if (!directoryTimes.containsKey(made)) {
          time(made, 0, 0); // of what nobody named, nobody said when it was changed
        }
      }
    }
    return any;
  }

  /** Whether a slot's directory has one under a name, no link being followed. */
  boolean isDirectory(long parentSlot, ByteString name) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long nameAt = program.memory.string(name);
      int row =
          program.tolerate(name, Sys.STATX, 0, nameAt, Linux.AT_SYMLINK_NOFOLLOW, Stat.BASIC, stat);
      program.from(row, 0, parentSlot);
      lane.run(program);
      return program.errno(row) == 0 && Stat.format(stat) == Linux.S_IFDIR;
    }
  }

  /** Mends a row that found its name taken, or throws: what was there gives way. */
  int retryAfterRemoving(TreeBatch at, int errno, int row, long parentSlot, ByteString name) {
    if (errno != Linux.EEXIST) {
      throw at.program().failure(row);
    }
    TreeRemover.remove(lane, (int) Memory.IO.getLong(parentSlot), name);
    return row;
  }

  /** Forgets the times of a directory that is replaced, and of all below it. */
  void forget(ByteString path) {
    String below = path.latin1() + "/";
    Iterator<ByteString> each = directoryTimes.tailMap(path).keySet().iterator();
    while (each.hasNext()) {
      ByteString next = each.next();
      if (!next.equals(path) && !next.latin1().startsWith(below)) {
        return; // in this order, what lies below a directory follows it at once
      }
      each.remove();
    }
  }

  /** Notes the time that a directory gets in the end. */
  void time(ByteString path, long seconds, int nanos) {
    long at = memory.allocate(32);
    TreeBatch.putTimes(at, seconds, nanos);
    directoryTimes.put(path, at);
  }

  /** Gives directories their times; nothing else may be written afterwards. */
  void finish() {
    if (kind != TreeWriter.Kind.MERGED && !directoryTimes.containsKey(ByteString.EMPTY)) {
      time(ByteString.EMPTY, 0, 0);
    }
    for (Map.Entry<ByteString, Long> directory : directoryTimes.entrySet()) {
      batches.room(8, 16384);
      directoryTime(directory.getKey(), directory.getValue());
    }
  }

  private void directoryTime(ByteString path, long recorded) {
    TreeBatch batch = batches.current();
    long times =
        recorded < 0
            ? batch.times(Stat.mtimeSeconds(-recorded), Stat.mtimeNanos(-recorded))
            : recorded;
    if (path.isEmpty()) {
      int row = batch.add(path, Sys.UTIMENSAT, 0, 0, times, 0);
      batch.program().from(row, 0, paths.root());
      return;
    }
    int open = paths.openRow(batch, path, timeSlot);
    int row = batch.add(path, Sys.UTIMENSAT, 0, 0, times, 0);
    int close = batch.add(path, Sys.CLOSE, 0);
    batch.program().from(row, 0, timeSlot).from(close, 0, timeSlot);
    batch.onError(
        open,
        (at, errno) -> {
          // A later entry replaced the directory by something else.
          return close + 1;
        });
  }
}
