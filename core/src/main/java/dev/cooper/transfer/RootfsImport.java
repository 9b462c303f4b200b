package dev.cooper.transfer;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.host.PortableTree;
import dev.cooper.host.TarHead;
import dev.cooper.io.CopyingInputStream;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.compress.LayerOutput;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.FileCapability;
import dev.cooper.oci.layer.ImageBudget;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layer.TarWriter;
import dev.cooper.progress.Progress;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.TreeFilter;
import dev.cooper.store.Blobs;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import dev.cooper.tree.CapabilitySink;
import dev.cooper.tree.DistinctLayer;
import dev.cooper.tree.HeapBudget;
import dev.cooper.tree.LayerIndex;
import dev.cooper.tree.LayerPaths;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes an image of one layer from a root filesystem: a tarball, or a directory of the host.
 *
 * <p>The layer is not compressed, and its config is empty but for the platform. Thread-safe.
 */
public final class RootfsImport {
  private final Store store;
  private final Platform platform;
  private final @Nullable Instant now;
  private final boolean loose;

  /** An import that says it was made at a time. */
  public RootfsImport(Store store, Platform platform, Instant now) {
    this(store, platform, now, false);
  }

  private RootfsImport(Store store, Platform platform, @Nullable Instant now, boolean loose) {
    this.store = store;
    this.platform = platform;
    this.now = now;
    this.loose = loose;
  }

  /**
   * An import of what only a working container will hold: no list has it, and the same content is
   * the same image.
   *
   * @param date what it says that it was made at, or null to say nothing
   */
  public static RootfsImport loose(Store store, Platform platform, @Nullable Instant date) {
    return new RootfsImport(store, platform, date, true);
  }

  /**
   * Imports a tarball: its layer has the very bytes that it unpacks to, unless it names a path more
   * than once, which no layer may, or holds a capability of one user namespace ({@link
   * FileCapability}).
   *
   * @param tarball compressed in any way that {@link Decompression} knows, or not
   * @param notices told what was left out
   * @param name what the image is called, or null
   * @throws ContentException if it is malformed or truncated
   */
  @SuppressWarnings("try") // the intake is open, not used
  public StoredImage tarball(Path tarball, Consumer<String> notices, @Nullable ImageReference name)
      throws IOException {
    TarHead.require(tarball, "a tar of a root filesystem, or a directory");
    try (Blobs.Intake intake = store.intake();
        Progress.Piece work =
            store.progress().begin(Work.Kind.IMPORT, tarball.toString(), Files.size(tarball));
        StagedBlob staged = store.stage();
        InputStream file = work.counted(Files.newInputStream(tarball));
        InputStream tar = Decompression.open(file)) {
      LayerOutput layer = new LayerOutput(staged.output(), Compression.NONE);
      LayerIndex.Writer index = new LayerIndex.Writer(new HeapBudget());
      LayerBudget budget = ImageBudget.of(store.limits()).layer(Files.size(tarball));
      boolean again = scan(new CopyingInputStream(tar, layer), budget, index);
      layer.close();
      if (layer.size() == 0) {
        throw new ContentException("found nothing in it, expected a tar");
      }
      StoredImage image =
          again
              ? writtenAgain(staged.path(), index, notices, name)
              : add(staged, layer, index, name);
      work.succeed();
      return image;
    } catch (ContentException e) {
      throw new ContentException(tarball + ": " + e.getMessage(), e);
    }
  }

