package dev.cooper.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Exclusive locks on files, between JVMs and between threads.
 *
 * <p>The kernel drops them when their process dies. POSIX keeps a lock for the process and not for
 * the channel, and drops it when <em>any</em> channel of the file is closed; so in front of each
 * file stands a lock of this JVM, and only its holder has a channel open. Not reentrant. Another
 * class loader's copy of this class has its own: what one cannot lock as the other has it, it keeps
 * open.
 *
 * <p>A file that stands for an owner says which process that is. A runtime's children may share the
 * JVM's descriptors, and its locks with them, for the moment between its death and theirs: a lock
 * whose owner is dead is waited for.
 */
public final class FileLocks {
  private static final Set<OpenOption> EXISTING =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
  private static final Set<OpenOption> CREATE =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);

  /** How long the children of a dead owner may take to die too. */
  private static final Duration DYING = Duration.ofSeconds(5);

  private static final Duration FIRST_PAUSE = Duration.ofNanos(100_000);
  private static final Duration PAUSE = Duration.ofMillis(5);

  private static final String NAMESPACE = pidNamespace();
  private static final String SELF = ProcessHandle.current().pid() + " " + NAMESPACE;

  /** One for each file that somebody in this JVM holds or waits for. */
  private static final ConcurrentHashMap<Path, Slot> SLOTS = new ConcurrentHashMap<>();

  /** One at a time locks and closes, of all copies of this class: a literal is one in a JVM. */
  private static final String GATE = "dev.cooper.io.FileLocks";

  /** What is not to be closed, as that would drop another copy's lock. */
  private static final Map<Path, Parked> PARKED = new HashMap<>();

  private FileLocks() {}

  /** A channel, and the file that it is of. */
  private record Parked(FileChannel channel, @Nullable Object file) {}

  /** How an attempt ended. */
  private enum Attempt {
    GIVEN,
    /** Another process has it. */
    TAKEN,
    /** Another class loader's copy of this class has it. */
    TAKEN_HERE
  }

  /** The JVM's own lock of one file, and who cares for it. */
  private static final class Slot {
    final Semaphore free = new Semaphore(1);
    int users;
  }

  /** Waits for a lock; the file is made if it is not there. */
  public static Held lock(Path file) throws IOException {
    Held held = waitFor(file);
    while (!Files.exists(file)) {
      // Removed between its making and its locking, as nobody held it: such a lock is no lock.
      held.close();
      held = waitFor(file);
    }
    return held;
  }

  /** Waits for a lock as {@link #lock} does, and writes into its file whose it is. */
  public static Held own(Path file) throws IOException {
    Held held = lock(file);
    try {
      held.sign();
      return held;
    } catch (IOException | RuntimeException e) {
      held.closeAndDelete(); // it stands for nothing yet
      throw e;
    }
  }

  private static Held signed(Held held) throws IOException {
    try {
      held.sign();
      return held;
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e;
    }
  }

  private static Held waitFor(Path file) throws IOException {
    Slot slot = enter(file);
    try {
      slot.free.acquire();
    } catch (InterruptedException e) {
      leave(file);
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted while waiting for the lock " + file);
      interrupted.initCause(e);
      throw interrupted;
    }
    Held held = lockFile(file, slot, CREATE, true);
    if (held == null) {
      throw new IllegalStateException("a lock that was waited for was not given: " + file);
    }
    return held;
  }

  /** Takes a lock if it is free, else gives null; the file is made if it is not there. */
  public static @Nullable Held tryLock(Path file) throws IOException {
    return tryLock(file, CREATE);
  }

  /** Takes an owner's lock if it is free, else gives null; the file is made if it is not there. */
  public static @Nullable Held tryOwn(Path file) throws IOException {
    Held held = tryLock(file, CREATE);
    return held == null ? null : signed(held);
  }

  /**
   * Takes the lock of a file that is there, else gives null.
   *
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  public static @Nullable Held tryLockExisting(Path file) throws IOException {
    return tryLock(file, EXISTING);
  }

  /** Whether a file has been there for a while, and nobody holds it. */
  public static boolean isAbandoned(Path file) throws IOException {
    try {
      long age = System.currentTimeMillis() - Files.getLastModifiedTime(file).toMillis();
      // Between the making of a file and its locking there is a moment.
      return age > DYING.toMillis() && isFree(file) && Files.exists(file);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether nobody holds a lock; also if there is no such file. */
  public static boolean isFree(Path file) throws IOException {
    try {
      Held held = tryLockExisting(file);
      if (held != null) {
        held.close();
      }
      return held != null;
    } catch (NoSuchFileException e) {
      return true;
    }
  }

  /** Removes a lock's file, if nobody holds it. Only for files that are never locked anew. */
  public static void removeFree(Path file) throws IOException {
    try {
      Held held = tryLockExisting(file);
      if (held != null) {
        held.closeAndDelete();
      }
    } catch (NoSuchFileException e) {
      return; // somebody was faster
    }
  }

  private static @Nullable Held tryLock(Path file, Set<OpenOption> options) throws IOException {
    Slot slot = enter(file);
    if (!slot.free.tryAcquire()) {
      leave(file);
      return null;
    }
    return lockFile(file, slot, options, false);
  }

  private static @Nullable Held lockFile(
      Path file, Slot slot, Set<OpenOption> options, boolean wait) throws IOException {
    FileChannel channel = null;
    boolean locked = false;
    try {
      channel = open(file, options);
      locked = wait ? await(channel) : tryLock(channel);
      return locked ? new Held(file, slot, channel) : null;
    } finally {
      if (!locked) {
        giveUp(file, slot, channel);
      }
    }
  }

  private static FileChannel open(Path file, Set<OpenOption> options) throws IOException {
    synchronized (GATE) {
      Parked parked = PARKED.remove(file);
      if (parked != null && Objects.equals(parked.file, key(file))) {
        return parked.channel;
      }
      if (parked != null) {
        parked.channel.close(); // nobody finds its file any more
      }
      return FileChannel.open(file, options);
    }
  }

  private static @Nullable Object key(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return "gone";
    }
  }

  /**
   * Asks again and again. The kernel's own waiting takes a process for one: with two threads of two
   * processes each it sees a deadlock where there is none, and refuses.
   */
  private static boolean await(FileChannel channel) throws IOException {
    long pause = FIRST_PAUSE.toNanos();
    while (attempt(channel) != Attempt.GIVEN) {
      LockSupport.parkNanos(pause);
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while waiting for a lock of the store");
      }
      pause = Math.min(2 * pause, PAUSE.toNanos());
    }
    return true;
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    long end = System.nanoTime() + DYING.toNanos();
    Attempt attempt = attempt(channel);
    while (attempt == Attempt.TAKEN && isOwnerDead(channel) && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos());
      attempt = attempt(channel);
    }
    return attempt == Attempt.GIVEN;
  }

  private static Attempt attempt(FileChannel channel) throws IOException {
    synchronized (GATE) {
      try {
        return channel.tryLock() == null ? Attempt.TAKEN : Attempt.GIVEN;
      } catch (OverlappingFileLockException e) {
        return Attempt.TAKEN_HERE;
      }
    }
  }

  /** Known only for an owner among the processes that this one sees. */
  private static boolean isOwnerDead(FileChannel channel) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(64);
    channel.read(content, 0);
    String owner = StandardCharsets.US_ASCII.decode(content.flip()).toString();
    int space = owner.indexOf(' ');
    return space > 0
        && owner.substring(space + 1).equals(NAMESPACE)
        && ProcessHandle.of(Long.parseLong(owner, 0, space, 10)).isEmpty();
  }

  private static String pidNamespace() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
    } catch (IOException | UnsupportedOperationException e) {
      return ""; // a system without them: all processes are seen
    }
  }

  private static Slot enter(Path file) {
    return SLOTS.compute(
        file,
        (path, there) -> {
          Slot slot = there == null ? new Slot() : there;
          slot.users++;
          return slot;
        });
  }

  private static void leave(Path file) {
    SLOTS.computeIfPresent(file, (path, slot) -> --slot.users == 0 ? null : slot);
  }

  /** Lets go of what is not locked; it is closed only if that can drop no lock of another copy. */
  private static void giveUp(Path file, Slot slot, @Nullable FileChannel channel)
      throws IOException {
    try {
      synchronized (GATE) {
        if (channel != null && channel.isOpen()) {
          boolean elsewhere = attempt(channel) == Attempt.TAKEN_HERE;
          if (elsewhere && Files.exists(file)) {
            PARKED.put(file, new Parked(channel, key(file)));
          } else {
            channel.close();
          }
        }
      }
    } finally {
      slot.free.release();
      leave(file);
    }
  }

  private static void release(Path file, Slot slot, FileChannel channel) throws IOException {
    try {
      synchronized (GATE) {
        channel.close();
      }
    } finally {
      slot.free.release();
      leave(file);
    }
  }

  /** A lock that is held until it is closed, by whatever thread. */
  public static final class Held implements AutoCloseable {
    private final Path file;
    private final Slot slot;
    private @Nullable FileChannel channel;

    private Held(Path file, Slot slot, FileChannel channel) {
      this.file = file;
      this.slot = slot;
      this.channel = channel;
    }

    private synchronized void sign() throws IOException {
      FileChannel open = channel;
      if (open != null) {
        try {
          open.truncate(0);
          open.write(StandardCharsets.US_ASCII.encode(SELF), 0);
        } catch (IOException e) {
          throw FullDisk.named(e, file);
        }
      }
    }

    /** Removes the file, and lets go. Only for files that are never locked anew once gone. */
    public synchronized void closeAndDelete() throws IOException {
      try {
        Files.deleteIfExists(file);
      } finally {
        close();
      }
    }

    @Override
    public synchronized void close() throws IOException {
      FileChannel open = channel;
      if (open != null) {
        channel = null;
        release(file, slot, open);
      }
    }
  }
}
