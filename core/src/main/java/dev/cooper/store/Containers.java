package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.io.FullDisk;
import dev.cooper.io.Io;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The working containers' directories.
 *
 * <p>In each lies {@code image}, the digest of its base image's manifest, and for one that is to
 * outlive its JVM {@code name}; the rest is its owner's. An owner holds a lock; one without a name
 * whose owner is gone is removed. Where {@code held} lies, the base was brought for this container
 * alone and is perhaps in no index: it goes with the last container that holds it. Thread-safe.
 */
public final class Containers {
  private static final System.Logger LOG = System.getLogger(Containers.class.getName());
  private static final String IMAGE = "image";
  private static final String NAME = "name";
  private static final String HELD = "held";

  private final Store store;

  Containers(Store store) {
    this.store = store;
  }

  /** Whose a container's base image is. */
  public enum Base {
    /** The store's. */
    STORED,
    /** The container's own: it was brought for it. */
    HELD
  }

  /** A container's directory, as it was when it was looked at, and what is wrong with it. */
  public record Entry(
      Path path,
      @Nullable Digest image,
      @Nullable String name,
      Base base,
      @Nullable String trouble) {
    public String id() {
      return Directories.name(path);
    }

    String label() {
      return name == null ? id() : name;
    }
  }

  /** A container's directory that this JVM owns, until it is closed. */
  public static final class Owned implements AutoCloseable {
    private final Store store;
    private Entry entry;
    private final FileLocks.Held lock;

    private Owned(Store store, Entry entry, FileLocks.Held lock) {
      this.store = store;
      this.entry = entry;
      this.lock = lock;
    }

    public String id() {
      return entry.id();
    }

    /** The container's directory. */
    public Path path() {
      return entry.path;
    }

    /** The base image's manifest, or null for an empty root. */
    public @Nullable Digest image() {
      return entry.image;
    }

    /** Its name, or null if it goes when it is closed. */
    public @Nullable String name() {
      return entry.name;
    }

    /**
     * Gives it another name, or its first: it then outlives this JVM.
     *
     * @param record writes what whoever finds it by its name will need; comes before the name
     * @throws OperationException if the name is taken, or is none
     */
    @SuppressWarnings("try") // the lock is held, not used
    public void rename(String name, Io<?> record) throws IOException {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")) {
        throw new OperationException(
            "\""
                + name
                + "\" is no name for a container: letters, digits, _ . and -, 128 at most, the first a letter or digit");
      }
      try (FileLocks.Held held = store.lock(Store.SWEEP)) {
        if (store.containers().list().stream()
            .anyMatch(each -> name.equals(each.name) && !each.id().equals(id()))) {
          throw new OperationException(
              "working container " + name + " exists already: open or remove it");
        }
        if (entry.name == null) {
          sync();
        }
        record.run();
        store.write(entry.path.resolve(NAME), name.getBytes(StandardCharsets.UTF_8));
        entry = new Entry(entry.path, entry.image, name, entry.base, null);
      }
    }

    /** A name outlives a crash of the machine: so what it stands for has to. */
    private void sync() throws IOException {
      if (entry.image != null) {
        DurableFiles.sync(entry.path.resolve(IMAGE));
      }
      DurableFiles.sync(entry.path);
      DurableFiles.sync(Directories.parent(entry.path));
    }

    /** Removes it, and lets go. */
    public void delete() throws IOException {
      try {
        if (Files.exists(entry.path)) {
          store.deleteTree(trashed());
          releaseBase();
        }
      } finally {
        lock.closeAndDelete();
      }
    }

    /** Lets the base image go that nothing else needs. */
    private void releaseBase() throws IOException {
      Digest image = entry.image;
      if (entry.base == Base.HELD
          && image != null
          && !store.isSealed()
          && !store.images().holds(List.of(image))) {
        new Sweep(store).run();
      }
    }

    /** Renamed away, or where it is if its store was closed while it was made. */
    private Path trashed() throws IOException {
      try {
        return store.toTrash(entry.path);
      } catch (NoSuchFileException e) {
        LOG.log(Level.DEBUG, "{0} outlived its store by a moment", entry.path);
        return entry.path;
      }
    }

    /** Removes it and lets go, as one thing of many that a sweep deletes in the end. */
    void discard(Sweep sweep) throws IOException {
      try {
        if (Files.exists(entry.path)) {
          sweep.discard(entry.path);
        }
      } finally {
        lock.closeAndDelete();
      }
    }

