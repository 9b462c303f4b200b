package dev.cooper.container;

import dev.cooper.io.Directories;
import dev.cooper.io.SparseFile;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.Digest;
import dev.cooper.oci.compress.DigestingOutputStream;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import dev.cooper.store.ContainerRecord;
import dev.cooper.tree.DistinctLayer;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerScan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one copy put into a root that is not unpacked: a tar in the working container's directory,
 * with its digest.
 *
 * <p>Where its entries came in canonical order it already is the layer, and commit has nothing left
 * to do. Not thread-safe.
 */
final class StepTar {
  private final Path file;
  private final Digest digest;
  private final long size;
  private final boolean canonical;
  private final boolean empty;
  private final boolean linked;
  private final boolean marked;
  private final Set<ByteString> opaque = new LinkedHashSet<>();
  private @Nullable Map<ByteString, Placed> index;
  private @Nullable Map<ByteString, @Nullable ByteString> files;

  /** An entry and where its content begins in the tar. */
  record Placed(TarEntry entry, long offset) {}

  /** Something that writes entries. */
  public interface Source {
    void writeTo(EntrySink sink) throws IOException;
  }

  private StepTar(
      Path file,
      Digest digest,
      long size,
      boolean canonical,
      boolean empty,
      boolean linked,
      boolean marked) {
    this.linked = linked;
    this.marked = marked;
    this.file = file;
    this.digest = digest;
    this.size = size;
    this.canonical = canonical;
    this.empty = empty;
  }

  /**
   * Writes a source's entries into a new file, each path once; nothing is left of it if that fails.
   */
  static StepTar write(Path file, Source source) throws IOException {
    StepTar step = writeAll(file, source);
    try {
      return step.canonical ? step : step.distinct();
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  /** The same, written again if it has a path more than once, as an archive that is added may. */
  private StepTar distinct() throws IOException {
    List<LayerIndex.Item> items = new ArrayList<>();
    try (TarReader reader = TarReader.over(Files.newInputStream(file), LayerScan.OWN)) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        items.add(new LayerIndex.Item(entry, reader.contentOffset()));
      }
    }
    if (items.size() == index().size()) {
      return this;
    }
    Path again = file.resolveSibling(Directories.name(file) + ".distinct");
    StepTar step = writeAll(again, sink -> DistinctLayer.write(file, new LayerIndex(items), sink));
    Files.move(again, file, StandardCopyOption.REPLACE_EXISTING);
    return new StepTar(
        file, step.digest, step.size, step.canonical, step.empty, step.linked, step.marked);
  }

