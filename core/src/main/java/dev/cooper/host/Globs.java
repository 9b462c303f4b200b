package dev.cooper.host;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the files that a pattern names, as the Dockerfile's COPY does: {@code *}, {@code ?} and
 * {@code [a-z]} in any part.
 */
public final class Globs {
  private Globs() {}

  static boolean isPattern(String text) {
    return text.chars().anyMatch(c -> c == '*' || c == '?' || c == '[');
  }

  /** The matches, sorted; at least one. */
  public static List<Path> expand(Path base, String pattern) {
    List<Path> found = List.of(pattern.startsWith("/") ? Path.of("/") : base);
    for (String part : pattern.split("/", -1)) {
      if (!part.isEmpty() && !part.equals(".")) {
        found = step(found, part, pattern);
      }
    }
    if (found.isEmpty()) {
      throw new SourceNotFoundException(
          "no file matches \"" + pattern + "\" in " + base.toAbsolutePath());
    }
    return found;
  }

  private static List<Path> step(List<Path> directories, String part, String pattern) {
    List<Path> found = new ArrayList<>();
    Glob glob = Glob.of(part, pattern);
    for (Path directory : directories) {
      if (!isPattern(part)) {
        Path one = directory.resolve(part);
        if (Files.exists(one, LinkOption.NOFOLLOW_LINKS)) {
          found.add(one);
        }
      } else if (Files.isDirectory(directory)) {
        found.addAll(children(directory, glob));
      }
    }
    return found;
  }

  private static List<Path> children(Path directory, Glob glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      for (Path child : all) {
        Path name = child.getFileName();
        if (name != null && glob.matches(ByteString.utf8(name.toString()).latin1())) {
          found.add(child);
        }
      }
    } catch (IOException e) {
      throw new OperationException("cannot list " + directory + ": " + Io.reason(e), e);
    }
    found.sort(null);
    return found;
  }
}
