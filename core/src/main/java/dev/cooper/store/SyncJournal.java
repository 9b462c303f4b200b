package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FullDisk;
import dev.cooper.oci.Digest;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The large blobs that were renamed to their place before they were synced.
 *
 * <p>To sync half a gigabyte takes seconds that a commit need not wait: should the machine crash,
 * it is enough to know which blobs to distrust. Their names are in a file, synced before the blob
 * appears, that is named after this boot of the machine; a thread syncs the blobs afterwards and
 * then drops the file. Where the system tells no boot, blobs are synced at once. Thread-safe.
 */
public final class SyncJournal implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SyncJournal.class.getName());
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final @Nullable String BOOT = readBoot();

  private final Path file;
  private final Function<Digest, Path> blobs;
  private final ArrayDeque<Digest> waiting = new ArrayDeque<>();
  private final Set<Digest> pending = new HashSet<>();
  private final Set<Path> adopted = new HashSet<>();
  private @Nullable FileChannel channel;
  private boolean running;
  private boolean closed;

  /**
   * A journal of one open store.
   *
   * @param directory where the journals of all stores lie
   * @param owner a name of this store's own
   * @param blobs where a blob lies
   */
  SyncJournal(Path directory, String owner, Function<Digest, Path> blobs) {
    this.file = directory.resolve(BOOT + "." + owner);
    this.blobs = blobs;
  }

  /** Names this boot of the machine, or gives null if the system doesn't. */
  public static @Nullable String boot() {
    return BOOT;
  }

  private static @Nullable String readBoot() {
    if (!Files.isReadable(BOOT_ID)) {
      return null;
    }
    try {
      // In one read: such a file is at its end after the first, and Files.readString reads one byte
      // first.
      try (InputStream in = Files.newInputStream(BOOT_ID)) {
        return new String(in.readNBytes(64), StandardCharsets.US_ASCII).strip();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "no boot id: every blob is synced at once", e);
      return null;
    }
  }

  /** Whether blobs may wait for their sync. */
  static boolean isUsable() {
    return BOOT != null;
  }

  /** Writes a blob's name down, before it appears. */
  synchronized void add(Digest digest) throws IOException {
    FileChannel open = channel;
    if (open == null) {
      open =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      channel = open;
      DurableFiles.sync(Directories.parent(file));
    }
    try {
      open.write(ByteBuffer.wrap((digest + "\n").getBytes(StandardCharsets.US_ASCII)));
      open.force(true);
    } catch (IOException e) {
      throw FullDisk.named(e, file);
    }
    pending.add(digest);
  }

  /** Has a blob synced that has appeared, some time. */
  synchronized void later(Digest digest) {
    waiting.add(digest);
    start();
  }

  /** Takes over what a store of this boot has left, whose JVM is gone. */
  synchronized void adopt(Path journal) throws IOException {
    List<Digest> left = read(journal);
    adopted.add(journal);
    pending.addAll(left);
    waiting.addAll(left);
    start();
  }

  /** The blobs in a journal; a last line that was cut off names none that has appeared. */
  static List<Digest> read(Path journal) throws IOException {
    return Files.readAllLines(journal, StandardCharsets.ISO_8859_1).stream()
        .filter(line -> line.matches("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"))
        .map(Digest::parse)
        .toList();
  }

  private void start() {
    if (!running && !closed) {
      running = true;
      Thread thread = new Thread(null, this::run, "cooper-sync", 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
    }
  }

  private void run() {
    try {
      for (Digest digest = next(); digest != null; digest = next()) {
        sync(digest);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "blobs could not be synced; the journal " + file + " stays", e);
      synchronized (this) {
        running = false;
      }
    }
  }

  private void sync(Digest digest) throws IOException {
    Path blob = blobs.apply(digest);
    try {
      DurableFiles.sync(blob);
      DurableFiles.sync(Directories.parent(blob));
    } catch (NoSuchFileException e) {
      LOG.log(Level.DEBUG, "blob {0} was removed before it was synced", digest);
    }
    synchronized (this) {
      pending.remove(digest);
    }
  }

  private synchronized @Nullable Digest next() throws IOException {
    Digest digest = closed ? null : waiting.poll();
    if (digest == null) {
      running = false;
      if (pending.isEmpty()) {
        dropFiles();
      }
    }
    return digest;
  }

  private void dropFiles() throws IOException {
    closeChannel();
    Files.deleteIfExists(file);
    for (Path journal : adopted) {
      Files.deleteIfExists(journal);
    }
    adopted.clear();
  }

  private void closeChannel() throws IOException {
    FileChannel open = channel;
    if (open != null) {
      channel = null;
      open.close();
    }
  }

  /** Stops; what is not synced yet stays in the journal, for the next store that is opened. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    closeChannel();
  }
}
