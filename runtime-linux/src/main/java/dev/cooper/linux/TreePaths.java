package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.LayerPath;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directories of one tree that a writer holds open, the last used ones, each in a slot: a word
 * of memory that programs read the descriptor from. Not thread-safe.
 */
final class TreePaths {
  private static final int HELD = 64;

  private final Memory memory;
  private final long root;
  private final long how;
  private final long emptyString;
  private final LinkedHashMap<ByteString, Long> slots = new LinkedHashMap<>(HELD, 0.75f, true);
  private final Deque<Long> free = new ArrayDeque<>();

  /** Every directory that was ever opened, and those above it. */
  private final Set<ByteString> opened = new HashSet<>();

  TreePaths(Memory memory, int rootFd) {
    this.memory = memory;
    root = memory.allocate(8);
    Memory.IO.putLong(root, rootFd);
    how =
        how(
            memory,
            O_RDONLY | O_DIRECTORY | O_CLOEXEC,
            Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS);
    emptyString = memory.string("");
  }

  /** The struct open_how of openat2. */
  static long how(Memory memory, long flags, long resolve) {
    long at = memory.zeroed(24);
    Memory.IO.putLong(at, flags);
    Memory.IO.putLong(at + 16, resolve);
    return at;
  }

  long root() {
    return root;
  }

  long emptyString() {
    return emptyString;
  }

  @Nullable Long find(ByteString path) {
    return path.isEmpty() ? Long.valueOf(root) : slots.get(path);
  }

  /** Whether a path, or what lies below it, was opened and may still be held. */
  boolean mayHold(ByteString path) {
    return opened.contains(path);
  }

  private void note(ByteString path) {
    ByteString each = path;
    while (!each.isEmpty() && opened.add(each)) {
      each = LayerPath.parent(each);
    }
  }

  /**
   * A slot for a path, emptied by a row if it held something; a row added afterwards has to fill
   * it.
   */
  long open(TreeBatch batch, ByteString path) {
    @Nullable Long old = slots.remove(path);
    if (old == null && slots.size() == HELD) {
      Iterator<Long> eldest = slots.values().iterator();
      old = eldest.next();
      eldest.remove();
    }
    long slot;
    if (old != null) {
      int row = batch.program().tolerate(path, Sys.CLOSE, 0);
      // Its result, 0, empties the slot: if what fills it fails, nobody may close the number again,
      // which another thread's file has by then.
      batch.program().from(row, 0, old).into(row, old);
      slot = old;
    } else {
      slot = free.isEmpty() ? memory.zeroed(8) : free.pop();
    }
    slots.put(path, slot);
    note(path);
    return slot;
  }

  /** Adds the row that opens a directory, inside the root, into a slot. */
  int openRow(TreeBatch batch, ByteString path, long slot) {
    int row = batch.add(path, Sys.OPENAT2, 0, batch.memory().string(path), how, 24);
    batch.program().from(row, 0, root).into(row, slot);
    return row;
  }

  /** Opens a directory through the tree's own links into a slot, at once. */
  void reopen(Task task, ByteString path, long slot) {
    try (SyscallProgram program = SyscallProgram.small()) {
      int row = program.call(path, Sys.OPENAT2, 0, program.memory.string(path), how, 24);
      program.from(row, 0, root).into(row, slot);
      task.run(program);
    }
  }

  /**
   * Makes a directory with mode 0755 if it is missing, having written its parent's statx; returns
   * whether it was.
   */
  boolean makeDirectory(Task task, ByteString parent, ByteString name, long stat) {
    try (SyscallProgram program = new SyscallProgram(8, 16384)) {
      long slot = program.memory.zeroed(8);
      int open =
          program.call(
              parent,
              Sys.OPENAT2,
              0,
              program.memory.string(parent.isEmpty() ? ByteString.utf8(".") : parent),
              how,
              24);
      program.from(open, 0, root).into(open, slot);
      int asked =
          program.tolerate(
              parent, Sys.STATX, 0, emptyString, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      int make = program.tolerate(name, Sys.MKDIRAT, 0, program.memory.string(name), 0755);
      int close = program.call(parent, Sys.CLOSE, 0);
      program.from(asked, 0, slot).from(make, 0, slot).from(close, 0, slot);
      task.run(program);
      program.check(asked);
      if (program.errno(make) != 0 && program.errno(make) != Linux.EEXIST) {
        throw program.failure(make);
      }
      return program.errno(make) == 0;
    }
  }

  /** Closes all but the root. */
  void closeAll(Task task) {
    try (SyscallProgram program = new SyscallProgram(HELD, 64)) {
      for (Map.Entry<ByteString, Long> held : slots.entrySet()) {
        if (Memory.IO.getLong(held.getValue()) > 0) {
          program.tolerate(held.getKey(), Sys.CLOSE, Memory.IO.getLong(held.getValue()));
        }
        Memory.IO.putLong(held.getValue(), 0);
        free.push(held.getValue());
      }
      slots.clear();
      task.run(program);
    }
  }
}