  /** Reads a tar to its end; returns whether no layer may be as it is. */
  private static boolean scan(InputStream tar, LayerBudget budget, LayerIndex.Writer index)
      throws IOException {
    DistinctLayer.Paths paths = new DistinctLayer.Paths();
    LayerPaths shape = new LayerPaths();
    TarReader reader = TarReader.over(tar, budget);
    boolean capabilities = false;
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      index.add(entry, reader.contentOffset());
      ByteString path = LayerPath.normalize(entry.path());
      paths.add(path);
      capabilities |= FileCapability.isToChange(entry.xattrs());
      shape.add(entry, path);
    }
    reader.drain();
    return paths.repeated() || capabilities;
  }

  private StoredImage writtenAgain(
      Path tar, LayerIndex.Writer index, Consumer<String> notices, @Nullable ImageReference name)
      throws IOException {
    LayerIndex parsed = LayerIndex.parse(index.toBytes(), new HeapBudget());
    if (parsed == null) {
      throw new IllegalStateException("the index of " + tar + " can't be read back");
    }
    try (StagedBlob staged = store.stage()) {
      LayerOutput layer = new LayerOutput(staged.output(), Compression.NONE);
      try (TarWriter out = new TarWriter(layer)) {
        DistinctLayer.write(tar, parsed, new CapabilitySink(new Rooted(out, null), notices));
        out.finish();
      }
      return add(staged, layer, null, name);
    }
  }

  /**
   * Imports a directory of the host, in canonical order.
   *
   * @param directory the root filesystem
   * @param runtime reads it with all its attributes, or null for what the JDK can read
   * @param notices told what was left out
   * @param name what the image is called, or null
   */
  @SuppressWarnings("try") // the intake is open, not used
  public StoredImage directory(
      Path directory,
      @Nullable ContainerRuntime runtime,
      Consumer<String> notices,
      @Nullable ImageReference name)
      throws IOException {
    try (Blobs.Intake intake = store.intake();
        Progress.Piece work = store.progress().begin(Work.Kind.IMPORT, directory.toString(), 0);
        StagedBlob staged = store.stage()) {
      LayerOutput layer = new LayerOutput(staged.output(), Compression.NONE);
      try (TarWriter tar = new TarWriter(layer)) {
        EntrySink sink = new Rooted(tar, work);
        TreeFilter filter = (path, isDirectory) -> choose(path, directory, notices);
        if (runtime == null) {
          PortableTree.read(directory, filter, sink, notices);
        } else {
          runtime.readHost(directory, filter, sink, notices);
        }
        tar.finish();
      }
      StoredImage image = add(staged, layer, null, name);
      work.succeed();
      return image;
    }
  }

  private static TreeFilter.Choice choose(
      ByteString path, Path directory, Consumer<String> notices) {
    if (!LayerPath.name(path).latin1().startsWith(".wh.")) {
      return TreeFilter.Choice.TAKE;
    }
    notices.accept(directory + "/" + path + " would be a whiteout in a layer: left out");
    return TreeFilter.Choice.SKIP;
  }

  private StoredImage add(
      StagedBlob staged,
      LayerOutput layer,
      LayerIndex.@Nullable Writer index,
      @Nullable ImageReference name)
      throws IOException {
    Digest diffId = layer.diffId();
    Descriptor blob = staged.keep(MediaType.OCI_LAYER, layer.digest(), layer.size());
    ImageConfig config =
        ImageConfig.of(platform)
            .withCreated(now)
            .withDiffId(diffId)
            .withHistory(History.of(now, "import of a root filesystem", false));
    Descriptor configBlob = store.put(MediaType.OCI_CONFIG, config.toBytes());
    Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, configBlob, List.of(blob));
    Descriptor stored = store.put(MediaType.OCI_MANIFEST, manifest.toBytes());
    StoredImage image = loose ? store.images().loose(stored) : store.add(stored, name);
    if (index != null) {
      new LayerTrees(store).keepIndex(diffId, index);
    }
    return image;
  }

  /** Names the root itself, as a tar has no empty names. */
  private static final class Rooted implements EntrySink {
    private static final ByteString ROOT = ByteString.utf8(".");

    private final EntrySink sink;
    private final Progress.@Nullable Piece work;

    Rooted(EntrySink sink, Progress.@Nullable Piece work) {
      this.sink = sink;
      this.work = work;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      sink.begin(entry.path().isEmpty() ? entry.withPath(ROOT) : entry);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      sink.write(source, offset, length);
      if (work != null) {
        work.add(length);
      }
    }

    @Override
    public void end() throws IOException {
      sink.end();
    }
  }
}
