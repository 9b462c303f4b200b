package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is done when a store is opened: the remains of dead JVMs and crashed machines go. */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

  private final Store store;
  private final SyncJournal journal;
  private final Images images;

  Recovery(Store store, SyncJournal journal, Images images) {
    this.store = store;
    this.journal = journal;
    this.images = images;
  }

  /** Begins again where it was stopped; gives whether somebody had died. */
  boolean run() throws IOException {
    boolean unclean = removeStaging();
    unclean |= readJournals();
    unclean |= store.containers().removeOrphans();
    removeLocks();
    removeUnfinished();
    if (unclean) {
      new Sweep(store).run();
    }
    return unclean;
  }

  private boolean removeStaging() throws IOException {
    boolean found = false;
    for (Path each : Directories.list(store.directory().resolve("staging"))) {
      if (each.equals(store.staging())) {
        continue;
      }
      Path lockFile = store.lockFile("staging-" + Directories.name(each));
      try {
        FileLocks.Held lock = FileLocks.tryLockExisting(lockFile);
        if (lock != null) {
          found = true;
          removeStaging(each, lock);
        }
      } catch (NoSuchFileException e) {
        // Its owner locks before it makes the directory, and unlocks after it is gone.
        LOG.log(Level.DEBUG, "{0} has no lock", each);
        found |= Files.exists(each);
        store.deleteTree(each);
      }
    }
    return found;
  }

  private void removeStaging(Path directory, FileLocks.Held lock) throws IOException {
    try {
      store.deleteTree(directory);
    } finally {
      lock.closeAndDelete();
    }
  }

  /** What was never finished when the store was made; nobody makes one now. */
  @SuppressWarnings("try") // the lock is held, not used
  private void removeUnfinished() throws IOException {
    for (Path each : Directories.list(store.directory())) {
      if (Directories.name(each).startsWith(".staging-")) {
        try (FileLocks.Held held = store.lock(Store.INDEX)) {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  /** Lock files whose directory is gone, or was never made. */
  private void removeLocks() throws IOException {
    for (Path each : Directories.list(store.directory().resolve("locks"))) {
      Path owned = owned(store, Directories.name(each));
      if (owned != null && !Files.exists(owned)) {
        try {
          FileLocks.Held lock = FileLocks.tryLockExisting(each);
          if (lock != null) {
            lock.closeAndDelete();
          }
        } catch (NoSuchFileException e) {
          LOG.log(Level.DEBUG, "the owner of {0} was faster", each);
        }
      }
    }
  }

  /** What a lock file stands for, or null if it stands for nothing that goes. */
  static @Nullable Path owned(Store store, String lock) {
    int dash = lock.indexOf('-');
    String id = lock.substring(dash + 1);
    if (lock.startsWith("staging-")) {
      return store.directory().resolve("staging").resolve(id);
    }
    return lock.startsWith("container-")
        ? store.directory().resolve("containers").resolve(id)
        : null;
  }

  /** Gives whether a blob may have been lost. */
  private boolean readJournals() throws IOException {
    List<Path> crashed = new ArrayList<>();
    for (Path each : Directories.list(store.directory().resolve("unsynced"))) {
      String name = Directories.name(each);
      String boot = name.substring(0, Math.max(0, name.indexOf('.')));
      String owner = name.substring(boot.length() + 1);
      if (!boot.equals(SyncJournal.boot())) {
        crashed.add(each);
      } else if (!Files.exists(store.directory().resolve("staging").resolve(owner))) {
        adopt(each);
      }
    }
    if (!crashed.isEmpty()) {
      readCrashed(crashed);
    }
    return !crashed.isEmpty();
  }

  /**
   * Finds the blobs that the machine's crash may have cut off. Reading them takes long and needs no
   * lock. What is broken is looked at again under it, as another JVM may have found it too, and
   * brought it anew. Then images go first, and the journals last: until all is done, whoever opens
   * the store begins again.
   */
  @SuppressWarnings("try") // the lock is held, not used
  private void readCrashed(List<Path> journals) throws IOException {
    Set<Digest> suspects = new HashSet<>();
    for (Path each : journals) {
      suspects.addAll(broken(read(each)));
    }
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      Set<Digest> lost = broken(suspects);
      if (!lost.isEmpty()) {
        dropImages(lost);
      }
      for (Digest each : lost) {
        Files.deleteIfExists(store.blob(each));
      }
      for (Path each : journals) {
        Files.deleteIfExists(each);
      }
    }
  }

  private static List<Digest> read(Path journal) throws IOException {
    try {
      return SyncJournal.read(journal);
    } catch (NoSuchFileException e) {
      LOG.log(Level.DEBUG, "another JVM was faster with the journal {0}", journal);
      return List.of();
    }
  }

  private void adopt(Path each) throws IOException {
    try {
      journal.adopt(each);
    } catch (NoSuchFileException e) {
      LOG.log(Level.DEBUG, "journal {0} was finished by its owner just now", each);
    }
  }

  /** Those that are not there, or not what they are called. */
  private Set<Digest> broken(Collection<Digest> blobs) throws IOException {
    Set<Digest> broken = new HashSet<>();
    for (Digest digest : blobs) {
      try {
        if (!hash(store.blob(digest), digest).equals(digest)) {
          broken.add(digest);
        }
      } catch (NoSuchFileException e) {
        broken.add(digest);
      }
    }
    return broken;
  }

  /** What a file's bytes are. */
  static Digest hash(Path blob, Digest expected) throws IOException {
    MessageDigest hasher = expected.newMessageDigest();
    byte[] buffer = new byte[128 * 1024];
    try (InputStream in = Files.newInputStream(blob)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        hasher.update(buffer, 0, n);
      }
    }
    return Digest.of(expected.algorithm(), hasher.digest());
  }

  private void dropImages(Set<Digest> lost) throws IOException {
    Set<Digest> broken = new HashSet<>();
    Index index = images.index();
    for (Descriptor each : index.manifests()) {
      if (each.mediaType().isManifest() && needs(each, lost)) {
        broken.add(each.digest());
      }
    }
    List<String> dropped = images.drop(broken);
    if (!dropped.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "store {0}: the machine crashed before these images were on the disk, they are gone: {1}",
          store.directory(),
          dropped);
    }
  }

  private boolean needs(Descriptor image, Set<Digest> lost) throws IOException {
    if (lost.contains(image.digest()) || !Files.exists(store.blob(image.digest()))) {
      return true;
    }
    try (InputStream in = store.open(image)) {
      Manifest manifest = Manifest.parse(in.readAllBytes(), image.mediaType());
      return lost.contains(manifest.config().digest())
          || manifest.layers().stream().anyMatch(layer -> lost.contains(layer.digest()));
    } catch (ContentException e) {
      LOG.log(Level.WARNING, "store " + store.directory() + ": a manifest is broken", e);
      return true;
    }
  }
}