  private static StepTar writeAll(Path file, Source source) throws IOException {
    boolean done = false;
    Files.deleteIfExists(file); // one that was linked into the store is a blob, and never written
    try (DigestingOutputStream out = new DigestingOutputStream(SparseFile.create(file));
        TarWriter tar = new TarWriter(out)) {
      OrderedSink ordered = new OrderedSink(tar);
      source.writeTo(ordered);
      tar.finish();
      out.flush();
      done = true;
      return new StepTar(
          file,
          out.digest(),
          out.size(),
          ordered.canonical,
          ordered.last == null,
          ordered.linked,
          ordered.marked);
    } finally {
      if (!done) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** One that an earlier JVM wrote. */
  static StepTar reopen(Path directory, ContainerRecord.Tar recorded) throws IOException {
    Path file = recorded.in(directory);
    return new StepTar(
        file, recorded.digest(), Files.size(file), recorded.canonical(), false, true, true);
  }

  /** As a container's record names it. */
  ContainerRecord.Tar recorded() {
    return new ContainerRecord.Tar(Directories.name(file), digest, canonical);
  }

  Path file() {
    return file;
  }

  Digest digest() {
    return digest;
  }

  long size() {
    return size;
  }

  /** Whether its entries are in the order of a layer, each once. */
  boolean isCanonical() {
    return canonical;
  }

  /** Whether it has no entry. */
  boolean isEmpty() {
    return empty;
  }

  /** The entries by path, without opaque markers; the last of a path counts. */
  Map<ByteString, Placed> index() throws IOException {
    Map<ByteString, Placed> known = index;
    if (known == null) {
      known = new HashMap<>();
      try (TarReader reader = TarReader.over(Files.newInputStream(file), LayerScan.OWN)) {
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
          if (entry.isOpaqueMarker()) {
            opaque.add(LayerPath.normalize(entry.whiteoutTarget()));
          } else {
            known.put(LayerPath.normalize(entry.path()), new Placed(entry, reader.contentOffset()));
          }
        }
      }
      index = known;
    }
    return known;
  }

  /** The directories that hide what lay at their paths before. */
  Set<ByteString> opaque() throws IOException {
    if (marked) {
      index();
    }
    return opaque;
  }

  /** Whether nothing can be seen any more of what lay at a path before, as it lay below one. */
  boolean hides(ByteString path) throws IOException {
    Map<ByteString, Placed> entries = index();
    for (ByteString in = path; !in.isEmpty(); ) {
      in = LayerPath.parent(in);
      @Nullable Placed placed = entries.get(in);
      if (opaque.contains(in) || (placed != null && placed.entry().type() != EntryType.DIRECTORY)) {
        return true;
      }
    }
    return false;
  }

  /** Writes it into a mounted root, which is as it was when the step was made. */
  void replay(EntrySink sink) throws IOException {
    for (ByteString each : opaque()) {
      sink.put(TarEntry.whiteout(each)); // so that its directory is a new one
    }
    try (TarReader reader = TarReader.over(Files.newInputStream(file), LayerScan.OWN)) {
      LayerScan.pump(reader, marked ? new WithoutMarkers(sink) : sink);
    }
  }

  /**
   * The file that a hardlink is a name of in the end, by way of other hardlinks perhaps; null where
   * they lead out of this copy, or round.
   */
  @Nullable ByteString file(ByteString hardlink) throws IOException {
    Map<ByteString, @Nullable ByteString> known = files;
    if (known == null) {
      known = new HashMap<>();
      for (ByteString each : index().keySet()) {
        follow(each, known);
      }
      files = known;
    }
    return known.get(hardlink);
  }

  /** Each link is followed once, however long the way. */
  private void follow(ByteString first, Map<ByteString, @Nullable ByteString> known)
      throws IOException {
    List<ByteString> way = new ArrayList<>();
    ByteString at = first;
    @Nullable ByteString next = linkOf(at);
    while (next != null && !known.containsKey(at)) {
      known.put(at, null); // at once, so that one that goes round ends
      way.add(at);
      at = next;
      next = linkOf(at);
    }
    @Nullable ByteString file = next != null ? known.get(at) : index().containsKey(at) ? at : null;
    for (ByteString each : way) {
      known.put(each, file);
    }
  }

  private @Nullable ByteString linkOf(ByteString path) throws IOException {
    @Nullable Placed placed = index().get(path);
    return placed != null && placed.entry().type() == EntryType.HARDLINK
        ? placed.entry().link()
        : null;
  }

  /** A hardlink that is no other name of a file of this copy, or null. */
  @Nullable TarEntry strayHardlink() throws IOException {
    if (!linked) {
      return null; // nothing to read again, as in nearly all copies
    }
    for (Map.Entry<ByteString, Placed> each : index().entrySet()) {
      if (each.getValue().entry().type() == EntryType.HARDLINK && file(each.getKey()) == null) {
        return each.getValue().entry();
      }
    }
    return null;
  }

  /** Leaves opaque markers out, which have no content. */
  private static final class WithoutMarkers implements EntrySink {
    private final EntrySink out;
    private boolean skipping;

    WithoutMarkers(EntrySink out) {
      this.out = out;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      skipping = entry.isOpaqueMarker();
      if (!skipping) {
        out.begin(entry);
      }
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      out.write(source, offset, length);
    }

    @Override
    public void end() throws IOException {
      if (!skipping) {
        out.end();
      }
    }
  }

  /**
   * Notices when entries come in another order than a layer's, and whether any is a hardlink or an
   * opaque marker.
   */
  private static final class OrderedSink implements EntrySink {
    private final TarWriter tar;
    private @Nullable ByteString last;
    private boolean canonical = true;
    private boolean linked;
    private boolean marked;

    OrderedSink(TarWriter tar) {
      this.tar = tar;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      ByteString before = last;
      canonical &= before == null || LayerPath.ORDER.compare(before, entry.path()) < 0;
      last = entry.path();
      linked |= entry.type() == EntryType.HARDLINK;
      marked |= entry.isOpaqueMarker();
      tar.begin(entry);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      tar.write(source, offset, length);
    }

    @Override
    public void end() throws IOException {
      tar.end();
    }
  }
}
