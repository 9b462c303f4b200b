package dev.cooper.step;

import dev.cooper.oci.ByteString;
import dev.cooper.text.Given;
import dev.cooper.text.Instruction;
import dev.cooper.text.Urls;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Copies as instructions. */
final class CopyText {
  /** A heredoc longer than this is told by the name of its file. */
  private static final int MOST = 4096;

  private static final Pattern WILDCARD = Pattern.compile("[\\[*?]");

  private CopyText() {}

  static List<Source> checked(String what, List<Source> sources, String destination) {
    Objects.requireNonNull(destination, "destination");
    Given.all(sources, "sources");
    if (sources.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot " + what + " to " + destination + ": found no sources, expected one or more");
    }
    return List.copyOf(sources);
  }

  /**
   * COPY or ADD. A source of the host has the path that was given, if that is a relative one, else
   * a file has its name and a directory is "{@code .}": so an image does not depend on where its
   * sources lay.
   */
  static String of(String name, List<Source> sources, String destination, CopyOptions options) {
    List<String> words = new ArrayList<>(List.of(name));
    Source first = sources.get(0);
    if (first instanceof Source.Root root) {
      words.add("--from=" + (root.from().isEmpty() ? "container" : root.from()));
    }
    flags(words, options);
    if (name.equals("ADD") && !options.unpack()) {
      words.add("--unpack=false");
    }
    List<String> paths = new ArrayList<>();
    for (Source each : sources) {
      paths.add(text(each));
    }
    paths.add(destination);
    return String.join(" ", words) + " " + paths(paths);
  }

  private static void flags(List<String> words, CopyOptions options) {
    if (options.owner() != null) {
      words.add("--chown=" + Instruction.word(options.owner()));
    }
    if (options.mode() != null) {
      words.add(String.format(Locale.ROOT, "--chmod=%04o", options.mode()));
    }
    if (options.checksum() != null) {
      words.add("--checksum=" + options.checksum());
    }
    for (String each : options.excludes()) {
      words.add("--exclude=" + Instruction.word(each));
    }
  }

  private static String paths(List<String> paths) {
    for (String each : paths) {
      if (each.isEmpty() || !each.matches("[^\\s\"'\\\\$\\[\\]]*") || each.startsWith("<<")) {
        return Instruction.json(paths.stream().map(Instruction::unexpanded).toList());
      }
    }
    return String.join(" ", paths);
  }

  private static String text(Source source) {
    if (source instanceof Source.Host host) {
      return literal(host(host.path()));
    } else if (source instanceof Source.Root root) {
      return literal(root.path());
    } else if (source instanceof Source.Url url) {
      return Urls.redacted(url.url());
    }
    return "bytes";
  }

  /**
   * A path that names itself and nothing else, where a builder reads it as a pattern. BuildKit
   * reads one so, with backslashes that escape, only if a wildcard is in it.
   */
  private static String literal(String path) {
    return WILDCARD.matcher(path).find()
        ? WILDCARD.matcher(path.replace("\\", "\\\\")).replaceAll("[$0]")
        : path;
  }

  private static String host(Path path) {
    if (path.isAbsolute()) {
      Path name = path.getFileName();
      return name == null || Files.isDirectory(path) ? "." : name.toString();
    }
    List<String> parts = new ArrayList<>();
    for (Path each : path.normalize()) {
      String part = each.toString();
      if (!part.isEmpty() && !part.equals("..")) { // as a Dockerfile's context has no outside
        parts.add(part);
      }
    }
    return parts.isEmpty() ? "." : String.join("/", parts);
  }

  /** COPY with a heredoc, or with the name of the file where the content is none. */
  static String written(Source.Bytes content, String destination, CopyOptions options) {
    List<String> words = new ArrayList<>(List.of("COPY"));
    flags(words, options);
    String text = heredoc(content.content());
    String flags = String.join(" ", words);
    if (text != null && paths(List.of(destination)).equals(destination)) {
      return flags + " " + Instruction.heredoc(text, destination);
    }
    int slash = destination.lastIndexOf('/');
    return flags + " " + paths(List.of(literal(destination.substring(slash + 1)), destination));
  }

  /** What a heredoc can hold; null if the content is no such text. */
  private static @Nullable String heredoc(ByteString content) {
    if (content.length() == 0 || content.length() > MOST) {
      return null;
    }
    try {
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content.toBytes())).toString();
      boolean whole = text.endsWith("\n") && text.indexOf('\r') < 0 && text.indexOf('\0') < 0;
      return whole ? text : null;
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
