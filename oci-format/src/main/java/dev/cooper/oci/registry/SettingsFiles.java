package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.layout.RegularFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Reads settings where they lie, if they do: regular files of a bounded size, and directories. */
final class SettingsFiles {
  private static final int MAX_FILES = 1000;

  private SettingsFiles() {}

  /**
   * A file's bytes.
   *
   * @param most how many they may be
   * @return empty if there is no such file
   * @throws ContentException if it is longer, or no regular file: a pipe would never end
   * @throws IOException if it can't be read
   */
  static Optional<byte[]> read(Path file, int most) throws IOException {
    try {
      return Optional.of(RegularFile.read(file, most));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (AccessDeniedException e) {
      throw new IOException("cannot read " + file + ": access denied", e);
    } catch (FileSystemException e) {
      if (liesBelowAFile(file)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** As with {@code HOME=/dev/null}. */
  private static boolean liesBelowAFile(Path file) {
    for (Path each = file.getParent(); each != null; each = each.getParent()) {
      if (Files.exists(each)) {
        return !Files.isDirectory(each);
      }
    }
    return false;
  }

  /**
   * A directory's entries in the order of their names.
   *
   * @param ending what their names have to end in
   * @return none if there is no such directory
   * @throws ContentException if there are over a thousand
   * @throws IOException if it can't be read
   */
  static List<Path> list(Path directory, String ending) throws IOException {
    List<Path> entries = new ArrayList<>();
    if (!Files.isDirectory(directory)) {
      return entries;
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      for (Path each : stream) {
        if (each.toString().endsWith(ending)) {
          entries.add(each);
        }
        if (entries.size() > MAX_FILES) {
          throw new ContentException(directory + ": found more than " + MAX_FILES + " files");
        }
      }
    } catch (AccessDeniedException e) {
      throw new IOException("cannot read " + directory + ": access denied", e);
    }
    Collections.sort(entries);
    return entries;
  }
}
