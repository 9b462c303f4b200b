package dev.cooper.host;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.TreeFilter;
import dev.cooper.text.Choice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Patterns of .dockerignore: Go's filepath.Match with {@code **}, comments, and {@code !} for
 * exceptions, the last match deciding.
 *
 * <p>See the Dockerfile reference, ".dockerignore file". Names are matched as bytes. Immutable.
 */
public final class IgnorePatterns implements TreeFilter {
  private static final int LIMIT = 1 << 20;
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private final List<Rule> rules;
  private final boolean exceptions;

  private record Rule(Glob pattern, boolean exception) {}

  private IgnorePatterns(List<Rule> rules) {
    this.rules = rules;
    this.exceptions = rules.stream().anyMatch(Rule::exception);
  }

  public static IgnorePatterns of(List<String> lines) {
    List<Rule> rules = new ArrayList<>();
    for (String line : lines) {
      String text = line.strip();
      if (text.isEmpty() || line.startsWith("#")) {
        continue;
      }
      boolean exception = text.startsWith("!");
      if (exception && text.length() == 1) {
        throw new IllegalArgumentException(
            "invalid pattern \"!\": expected a pattern after it, such as !kept.txt");
      }
      String cleaned = clean(exception ? text.substring(1).strip() : text);
      if (!cleaned.isEmpty()) {
        rules.add(new Rule(Glob.of(cleaned, text), exception));
      }
    }
    return new IgnorePatterns(rules);
  }

  /**
   * Reads a file of patterns; a link or anything but a regular file of reasonable size is an error.
   */
  public static List<String> read(Path file) {
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > LIMIT) {
        throw new SourceNotFoundException(
            "the ignore file " + file + " is no regular file of at most " + LIMIT + " bytes");
      }
      List<String> lines = new ArrayList<>(Files.readAllLines(file, StandardCharsets.UTF_8));
      if (!lines.isEmpty() && lines.get(0).startsWith(BYTE_ORDER_MARK)) {
        lines.set(0, lines.get(0).substring(1));
      }
      return lines;
    } catch (IOException e) {
      throw new OperationException("cannot read the ignore file " + file + ": " + Io.reason(e), e);
    }
  }

  /** As Go's filepath.Clean, relative: no empty, . or leading .. parts. */
  private static String clean(String pattern) {
    List<String> parts = new ArrayList<>();
    for (String part : pattern.split("/", -1)) {
      if (part.equals("..")) {
        if (!parts.isEmpty()) {
          parts.remove(parts.size() - 1);
        }
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  @Override
  public Choice choose(ByteString path, boolean directory) {
    if (!ignored(path.latin1())) {
      return Choice.TAKE;
    }
    return directory && exceptions ? Choice.DESCEND : Choice.SKIP;
  }

  /**
   * Whether the last rule that matches the path, or a directory that it lies in, is no exception.
   */
  private boolean ignored(String path) {
    boolean ignored = false;
    for (Rule rule : rules) {
      if (rule.exception == ignored && rule.pattern.matchesOrHolds(path)) {
        ignored = !rule.exception;
      }
    }
    return ignored;
  }
}
