package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Digest;
import dev.cooper.oci.compress.DigestingOutputStream;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
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
  private @Nullable Map<ByteString, Placed> index;
  private @Nullable Map<ByteString, ByteString> files;

  /** An entry and where its content begins in the tar. */
  record Placed(TarEntry entry, long offset) {}

  /** Something that writes entries. */
  interface Source {
    void writeTo(EntrySink sink) throws IOException;
  }

  private StepTar(Path file, Digest digest, long size, boolean canonical, boolean empty) {
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
    Path again = file.resolveSibling(Store.name(file) + ".distinct");
    StepTar step = writeAll(again, sink -> DistinctLayer.write(file, new LayerIndex(items), sink));
    Files.move(again, file, StandardCopyOption.REPLACE_EXISTING);
    return new StepTar(file, step.digest, step.size, step.canonical, step.empty);
  }

  private static StepTar writeAll(Path file, Source source) throws IOException {
    boolean done = false;
    Files.deleteIfExists(file); // one that was linked into the store is a blob, and never written
    try (DigestingOutputStream out = new DigestingOutputStream(FullDisk.output(file));
        TarWriter tar = new TarWriter(out)) {
      OrderedSink ordered = new OrderedSink(tar);
      source.writeTo(ordered);
      tar.finish();
      out.flush();
      done = true;
      return new StepTar(file, out.digest(), out.size(), ordered.canonical, ordered.last == null);
    } finally {
      if (!done) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** One that an earlier JVM wrote. */
  static StepTar reopen(Path file, Digest digest, boolean canonical) throws IOException {
    return new StepTar(file, digest, Files.size(file), canonical, false);
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

  /** The entries by path; the last of a path counts. */
  Map<ByteString, Placed> index() throws IOException {
    Map<ByteString, Placed> known = index;
    if (known == null) {
      known = new HashMap<>();
      try (TarReader reader = TarReader.over(Files.newInputStream(file), LayerScan.OWN)) {
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
          known.put(LayerPath.normalize(entry.path()), new Placed(entry, reader.contentOffset()));
        }
      }
      index = known;
    }
    return known;
  }

  /**
   * The file that a hardlink is a name of in the end, by way of other hardlinks perhaps; null where
   * they lead out of this copy, or round.
   */
  @Nullable ByteString file(ByteString hardlink) throws IOException {
    Map<ByteString, ByteString> known = files;
    if (known == null) {
      known = new HashMap<>();
      for (Map.Entry<ByteString, Placed> each : index().entrySet()) {
        if (each.getValue().entry().type() == EntryType.HARDLINK) {
          follow(each.getKey(), known);
        }
      }
      files = known;
    }
    return known.get(hardlink);
  }

  /** Each link is followed once, however long the way. */
  private void follow(ByteString first, Map<ByteString, ByteString> known) throws IOException {
    Set<ByteString> way = new LinkedHashSet<>();
    @Nullable ByteString at = first;
    while (at != null && way.add(at)) {
      @Nullable Placed placed = index().get(at);
      if (placed == null || known.containsKey(at)) {
        at = known.get(at);
        break;
      }
      if (placed.entry().type() != EntryType.HARDLINK) {
        break;
      }
      at = placed.entry().link();
    }
    boolean file =
        at != null && index().containsKey(at) && !isHardlink(at); // else it has gone round
    for (ByteString each : way) {
      if (file && !each.equals(at)) {
        known.put(each, at);
      }
    }
  }

  private boolean isHardlink(ByteString path) throws IOException {
    @Nullable Placed placed = index().get(path);
    return placed != null && placed.entry().type() == EntryType.HARDLINK;
  }

  /** A hardlink that is no other name of a file of this copy, or null. */
  @Nullable TarEntry strayHardlink() throws IOException {
    for (Map.Entry<ByteString, Placed> each : index().entrySet()) {
      if (each.getValue().entry().type() == EntryType.HARDLINK && file(each.getKey()) == null) {
        return each.getValue().entry();
      }
    }
    return null;
  }

  /** Notices when entries come in another order than a layer's. */
  private static final class OrderedSink implements EntrySink {
    private final TarWriter tar;
    private @Nullable ByteString last;
    private boolean canonical = true;

    OrderedSink(TarWriter tar) {
      this.tar = tar;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      ByteString before = last;
      canonical &= before == null || LayerPath.ORDER.compare(before, entry.path()) < 0;
      last = entry.path();
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
