package dev.cooper.container;

import dev.cooper.io.Directories;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A root filesystem that nothing has run in: the base's layers, still packed, and a tar for each
 * copy.
 *
 * <p>It is a view of what a mount would show, so that destinations, owners and conflicts come out
 * the same. Not thread-safe.
 */
public final class PendingTree implements RootView {
  private static final int BUFFER = 1 << 18;

  private final Path directory;
  private final RootView base;
  private final List<StepTar> steps = new ArrayList<>();

  public PendingTree(Path directory, RootView base) {
    this.directory = directory;
    this.base = base;
  }

  List<StepTar> steps() {
    return List.copyOf(steps);
  }

  /** Adds a copy; returns whether it wrote anything, as only then it counts. */
  public boolean add(StepTar.Source source) throws IOException {
    Directories.make(directory);
    StepTar step =
        StepTar.write(
            directory.resolve(String.format(Locale.ROOT, "%06d.tar", steps.size())), source);
    if (step.isEmpty()) {
      Files.delete(step.file());
      return false;
    }
    boolean whole = false;
    try {
      requireFiles(step);
      whole = true;
    } finally {
      if (!whole) {
        Files.delete(step.file());
      }
    }
    steps.add(step);
    return true;
  }

  /** Thrown where a copy makes another name of a file that it does not hold itself. */
  static final class LinksOutside extends RuntimeException {
    private static final long serialVersionUID = 1;

    LinksOutside(TarEntry link) {
      super("the hardlink " + link.path() + " names " + link.link(), null, false, false);
    }
  }

  /** A layer can't link to what another holds: that file has to be in both. */
  private void requireFiles(StepTar step) throws IOException {
    @Nullable TarEntry stray = step.strayHardlink();
    if (stray == null) {
      return;
    }
    @Nullable TarEntry there = entry(LayerPath.normalize(stray.link()));
    if (there == null || there.type() == EntryType.DIRECTORY) {
      throw new ContentException(
          "the hardlink "
              + stray.path()
              + " names "
              + stray.link()
              + ", and no such file is in what is added, nor in the container");
    }
    throw new LinksOutside(stray);
  }

  void reopen(StepTar step) {
    steps.add(step);
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    Found found = find(path);
    if (found != null) {
      return found.placed == null ? null : found.placed.entry();
    }
    @Nullable TarEntry below = base.entry(path);
    return below != null && isHidden(path, -1) ? null : below;
  }

  /**
   * The last step that has a path, and what it has there, which is nothing if a later one hides it;
   * a hardlink is the file it links to.
   */
  private @Nullable Found find(ByteString path) {
    try {
      for (int i = steps.size() - 1; i >= 0; i--) {
        StepTar step = steps.get(i);
        StepTar.Placed found = step.index().get(path);
        if (found != null && found.entry().type() == EntryType.HARDLINK) {
          ByteString file = step.file(path);
          found = file == null ? null : step.index().get(file);
        }
        if (found != null) {
          return new Found(step, isHidden(path, i) ? null : found);
        }
      }
      return null;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Whether a step after one of them, or after the base, replaced a directory above a path. */
  private boolean isHidden(ByteString path, int step) {
    try {
      boolean hidden = false;
      for (int i = step + 1; i < steps.size() && !hidden; i++) {
        hidden = steps.get(i).hides(path);
      }
      return hidden;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private UncheckedIOException unreadable(IOException e) {
    return new UncheckedIOException("cannot read a copy again that was staged in " + directory, e);
  }

  private record Found(StepTar step, StepTar.@Nullable Placed placed) {}

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    Found found = find(path);
    if (found == null) {
      return isHidden(path, -1) ? null : base.read(path, limit);
    }
    StepTar.Placed placed = found.placed;
    if (placed == null
        || placed.entry().type() != EntryType.FILE
        || placed.entry().size() > limit) {
      return null;
    }
    try {
      return content(found.step, placed);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static byte[] content(StepTar step, StepTar.Placed placed) throws IOException {
    ByteBuffer content = ByteBuffer.allocate((int) placed.entry().size());
    try (FileChannel channel = FileChannel.open(step.file())) {
      while (content.hasRemaining()
          && channel.read(content, placed.offset() + content.position()) >= 0) {}
    }
    return content.array();
  }

  /** All copies as the entries of one layer, in canonical order: of each path the last. */
  void merged(EntrySink sink) throws IOException {
    MergedSteps merged = new MergedSteps(base);
    for (StepTar step : steps) {
      merged.add(step);
    }
    List<FileChannel> files = new ArrayList<>();
    try {
      for (StepTar step : steps) {
        files.add(FileChannel.open(step.file()));
      }
      new Merge(merged, files, sink).run();
    } finally {
      for (FileChannel file : files) {
        file.close();
      }
    }
  }

  /**
   * Writes the winning entries; a hardlink whose file was replaced, or comes later, takes the
   * content over.
   */
  private final class Merge {
    private final MergedSteps merged;
    private final List<FileChannel> files;
    private final EntrySink sink;
    private final Map<Linked, ByteString> written = new HashMap<>();
    private final byte[] buffer = new byte[BUFFER];

    private record Linked(int step, ByteString file) {}

    Merge(MergedSteps merged, List<FileChannel> files, EntrySink sink) {
      this.merged = merged;
      this.files = files;
      this.sink = sink;
    }

    void run() throws IOException {
      for (Map.Entry<ByteString, Integer> winner : merged.winners().entrySet()) {
        int step = winner.getValue();
        StepTar.Placed placed = required(step, winner.getKey());
        TarEntry entry = placed.entry();
        if (entry.type() != EntryType.HARDLINK && entry.type() != EntryType.FILE) {
          sink.put(entry);
          if (merged.isOpaque(winner.getKey())) {
            sink.put(TarEntry.opaque(winner.getKey()).withMtime(entry.mtimeSeconds(), 0));
          }
          continue;
        }
        ByteString file = winner.getKey();
        if (entry.type() == EntryType.HARDLINK) {
          file = Objects.requireNonNullElse(steps.get(step).file(file), entry.link());
        }
        @Nullable ByteString first = written.putIfAbsent(new Linked(step, file), winner.getKey());
        if (first != null) {
          sink.put(
              TarEntry.hardlink(winner.getKey(), first)
                  .withMode(entry.mode())
                  .withOwner(entry.uid(), entry.gid())
                  .withMtime(entry.mtimeSeconds(), entry.mtimeNanos()));
        } else {
          content(files.get(step), required(step, file), winner.getKey());
        }
      }
    }

    private StepTar.Placed required(int step, ByteString path) throws IOException {
      StepTar.Placed placed = steps.get(step).index().get(path);
      if (placed == null) {
        throw new IOException(
            "the staged copy "
                + steps.get(step).file()
                + " has no "
                + path
                + ", which it links to");
      }
      return placed;
    }

    private void content(FileChannel file, StepTar.Placed placed, ByteString path)
        throws IOException {
      sink.begin(placed.entry().withPath(path));
      long at = placed.offset();
      long left = placed.entry().size();
      while (left > 0) {
        int n = file.read(ByteBuffer.wrap(buffer, 0, (int) Math.min(buffer.length, left)), at);
        if (n < 0) {
          throw new IOException("the staged copy of " + path + " is cut off");
        }
        sink.write(buffer, 0, n);
        at += n;
        left -= n;
      }
      sink.end();
    }
  }
}
