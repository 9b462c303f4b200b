package dev.cooper.io;

import dev.cooper.oci.OperationException;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What a store does about a full disk: some bytes and some inodes of it are kept for the moment
 * when there are no others.
 *
 * <p>To remove something, a store has to write too: a directory to move it to, and an index without
 * it. On a full disk it gives its reserve back to the file system, does so, and fills the reserve
 * again when there is room. Nothing is written in place and the order of things stays, so a crash
 * finds what it would find on any other disk. Thread-safe, between JVMs too: a reserve has no
 * content that counts.
 */
public final class FullDisk {
  /** Enough for two directories, a lock and the index of some thousand images. */
  static final int RESERVE = 512 << 10;

  /** Enough for opening a store, and for removing something of it. */
  public static final int INODES = 32;

  /** As many as one thing may need; the rest is kept, lest a JVM dies before it is filled again. */
  private static final int SOME = 8;

  /** The directory of the empty files that these are. */
  public static final String SPARE = "spare";

  /** What to do about it. */
  static final String REMEDY =
      ": the disk is full: free some of it, for example with maintenance().prune(...)"
          + " (df -h shows its bytes, df -i its inodes)";

  /** Always full, as Linux and the BSDs have it: what it says of that is in the user's language. */
  private static final Path ALWAYS_FULL = Path.of("/dev/full");

  private static final String NO_SPACE = "No space left on device";
  private static final String NO_QUOTA = "Disk quota exceeded";
  private static final List<String> ENGLISH = List.of(NO_SPACE, NO_QUOTA, "ENOSPC", "EDQUOT");

  private final Path reserve;
  private final Path spare;

  public FullDisk(Path reserve) {
    this.reserve = reserve;
    this.spare = reserve.resolveSibling(SPARE);
  }

  /** Something that can fail for want of space. */
  public interface Removal<T extends @Nullable Object> {
    T run() throws IOException;
  }

  /** Does what is needed to free space, with the reserve if need be. */
  public <T extends @Nullable Object> T freeing(Removal<T> removal) throws IOException {
    while (true) {
      try {
        return removal.run();
      } catch (IOException e) {
        if (!isCause(e) || !release()) {
          throw e;
        }
      }
    }
  }

  /** Gives some of the reserve back, or what can be made again; says whether there was any. */
  private boolean release() throws IOException {
    boolean inodes = remove(Directories.list(spare).stream().limit(SOME).toList());
    boolean bytes = releaseBytes();
    return inodes || bytes || remove(remade());
  }

  private static boolean remove(List<Path> files) throws IOException {
    boolean any = false;
    for (Path each : files) {
      any |= Files.deleteIfExists(each);
    }
    return any;
  }

  /** Layers' indexes, and layers as they were packed: whoever needs one makes it again. */
  private List<Path> remade() throws IOException {
    return Directories.list(reserve.resolveSibling("layers")).stream()
        .filter(each -> Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS))
        .toList();
  }

  private boolean releaseBytes() throws IOException {
    try {
      boolean there = Files.size(reserve) > 0;
      FileChannel.open(reserve, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
          .close();
      return there;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Fills the reserve where it is not full, if there is room. */
  public void fill() throws IOException {
    fillInodes();
    fillBytes();
  }

  /** As many as there are: some of them are of use too. */
  private void fillInodes() throws IOException {
    int there = Directories.list(spare).size();
    try {
      for (int i = 0; there < INODES && i < INODES; i++) {
        Path file = spare.resolve(Integer.toString(i));
        if (!Files.exists(file)) {
          Files.createFile(file);
          there++;
        }
      }
    } catch (FileAlreadyExistsException e) {
      return; // another JVM does the same just now
    } catch (IOException e) {
      if (!isCause(e)) {
        throw e;
      }
    }
  }

  private void fillBytes() throws IOException {
    if (Files.exists(reserve) && Files.size(reserve) >= RESERVE) {
      return;
    }
    byte[] noise =
        new byte[RESERVE]; // a file system may compress, or make a hole of, anything else
    new Random(RESERVE).nextBytes(noise);
    try (FileChannel channel =
        FileChannel.open(reserve, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(noise);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      if (!isCause(e)) {
        throw e;
      }
      releaseBytes(); // by half it would only be in the way of others
    }
  }

  /** Names the file in what its channel or stream threw, which does not. */
  public static IOException named(IOException failure, Path file) {
    return isCause(failure) && !(failure instanceof FileSystemException)
        ? new FileSystemException(file.toString(), null, failure.getMessage())
        : failure;
  }

  /** Writes a new file that is named in a failure. */
  public static void write(Path file, byte[] content) throws IOException {
    try {
      Files.write(file, content);
    } catch (IOException e) {
      throw named(e, file);
    }
  }

  /** What a runtime could not write, with the place where it was to be. */
  public static OperationException explained(OperationException failure, String what) {
    return isCause(failure)
        ? new OperationException(what + ": " + failure.getMessage() + REMEDY, failure)
        : failure;
  }

  /** Bytes for a file that is named in a failure. */
  public static OutputStream output(Path file, OpenOption... options) throws IOException {
    return new FilterOutputStream(Files.newOutputStream(file, options)) {
      @Override
      public void write(byte[] source, int offset, int length) throws IOException {
        try {
          out.write(source, offset, length);
        } catch (IOException e) {
          throw named(e, file);
        }
      }
    };
  }

  /** Whether something failed because the disk, or what its user may have of it, is full. */
  public static boolean isCause(@Nullable Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String message = String.valueOf(each.getMessage());
      if (ENGLISH.stream().anyMatch(message::contains)
          || each instanceof IOException && isTranslated(message)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isTranslated(String message) {
    return Translated.TEXTS.stream().anyMatch(message::contains);
  }

  /** What this JVM is told of a full disk, which libc translates; found out at the first need. */
  private static final class Translated {
    private static final List<String> TEXTS = texts(ask());

    /** No device says by itself that a quota is used up: libc's catalog does, in that language. */
    private static List<String> texts(String noSpace) {
      if (noSpace.isBlank() || noSpace.contains(NO_SPACE)) {
        return List.of();
      }
      List<String> texts = new ArrayList<>(LibcCatalog.beside(NO_SPACE, noSpace, NO_QUOTA));
      texts.add(noSpace);
      return texts;
    }

    private static String ask() {
      if (!Files.exists(ALWAYS_FULL) || Files.isRegularFile(ALWAYS_FULL)) {
        return "";
      }
      // A stream and not a channel, which fails otherwise in a thread that was interrupted.
      try (FileOutputStream out = new FileOutputStream(ALWAYS_FULL.toFile(), true)) {
        out.write(0);
        return "";
      } catch (FileNotFoundException e) {
        return ""; // not for this user
      } catch (IOException e) {
        return Objects.requireNonNullElse(e.getMessage(), "");
      }
    }
  }
}
