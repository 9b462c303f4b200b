package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.VerifyingInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * The store's blobs.
 *
 * <p>A blob that was kept, or asked for and found, is pinned until an image with it is added: so
 * nobody who removes images removes it in between. A pin is an empty file in this store's staging
 * directory; it is made, and blobs are removed, under one lock. Others of this JVM may have pinned
 * the same blob for an image that they have not added yet: so a pin goes only once every {@link
 * Intake} is over that was open when its image was added. Thread-safe.
 */
public final class Blobs {
  private static final System.Logger LOG = System.getLogger(Blobs.class.getName());

  /** Up to this many bytes a blob is synced before it appears; larger ones go by the journal. */
  static final long SMALL = 1 << 20;

  /** The directory of pins in a store's staging directory. */
  static final String PINS = "pins";

  private final Store store;
  private final SyncJournal journal;
  private final Path pins;
  private final Map<Digest, Long> pinnedAt = new HashMap<>();
  private final NavigableSet<Long> open = new TreeSet<>();
  private final Deque<Release> releases = new ArrayDeque<>();
  private long intakes;

  /** An image's blobs, and the last intake that may have pinned one of them for another. */
  private record Release(Digest image, Set<Digest> blobs, long until) {}

  Blobs(Store store, SyncJournal journal, Path pins) {
    this.store = store;
    this.journal = journal;
    this.pins = pins;
  }

  /** The time in which an image's blobs come and the image is added. */
  public final class Intake implements AutoCloseable {
    private final long number;

    private Intake(long number) {
      this.number = number;
    }

    @Override
    @SuppressWarnings("try") // the lock is held, not used
    public void close() throws IOException {
      over(number);
      Sweep sweep = new Sweep(store);
      try (FileLocks.Held held = store.lock(Store.SWEEP)) {
        if (!store.images().holds(release())) {
          sweep.underLock(); // an image was removed, or never used, while its blobs were pinned
        }
      } catch (InterruptedIOException e) {
        LOG.log(Level.DEBUG, "pins are left to the next intake, or to the close", e);
      }
      sweep.emptyTrash();
    }
  }

  private synchronized void over(long intake) {
    open.remove(intake);
  }

  synchronized Intake intake() {
    long number = ++intakes;
    open.add(number);
    return new Intake(number);
  }

  Path path(Digest digest) {
    return store.directory().resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
  }

  StagedBlob stage() throws IOException {
    return new StagedBlob(this, store.staged("blob"));
  }

  Descriptor put(MediaType mediaType, byte[] content) throws IOException {
    Digest digest = Digest.sha256(content);
    try (StagedBlob staged = stage()) {
      staged.output().write(content);
      return staged.keep(mediaType, digest, content.length);
    }
  }

  /**
   * Makes a file of the store's own a blob too, without copying it: both are the same file then,
   * and never written again.
   *
   * @param digest of the file's bytes, which the caller has computed
   */
  Descriptor adopt(Path file, MediaType mediaType, Digest digest, long size) throws IOException {
    Path link = Files.createLink(store.staged("blob"), file);
    try {
      publish(link, digest, size);
      return Descriptor.of(mediaType, digest, size);
    } finally {
      Files.deleteIfExists(link);
    }
  }

  /** Whether a blob is there; if so, it stays as long as this store is open. */
  @SuppressWarnings("try") // the lock is held, not used
  boolean has(Digest digest) throws IOException {
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      boolean there = isFile(digest);
      if (there) {
        pin(digest);
      }
      return there;
    }
  }

  boolean isFile(Digest digest) {
    return Files.isRegularFile(path(digest), LinkOption.NOFOLLOW_LINKS);
  }

  InputStream open(Descriptor descriptor) throws IOException {
    try {
      return new VerifyingInputStream(
          Files.newInputStream(path(descriptor.digest())), descriptor, "store");
    } catch (NoSuchFileException e) {
      throw new ContentException(
          "blob " + descriptor.digest() + " is not in the store " + store.directory(), e);
    }
  }

  byte[] read(Descriptor descriptor) throws IOException {
    try (InputStream in = open(descriptor)) {
      return in.readAllBytes();
    }
  }

  /** Renames a staged blob to its place: known in the journal or on the disk before it appears. */
  @SuppressWarnings("try") // the lock is held, not used
  void publish(Path staged, Digest digest, long size) throws IOException {
    boolean synced = size <= SMALL || !SyncJournal.isUsable();
    if (has(digest)) {
      return;
    }
    if (synced) {
      DurableFiles.sync(staged);
    } else {
      journal.add(digest);
    }
    Path target = path(digest);
    Files.createDirectories(Directories.parent(target));
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      pin(digest);
      if (!isFile(digest)) {
        Files.move(staged, target);
      }
    }
    if (synced) {
      DurableFiles.sync(Directories.parent(target));
    } else {
      journal.later(digest);
    }
  }

  private synchronized void pin(Digest digest) throws IOException {
    pinnedAt.put(digest, intakes);
    try {
      Files.createFile(pin(pins, digest));
    } catch (FileAlreadyExistsException e) {
      return; // pinned before
    }
  }

  private static Path pin(Path pins, Digest digest) {
    return pins.resolve(digest.algorithm() + "-" + digest.hex());
  }

  /** Lets go of blobs that an image holds from now on, once nobody else may need them. */
  synchronized void unpin(Digest image, Set<Digest> digests) throws IOException {
    boolean alone = open.isEmpty() && releases.isEmpty();
    releases.add(new Release(image, digests, intakes));
    if (alone) {
      release(); // else the end of an intake does, and looks whether their images are still there
    }
  }

  /** Lets go of what no open intake can have pinned; gives the images whose blobs that are. */
  private synchronized List<Digest> release() throws IOException {
    List<Digest> images = new ArrayList<>();
    while (!releases.isEmpty() && (open.isEmpty() || open.first() > releases.element().until)) {
      Release release = releases.remove();
      images.add(release.image);
      for (Digest digest : release.blobs) {
        Long pinned = pinnedAt.get(digest);
        if (pinned != null && pinned <= release.until) {
          Files.deleteIfExists(pin(pins, digest));
          pinnedAt.remove(digest);
        }
      }
    }
    return images;
  }

  /** Lets go of everything; says whether there was something that no image was made of. */
  synchronized boolean dropPins() throws IOException {
    boolean any = !Directories.list(pins).isEmpty();
    DurableFiles.deleteTree(pins);
    return any;
  }

  /** What is pinned by whatever store has its staging directory here. */
  static Set<Digest> pinned(Path staging) throws IOException {
    Set<Digest> pinned = new HashSet<>();
    for (Path owner : Directories.list(staging)) {
      for (Path pin : Directories.list(owner.resolve(PINS))) {
        String name = Directories.name(pin);
        int dash = name.indexOf('-');
        pinned.add(new Digest(name.substring(0, dash), name.substring(dash + 1)));
      }
    }
    return pinned;
  }
}
