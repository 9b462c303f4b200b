package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_CREAT;
import static dev.cooper.linux.Linux.O_EXCL;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_WRONLY;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes regular files: a small one by one run of rows, a large one chunk by chunk, with a hole
 * where a chunk is all zeros. Not thread-safe.
 */
final class TreeFiles {
  private static final int ROWS_OF_A_FILE = 16;
  private static final int LARGE = 256 << 10;
  private static final int SEEK_CUR = 1;
  private static final byte[] ZEROS = new byte[LARGE];

  private final TreeBatches batches;
  private final TreePlaces places;
  private final TreeAttributes attributes;
  private final long fileSlot;
  private @Nullable TarEntry file;
  private ByteString filePath = ByteString.EMPTY;
  private long fileLeft;
  private long contentAt;
  private int contentFilled;
  private boolean zeros;
  private boolean holes;

  TreeFiles(TreeBatches batches, TreePlaces places, TreeAttributes attributes, Memory memory) {
    this.batches = batches;
    this.places = places;
    this.attributes = attributes;
    fileSlot = memory.zeroed(8);
  }

  void begin(TarEntry entry, ByteString path) {
    if (path.isEmpty()) {
      throw new ContentException("the layer's root is a FILE, and can only be a directory");
    }
    file = entry;
    filePath = path;
    fileLeft = entry.size();
    if (entry.size() <= LARGE) {
      batches.room(ROWS_OF_A_FILE, (int) entry.size() + 16384);
      contentAt = batches.current().memory().allocate(Math.max(8, entry.size()));
    } else {
      batches.room(ROWS_OF_A_FILE, 16384);
      create(fileSlot);
      chunk();
    }
    contentFilled = 0;
    zeros = true;
    holes = false;
  }

  private boolean isLarge() {
    return file != null && file.size() > LARGE;
  }

  private void create(long slot) {
    TreeBatch batch = batches.current();
    long parent = places.parent(filePath);
    ByteString name = LayerPath.name(filePath);
    int row =
        batches
            .current()
            .add(
                filePath,
                Sys.OPENAT,
                0,
                batch.memory().string(name),
                O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
                0600);
    batch.program().from(row, 0, parent).into(row, slot);
    batches
        .current()
        .onError(row, (at, errno) -> places.retryAfterRemoving(at, errno, row, parent, name));
  }

  private void chunk() {
    batches.room(ROWS_OF_A_FILE, LARGE + 16384);
    contentAt = batches.current().memory().allocate(LARGE);
    contentFilled = 0;
    zeros = true;
  }

  /** Takes some of the content. */
  void write(byte[] source, int offset, int length) {
    if (file == null) {
      return; // Content of an entry that has none in a tree, such as a hardlink's: it is its
      // target's.
    }
    int at = offset;
    int left = length;
    while (left > 0) {
      int capacity = isLarge() ? LARGE : (int) file.size();
      int n = Math.min(left, capacity - contentFilled);
      if (n == 0 && !isLarge()) {
        throw new IllegalStateException("more content than the size of " + filePath);
      }
      Memory.IO.putByteArray(contentAt + contentFilled, source, at, n);
      zeros = zeros && isLarge() && Arrays.equals(source, at, at + n, ZEROS, 0, n);
      contentFilled += n;
      at += n;
      left -= n;
      if (isLarge() && contentFilled == LARGE) {
        flushContent();
        chunk();
      }
    }
    fileLeft -= length;
  }

  private void flushContent() {
    TreeBatch batch = batches.current();
    if (contentFilled > 0 && isLarge() && zeros) {
      int row = batch.add(filePath, Sys.LSEEK, 0, contentFilled, SEEK_CUR);
      batch.program().from(row, 0, fileSlot);
      holes = true;
    } else if (contentFilled > 0) {
      int row = batch.add(filePath, Sys.WRITE, 0, contentAt, contentFilled);
      batch.program().from(row, 0, fileSlot);
      batch.expect(row, contentFilled);
    }
    contentFilled = 0;
  }

  /** Ends the file that was begun, if any. */
  void end() {
    TarEntry entry = file;
    if (entry == null) {
      return;
    }
    if (fileLeft != 0) {
      throw new ContentException(
          filePath
              + ": its content ends "
              + fileLeft
              + " bytes before its size of "
              + entry.size());
    }
    if (isLarge()) {
      batches.room(ROWS_OF_A_FILE, 16384);
    } else {
      create(fileSlot);
    }
    flushContent();
    if (holes) {
      int row = batches.current().add(filePath, Sys.FTRUNCATE, 0, entry.size());
      batches.current().program().from(row, 0, fileSlot);
    }
    attributes.set(entry, filePath, fileSlot);
    TreeBatch batch = batches.current(); // setting attributes may have begun another
    int times =
        batches
            .current()
            .add(
                filePath,
                Sys.UTIMENSAT,
                0,
                0,
                batch.times(entry.mtimeSeconds(), entry.mtimeNanos()),
                0);
    batch.program().from(times, 0, fileSlot);
    int close = batch.add(filePath, Sys.CLOSE, 0);
    batch.program().from(close, 0, fileSlot).into(close, fileSlot);
    file = null;
  }

  /** Closes the file that a failure left open; no program may run then. */
  void abandon(Task task) {
    int fd = (int) Memory.IO.getLong(fileSlot);
    if (fd > 0) {
      Memory.IO.putLong(fileSlot, 0);
      TreeRemover.close(task, fd);
    }
  }
}
