package dev.cooper.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lists and makes directories, and takes paths apart. */
public final class Directories {
  private Directories() {}

  /** What is in a directory, in no order; nothing if it is not there. */
  public static List<Path> list(Path directory) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      List<Path> list = new ArrayList<>();
      all.forEach(list::add);
      return list;
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
  }

  /** Makes a directory in one that is there: what was removed meanwhile does not come back. */
  public static Path make(Path path) throws IOException {
    return Files.isDirectory(path) ? path : Files.createDirectory(path);
  }

  /** The last part of a path; empty for a root. */
  public static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  /** The directory that a path lies in. */
  public static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " lies in no directory");
    }
    return parent;
  }
}