    /** Lets go of it; one without a name is removed. */
    @Override
    public void close() throws IOException {
      if (entry.name == null) {
        delete();
      } else {
        lock.close();
      }
    }
  }

  private Path directory() {
    return store.directory().resolve("containers");
  }

  private Path lockFile(String id) {
    return store.lockFile("container-" + id);
  }

  public List<Entry> list() throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (Path path : Directories.list(directory())) {
      entries.add(entry(path));
    }
    return entries;
  }

  /** One that a crash of the machine has damaged is found too, or nothing could remove it. */
  private static Entry entry(Path path) throws IOException {
    String image = content(path.resolve(IMAGE));
    String name = content(path.resolve(NAME));
    try {
      Base base = Files.exists(path.resolve(HELD)) ? Base.HELD : Base.STORED;
      return new Entry(path, image == null ? null : Digest.parse(image), name, base, null);
    } catch (ContentException e) {
      return new Entry(
          path, null, name, Base.STORED, "its base image is not known: " + e.getMessage());
    }
  }

  /** Writes down again which image a container began from. */
  void mend(Entry entry, Digest image) throws IOException {
    store.write(entry.path.resolve(IMAGE), image.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static @Nullable String content(Path file) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /**
   * Makes a container's directory; its base image stays in the store as long as it does.
   *
   * @param image the base image, or null for an empty root
   * @param name what to find it by later, or null if it goes when it is closed
   * @throws OperationException if the name is taken, or the image is gone
   */
  public Owned create(@Nullable StoredImage image, @Nullable String name) throws IOException {
    return create(image, name, Base.STORED);
  }

  /** The same, saying whose the base image is. */
  @SuppressWarnings("try") // the lock is held, not used
  public Owned create(@Nullable StoredImage image, @Nullable String name, Base base)
      throws IOException {
    String id = HexFormat.of().toHexDigits(UUID.randomUUID().getMostSignificantBits());
    FileLocks.Held lock = FileLocks.own(lockFile(id));
    boolean made = false;
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      store.requireUnsealed();
      if (name != null && list().stream().anyMatch(each -> name.equals(each.name))) {
        throw new OperationException(
            "working container " + name + " exists already: open or remove it");
      }
      Digest digest = image == null ? null : image.descriptor().digest();
      if (digest != null && !Files.exists(store.blob(digest))) {
        throw new OperationException("image " + digest + " was removed from the store meanwhile");
      }
      Path staged = Files.createDirectory(store.staged("container"));
      if (digest != null) {
        FullDisk.write(staged.resolve(IMAGE), digest.toString().getBytes(StandardCharsets.UTF_8));
      }
      if (base == Base.HELD) {
        Files.createFile(staged.resolve(HELD));
      }
      if (name != null) {
        FullDisk.write(staged.resolve(NAME), name.getBytes(StandardCharsets.UTF_8));
      }
      Path path = Files.move(staged, directory().resolve(id));
      made = true;
      return new Owned(store, new Entry(path, digest, name, base, null), lock);
    } finally {
      if (!made) {
        lock.closeAndDelete();
      }
    }
  }

  /**
   * Takes a container that was named before, and closed.
   *
   * @return the container, or null if there is none of that name
   * @throws OperationException if it is open elsewhere
   */
  public @Nullable Owned open(String name) throws IOException {
    for (Entry entry : list()) {
      if (name.equals(entry.name)) {
        FileLocks.Held lock = FileLocks.tryOwn(lockFile(entry.id()));
        if (lock == null) {
          throw new OperationException("working container " + name + " is in use: close it there");
        }
        if (entry.trouble != null) {
          lock.close();
          throw new OperationException(
              "working container "
                  + name
                  + " is damaged: "
                  + entry.trouble
                  + ": let maintenance().repair() mend or remove it");
        }
        return new Owned(store, entry, lock);
      }
    }
    return null;
  }

  /** Whether a container without a name has lost its owner. */
  boolean isOrphan(Entry entry) throws IOException {
    FileLocks.Held lock = orphan(entry.path);
    if (lock != null) {
      lock.close();
    }
    return lock != null;
  }

  /** Takes whichever container nobody has open, or gives null. */
  @Nullable Owned take(Entry entry) throws IOException {
    FileLocks.Held lock = FileLocks.tryOwn(lockFile(entry.id()));
    return lock == null ? null : new Owned(store, entry, lock);
  }

  /**
   * Removes the containers without a name whose owners are gone.
   *
   * @return whether one held its base image, which may have to go too
   */
  public boolean removeOrphans() throws IOException {
    boolean held = false;
    for (Path path : Directories.list(directory())) {
      FileLocks.Held lock = orphan(path);
      if (lock != null) {
        held |= Files.exists(path.resolve(HELD));
        try {
          store.deleteTree(store.toTrash(path));
        } catch (NoSuchFileException e) {
          LOG.log(Level.DEBUG, "the owner of {0} was faster", path);
        } finally {
          lock.closeAndDelete();
        }
      }
    }
    return held;
  }

  private FileLocks.@Nullable Held orphan(Path path) throws IOException {
    if (Files.exists(path.resolve(NAME))) {
      return null;
    }
    FileLocks.Held lock = tryLock(path, lockFile(Directories.name(path)));
    if (lock != null && Files.exists(path.resolve(NAME))) {
      lock.close(); // its owner named it, and let go of it, since
      return null;
    }
    return lock;
  }

  private static FileLocks.@Nullable Held tryLock(Path path, Path lock) throws IOException {
    try {
      return FileLocks.tryLockExisting(lock);
    } catch (NoSuchFileException e) {
      // Its owner locks before it makes the directory: it was copied here with its store, say.
      return Files.exists(path) ? FileLocks.tryOwn(lock) : null;
    }
  }
}
