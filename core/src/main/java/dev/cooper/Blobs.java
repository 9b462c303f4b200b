package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.VerifyingInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The store's blobs.
 *
 * <p>A blob that was kept, or asked for and found, is pinned until an image with it is added: so
 * nobody who removes images removes it in between. A pin is an empty file in this store's staging
 * directory; it is made, and blobs are removed, under one lock. Thread-safe.
 */
final class Blobs {
  /** Up to this many bytes a blob is synced before it appears; larger ones go by the journal. */
  static final long SMALL = 1 << 20;

  private final Store store;
  private final SyncJournal journal;
  private final Path pins;

  Blobs(Store store, SyncJournal journal) throws IOException {
    this.store = store;
    this.journal = journal;
    this.pins = Files.createDirectory(store.staged("pins"));
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
    Files.createDirectories(Store.parent(target));
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      pin(digest);
      if (!isFile(digest)) {
        Files.move(staged, target);
      }
    }
    if (synced) {
      DurableFiles.sync(Store.parent(target));
    } else {
      journal.later(digest);
    }
  }

  private void pin(Digest digest) throws IOException {
    try {
      Files.createFile(pins.resolve(digest.algorithm() + "-" + digest.hex()));
    } catch (FileAlreadyExistsException e) {
      return; // pinned before
    }
  }

  /** Lets go of blobs that an image holds from now on. */
  void unpin(Set<Digest> digests) throws IOException {
    for (Digest digest : digests) {
      Files.deleteIfExists(pins.resolve(digest.algorithm() + "-" + digest.hex()));
    }
  }

  /** Whether this store holds blobs that it never made an image of. */
  boolean hasPins() throws IOException {
    try (Stream<Path> all = Files.list(pins)) {
      return all.findAny().isPresent();
    }
  }

  /** What is pinned by whatever store has its staging directory here. */
  static Set<Digest> pinned(Path staging) throws IOException {
    Set<Digest> pinned = new HashSet<>();
    for (Path owner : Store.list(staging)) {
      for (Path pin : Store.list(owner.resolve("pins-0"))) {
        String name = Store.name(pin);
        int dash = name.indexOf('-');
        pinned.add(new Digest(name.substring(0, dash), name.substring(dash + 1)));
      }
    }
    return pinned;
  }
}
