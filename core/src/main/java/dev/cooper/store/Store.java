package dev.cooper.store;

import dev.cooper.error.ContainerStateException;
import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.io.FullDisk;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.progress.Progress;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A directory that is an OCI image layout, with unpacked layers and working containers beside.
 *
 * <p>Several JVMs may have it open. Nothing appears before it is whole: it is staged, then renamed.
 * Whoever opens it removes what dead JVMs have left. Thread-safe; to be closed. Source: OCI
 * image-spec, "OCI Image Layout Specification".
 */
public final class Store implements AutoCloseable {
  /** Held to pin or remove blobs, layers and containers; taken before {@link #INDEX}. */
  static final String SWEEP = "sweep";

  /** Held to change {@code index.json}; reading it needs no lock. */
  static final String INDEX = "index";

  private static final String LAYOUT = "{\"imageLayoutVersion\":\"1.0.0\"}";
  private static final Set<String> OWN =
      Set.of(
          "blobs", "layers", "containers", "staging", "locks", "cache", "unsynced", FullDisk.SPARE);
  private static final String RESERVE = "reserve";
  private static final Set<String> FILES =
      Set.of("oci-layout", "index.json", RESERVE, StoreIds.SINGLE);
  private static final FileAttribute<?>[] PRIVATE =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
          ? new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
          }
          : new FileAttribute<?>[0];

  private final Path directory;
  private final Clock clock;
  private final ImageLimits limits;
  private final Supplier<ContainerRuntime> runtime;
  private final FullDisk fullDisk;
  private final Path staging;
  private final FileLocks.Held stagingLock;
  private final AtomicLong count = new AtomicLong();
  private final SyncJournal journal;
  private final Blobs blobs;
  private final Images images;
  private final Containers containers;
  private volatile Progress progress = Progress.NONE;
  private boolean closed;
  private volatile boolean sealed;

  private Store(
      Path directory,
      Clock clock,
      ImageLimits limits,
      Supplier<ContainerRuntime> runtime,
      Place place,
      FullDisk full)
      throws IOException {
    this.directory = directory;
    this.clock = clock;
    this.limits = limits;
    this.runtime = runtime;
    this.fullDisk = full;
    this.stagingLock = place.lock;
    this.staging = place.path;
    this.journal =
        new SyncJournal(directory.resolve("unsynced"), Directories.name(staging), this::blob);
    this.blobs = new Blobs(this, journal, place.pins);
    this.images = new Images(this, blobs);
    this.containers = new Containers(this);
  }

  /** A staging directory of an open store's own. */
  private record Place(Path path, Path pins, FileLocks.Held lock) {
    static Place make(Path directory) throws IOException {
      String owner = UUID.randomUUID().toString();
      // The lock comes before the directory, so that no directory of a live store is ever unlocked.
      FileLocks.Held lock = FileLocks.own(directory.resolve("locks").resolve("staging-" + owner));
      Path path = directory.resolve("staging").resolve(owner);
      try {
        Files.createDirectory(path, PRIVATE);
        return new Place(path, Files.createDirectory(path.resolve(Blobs.PINS)), lock);
      } catch (IOException | RuntimeException e) {
        DurableFiles.deleteTree(path);
        lock.closeAndDelete();
        throw e;
      }
    }
  }

  /**
   * Opens a store, and makes it if there is none.
   *
   * @param directory a store, an OCI layout, an empty directory, or nothing
   * @param clock the time
   * @param limits what is refused of images that are brought into it
   * @param options what the runtime is opened with
   * @param runtime asked for one only where files may belong to others' ids
   * @throws OperationException if there is something else, it is for other ids, or it is not this
   *     user's alone
   * @throws IOException if it can't be read or written
   */
  public static Store open(
      Path directory,
      Clock clock,
      ImageLimits limits,
      RuntimeOptions options,
      Supplier<ContainerRuntime> runtime)
      throws IOException {
    Files.createDirectories(directory, PRIVATE);
    Path real = directory.toRealPath();
    StorePrivacy.require(real, OWN);
    FullDisk full = new FullDisk(real.resolve(RESERVE));
    full.freeing(() -> prepare(real));
    Place place = full.freeing(() -> Place.make(real));
    Store store = new Store(real, clock, limits, runtime, place, full);
    try {
      StoreIds.require(store, options);
      full.freeing(() -> new Recovery(store, store.journal, store.images).run());
      full.fill();
      return store;
    } catch (IOException | RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  @SuppressWarnings("try") // the lock is held, not used
  private static boolean prepare(Path directory) throws IOException {
    boolean layout = isMarked(directory);
    for (Path each : Directories.list(directory)) {
      String name = Directories.name(each);
      if (!layout && !isOwn(each)) {
        throw new OperationException(
            String.format(
                Locale.ROOT,
                "cannot open the store %s: found %s there, expected an empty directory or an OCI image"
                    + " layout",
                directory,
                name));
      }
    }
    for (String name : OWN) {
      if (!Files.isDirectory(directory.resolve(name))) {
        Files.createDirectories(directory.resolve(name), PRIVATE);
      }
    }
    Files.createDirectories(directory.resolve("blobs").resolve("sha256"));
    for (String name : List.of(SWEEP, INDEX)) {
      Path lock = directory.resolve("locks").resolve(name);
      if (!Files.exists(lock)) {
        FileLocks.lock(lock).close(); // now, as on a full disk nobody could
      }
    }
    if (!layout) {
      try (FileLocks.Held held = FileLocks.lock(directory.resolve("locks").resolve(INDEX))) {
        if (!Files.exists(directory.resolve("index.json"))) {
          DurableFiles.write(directory.resolve("index.json"), Index.of(List.of()).toBytes());
        }
        DurableFiles.write(
            directory.resolve("oci-layout"), LAYOUT.getBytes(StandardCharsets.US_ASCII));
      }
    }
    try (OciLayout checked = OciLayout.open(directory)) {
      checked.index();
    }
    return true;
  }

  /** Whether it says that it is a layout; a mark that a crash has cut off is made anew. */
  private static boolean isMarked(Path directory) throws IOException {
    Path mark = directory.resolve("oci-layout");
    if (!Files.exists(mark)) {
      return false;
    }
    byte[] found = Files.readAllBytes(mark);
    boolean cutOff =
        found.length < LAYOUT.length()
            && LAYOUT.startsWith(new String(found, StandardCharsets.ISO_8859_1));
    return !cutOff;
  }

  /** Whether something in a store's directory is of the store, or hidden. */
  static boolean isOwn(Path path) {
    String name = Directories.name(path);
    return OWN.contains(name) || FILES.contains(name) || name.startsWith(".");
  }

  public Path directory() {
    return directory;
  }

  Clock clock() {
    return clock;
  }

  /** From now on, work that takes its time is told of there. */
  public void tell(Progress told) {
    progress = told;
  }

  /** Who is told of work that takes its time. */
  public Progress progress() {
    return progress;
  }

  /** What is refused of what is brought into it. */
  public ImageLimits limits() {
    return limits;
  }

  /** Where parts of the store that only this JVM works on may lie; unique at each call. */
  Path staged(String prefix) {
    return staging.resolve(prefix + "-" + count.getAndIncrement());
  }

  /** Its own directory below {@code staging}. */
  public Path staging() {
    return staging;
  }

  /** A place for temporary files of a reader, removed with the store at the latest. */
  public Path temporary() throws IOException {
    return Files.createDirectory(staged("temporary"));
  }

  Path lockFile(String name) {
    return directory.resolve("locks").resolve(name);
  }

  FileLocks.Held lock(String name) throws IOException {
    return FileLocks.lock(lockFile(name));
  }

  /**
   * A blob to be written. The caller computes its digest.
   *
   * @return discarded by closing unless it was kept
   */
  public StagedBlob stage() throws IOException {
    return blobs.stage();
  }

  /** Adds a small blob. */
  public Descriptor adopt(Path file, MediaType mediaType, Digest digest, long size)
      throws IOException {
    return blobs.adopt(file, mediaType, digest, size);
  }

  /** Keeps small content as a blob. */
  public Descriptor put(MediaType mediaType, byte[] content) throws IOException {
    return blobs.put(mediaType, content);
  }

  /** Whether a blob is there; if so, it stays there as long as this store is open. */
  public boolean has(Digest digest) throws IOException {
    return blobs.has(digest);
  }

  /** Where a blob lies, there or not. */
  public Path blob(Digest digest) {
    return blobs.path(digest);
  }

  /** Opens a blob; reading it verifies size and digest. */
  public InputStream open(Descriptor descriptor) throws IOException {
    return blobs.open(descriptor);
  }

  /**
   * The bytes of an image's manifest, with other layers perhaps. With its own they are those that
   * are stored, as whoever wrote them did, since its digest is what it is known by.
   */
  public byte[] manifest(StoredImage image, List<Descriptor> layers) throws IOException {
    return layers.equals(image.manifest().layers())
        ? blobs.read(image.descriptor())
        : image.manifest().withLayers(layers).toBytes();
  }

  /** Where what is known of an unpacked layer lies: {@code tree} and its marker {@code done}. */
  public Path layer(Digest diffId) {
    return directory.resolve("layers").resolve(diffId.hex());
  }

  /** Where a layer's index lies. */
  public Path layerIndex(Digest diffId) {
    return directory.resolve("layers").resolve(diffId.hex() + ".idx");
  }

  /**
   * Finds an image by name, for this machine's platform, or by at least 3 digits of its id's or
   * manifest's digest.
   */
  public Optional<StoredImage> find(String nameOrId) throws IOException {
    return images.find(nameOrId, null);
  }

  /** The same, for a platform. */
  public Optional<StoredImage> find(String nameOrId, @Nullable Platform platform)
      throws IOException {
    return images.find(nameOrId, platform);
  }

  /** Every image, in the index's order. */
  public List<StoredImage> list() throws IOException {
    return images.list();
  }

  /**
   * Adds an image whose blobs are all there.
   *
   * @param manifest its manifest's descriptor
   * @param name taken from the image for the same platform that had it before; null for none
   * @return the image, called by this name alone
   */
  public StoredImage add(Descriptor manifest, @Nullable ImageReference name) throws IOException {
    return images.add(manifest, name == null ? List.of() : List.of(name), List.of());
  }

  /** Gives an image one name more, which is taken from the one for its platform that had it. */
  public StoredImage tag(StoredImage image, ImageReference name) throws IOException {
    return add(image.descriptor(), name);
  }

  /** Takes a name from an image that has it, which stays. */
  public void untag(StoredImage image, ImageReference name) throws IOException {
    images.untag(image, name);
  }

  /** Removes an image with all its names, and what nothing else needs. */
  public void remove(StoredImage image) throws IOException {
    images.remove(image);
  }

  /**
   * Removes an image that was only there meanwhile, and what nothing else needs; it stays if it has
   * got a name since, or a working container.
   */
  public void removeUnnamed(StoredImage image) throws IOException {
    images.removeUnnamed(image);
  }

  /** The working containers. */
  public Containers containers() {
    return containers;
  }

  /** Makes a small file appear whole and durably, in place of the one that is there. */
  void write(Path target, byte[] content) throws IOException {
    Path file = staged("file");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    } catch (IOException e) {
      Files.deleteIfExists(file);
      throw FullDisk.named(e, target);
    }
    DurableFiles.move(file, target);
  }

  /** Renames a directory out of sight; to be deleted later. */
  Path toTrash(Path path) throws IOException {
    Path trash = staged("trash");
    return fullDisk.freeing(() -> Files.move(path, trash));
  }

  /** Lets what frees space succeed on a full disk too. */
  FullDisk fullDisk() {
    return fullDisk;
  }

  /** What measures and reads what belongs to others' ids; asked for only where it is needed. */
  ContainerRuntime runtime() {
    return runtime.get();
  }

  /** Whether it was closed: nothing in it is this store's business any more. */
  boolean isSealed() {
    return sealed;
  }

  /** Refuses what would outlive a store that was closed; the caller holds the lock. */
  void requireUnsealed() {
    if (sealed) {
      throw new ContainerStateException("this Cooper was closed meanwhile");
    }
  }

  /** How images, and blobs on the way to one, are held together; to be closed. */
  public Blobs.Intake intake() {
    return blobs.intake();
  }

  public Images images() {
    return images;
  }

  /** Deletes a tree, whoever owns what is in it. */
  public void deleteTree(Path path) throws IOException {
    try {
      DurableFiles.deleteTree(path);
    } catch (IOException notOurs) {
      try {
        runtime.get().delete(path);
      } catch (RuntimeException e) {
        e.addSuppressed(notOurs);
        throw e;
      }
    }
  }

  /** Ends it, and removes what was begun and never became part of it. */
  @Override
  @SuppressWarnings("try") // the lock is held, not used
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    boolean done = false;
    try {
      journal.close();
      Sweep sweep = new Sweep(this);
      try (FileLocks.Held held = lock(SWEEP)) {
        sealed = true;
        // Under one lock: nobody else shall find what was pinned by nobody's any more.
        if (blobs.dropPins()) {
          sweep.underLock();
        }
      }
      sweep.emptyTrash();
      deleteTree(staging);
      done = true;
      fullDisk.fill();
    } finally {
      if (done) {
        stagingLock.closeAndDelete();
      } else {
        stagingLock.close(); // whoever opens it next finds what is left, and removes it
      }
    }
  }
}
