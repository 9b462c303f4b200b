package dev.cooper.oci.layout;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Files that are there whole or not at all, even after a power cut.
 *
 * <p>Content is synced before its name appears, and the name is synced before anyone is told.
 * Thread-safe.
 */
public final class DurableFiles {
  private static final int TRIES = 1000;

  private DurableFiles() {}

  /**
   * Puts a small file in place of what has its name.
   *
   * @param file its path, in a directory that exists
   * @param content its bytes
   * @throws IOException if it can't be written; then the old file is as it was
   */
  public static void write(Path file, byte[] content) throws IOException {
    // Not createTempFile, which makes files for their owner alone: the umask decides.
    Path temporary = directory(file).resolve(".staging-" + UUID.randomUUID());
    try {
      writeNew(temporary, content);
      move(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Writes a file that must not be there yet, and syncs its content. */
  static void writeNew(Path file, byte[] content) throws IOException {
    try (FileChannel channel = create(file)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw named(e, file);
    }
  }

  /**
   * Renames a file or directory whose content is synced, and syncs the new name.
   *
   * @param from its path
   * @param to its new path, in the same file system; a file there is replaced
   * @throws IOException if it can't be renamed
   */
  public static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    sync(directory(to));
  }

  /**
   * Writes to the disk what the system still holds of a file or directory.
   *
   * @param path its path
   * @throws IOException if it can't be done
   */
  public static void sync(Path path) throws IOException {
    boolean directory = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    if (directory && File.separatorChar == '\\') {
      // Windows opens no directory; NTFS journals its names.
      return;
    }
    StandardOpenOption mode = directory ? StandardOpenOption.READ : StandardOpenOption.WRITE;
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw named(e, path);
    }
  }

  /** A channel's failure, which does not say of which file. */
  private static FileSystemException named(IOException failure, Path file) {
    FileSystemException named =
        new FileSystemException(file.toString(), null, failure.getMessage());
    named.initCause(failure);
    return named;
  }

  /**
   * Removes a directory and all that is in it, following no link. What others remove meanwhile is
   * fine, and what they add goes too, as long as they do not go on for ever.
   *
   * @param directory its path; nothing happens if it is not there
   * @throws IOException if something can't be removed
   */
  public static void deleteTree(Path directory) throws IOException {
    for (int i = 1; Files.exists(directory, LinkOption.NOFOLLOW_LINKS); i++) {
      try {
        deleteNow(directory);
      } catch (DirectoryNotEmptyException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private static void deleteNow(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            return gone(failure);
          }

          @Override
          public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              return gone(failure);
            }
            Files.deleteIfExists(each);
            return FileVisitResult.CONTINUE;
          }

          private static FileVisitResult gone(IOException failure) throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }
        });
  }

  /** Opens a file that must not be there yet. */
  static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  static Path directory(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " lies in no directory");
    }
    return parent;
  }
}
