package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One directory of several layers, as an overlay would show it: the uppermost layer's names win, a
 * whiteout hides a name and an opaque directory all that is below it. Not thread-safe.
 */
final class MergedDirectory {
  private static final int STATS = 256;

  private final Map<ByteString, Entry> entries = new HashMap<>();
  private boolean opaque;

  /** What a name is, by the uppermost layer that has it. */
  static final class Entry {
    final ByteString name;
    final int layer;
    final int directory;
    final byte[] stat;

    /** For a directory, the layers that it is in, the uppermost first. */
    final List<Integer> layers = new ArrayList<>();

    /** Whether lower layers have no part in it. */
    private boolean whole;

    /** A name that only hides what is below. */
    static Entry hiding(ByteString name) {
      return new Entry(name, -1, -1, new byte[0], false);
    }

    boolean isHiding() {
      return stat.length == 0;
    }

    Entry(ByteString name, int layer, int directory, byte[] stat, boolean isDirectory) {
      this.name = name;
      this.layer = layer;
      this.directory = directory;
      this.stat = stat;
      this.whole = !isDirectory;
      layers.add(layer);
    }
  }

  /** What it shows, in no order. */
  Iterable<Entry> entries() {
    return entries.values();
  }

  /**
   * Lays a layer's directory below what is there.
   *
   * @param layer a descriptor of the layer's root
   * @param directory a descriptor of the layer's directory
   */
  void below(Task task, int layer, int directory, ByteString path) {
    List<ByteString> marks = new ArrayList<>();
    List<ByteString> names = new ArrayList<>();
    for (ByteString each : Directory.names(task, directory, path)) {
      (FileMarks.isOne(each) ? marks : names).add(each);
    }
    try (SyscallProgram program = new SyscallProgram(STATS, STATS * (Stat.SIZE + 300))) {
      for (int from = 0; from < names.size(); from += STATS) {
        List<ByteString> some = names.subList(from, Math.min(names.size(), from + STATS));
        stat(task, program, directory, some, layer);
      }
    }
    marks.forEach(this::hide);
  }

  /** A mark hides what lies below its layer, never what the layer itself has. */
  private void hide(ByteString mark) {
    opaque |= FileMarks.isOpaque(mark);
    ByteString name = FileMarks.hidden(mark);
    if (!name.isEmpty()) {
      entries.computeIfAbsent(name, Entry::hiding).whole = true;
    }
  }

  /** Whether it hides all that is below, by a mark that is a file. */
  boolean isOpaque() {
    return opaque;
  }

  private void stat(
      Task task, SyscallProgram program, int directory, List<ByteString> names, int layer) {
    program.reset();
    long stats = program.memory.allocate((long) Stat.SIZE * names.size());
    for (int i = 0; i < names.size(); i++) {
      program.call(
          names.get(i),
          Sys.STATX,
          directory,
          program.memory.string(names.get(i)),
          Linux.AT_SYMLINK_NOFOLLOW,
          Stat.BASIC,
          stats + (long) Stat.SIZE * i);
    }
    task.run(program);
    for (int i = 0; i < names.size(); i++) {
      add(names.get(i), layer, directory, stats + (long) Stat.SIZE * i);
    }
  }

  private void add(ByteString name, int layer, int directory, long stat) {
    boolean isDirectory = Stat.format(stat) == Linux.S_IFDIR;
    Entry above = entries.get(name);
    if (above == null) {
      byte[] copy = new byte[Stat.SIZE];
      Memory.IO.getByteArray(stat, copy, 0, copy.length);
      entries.put(name, new Entry(name, layer, directory, copy, isDirectory));
    } else if (!above.whole && isDirectory) {
      above.layers.add(layer);
    } else {
      above.whole = true;
    }
  }
}
