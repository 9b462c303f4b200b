package dev.cooper.text;

import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.Json;
import dev.cooper.oci.Text;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Writes instructions of a Dockerfile so that a builder reads back what was meant.
 *
 * <p>Source: the Dockerfile reference, "Environment replacement", "Shell and exec form" and
 * "Here-documents".
 */
public final class Instruction {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:@%+,=~^*()-]+");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]+");
  private static final Pattern SPECIAL = Pattern.compile("[\\\\\"$]");

  /** What a builder takes away or expands in a word that stands in no quotes. */
  private static final Pattern EXPANDED = Pattern.compile("[\\\\\"'$]");

  private static final long NANOS = 1_000_000_000L;

  private Instruction() {}

  /** The first line of an instruction, for a message; a heredoc's body is left out. */
  public static String title(String instruction) {
    int end = instruction.indexOf('\n');
    return end < 0 ? instruction : instruction.substring(0, end) + " …";
  }

  /** A comment, for what no instruction does; on one line. */
  public static String comment(String text) {
    return "# " + Text.line(text);
  }

  /** An instruction whose argument is the rest of its line, as it is. */
  public static String rest(String name, String argument) {
    String text = name + " " + argument;
    return hasLineEnd(text) ? comment(text) : text;
  }

  /** An instruction whose argument is the rest of its line, in which variables are expanded. */
  public static String line(String name, String argument) {
    return rest(name, unexpanded(argument));
  }

  /** A word so that a builder that expands variables and takes quotes away leaves it as it was. */
  public static String unexpanded(String word) {
    return EXPANDED.matcher(word).replaceAll("\\\\$0");
  }

  /** An instruction of pairs, such as ENV and LABEL. */
  public static String pairs(String name, Map<String, String> pairs) {
    List<String> words = new ArrayList<>(List.of(name));
    pairs.forEach((key, value) -> words.add(key(key) + "=" + word(value)));
    String text = String.join(" ", words);
    return hasLineEnd(text) ? comment(text) : text;
  }

  private static String key(String key) {
    return NAME.matcher(key).matches() ? key : quoted(key);
  }

  /** One word, in quotes if it needs them. */
  public static String word(String value) {
    return PLAIN.matcher(value).matches() ? value : quoted(value);
  }

  private static String quoted(String value) {
    return '"' + SPECIAL.matcher(value).replaceAll("\\\\$0") + '"';
  }

  private static boolean hasLineEnd(String text) {
    return text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0;
  }

  /** An instruction with a list of words, in exec form. */
  public static String words(String name, List<String> words) {
    return name + " " + json(words);
  }

  /** Words as JSON, with a space between them, as people write them. */
  public static String json(List<String> words) {
    List<String> each = new ArrayList<>();
    for (String word : words) {
      each.add(new String(Json.write(word), StandardCharsets.UTF_8));
    }
    return "[" + String.join(", ", each) + "]";
  }

  /**
   * A shell's line: as it is where a builder reads it so, else as a heredoc, which a builder passes
   * on byte by byte.
   */
  public static String shell(String line) {
    boolean plain =
        !hasLineEnd(line)
            && !line.isBlank()
            && !line.endsWith("\\")
            && !line.contains("<<")
            && !line.startsWith("--")
            && !(line.startsWith("[") && line.endsWith("]")) // might be an exec form
            && line.strip().equals(line);
    return plain ? line : heredoc(line.endsWith("\n") ? line : line + "\n");
  }

  /**
   * A heredoc, in which a builder expands nothing; what follows it on its line is given.
   *
   * @param body ends with a line's end
   */
  public static String heredoc(String body, String... after) {
    String delimiter = "EOF";
    for (int i = 1; ("\n" + body).contains("\n" + delimiter + "\n"); i++) {
      delimiter = "EOF" + i;
    }
    String line = String.join(" ", after);
    return "<<\"" + delimiter + "\"" + (line.isEmpty() ? "" : " " + line) + "\n" + body + delimiter;
  }

  /** A health check, with its periods. */
  public static String healthcheck(Healthcheck check) {
    List<String> test = check.test();
    List<String> words = new ArrayList<>(List.of("HEALTHCHECK"));
    flag(words, "interval", check.interval());
    flag(words, "timeout", check.timeout());
    flag(words, "start-period", check.startPeriod());
    flag(words, "start-interval", check.startInterval());
    if (check.retries() != 0) {
      words.add("--retries=" + check.retries());
    }
    String kind = test.isEmpty() ? "" : test.get(0);
    if (kind.equals("CMD-SHELL") && test.size() == 2 && !hasLineEnd(test.get(1))) {
      words.add("CMD " + test.get(1));
    } else if (kind.equals("CMD")) {
      words.add("CMD " + json(test.subList(1, test.size())));
    } else if (kind.equals("NONE")) {
      return "HEALTHCHECK NONE";
    } else {
      return comment(String.join(" ", words) + " " + test);
    }
    return String.join(" ", words);
  }

  private static void flag(List<String> words, String name, Duration period) {
    if (!period.isZero()) {
      words.add("--" + name + "=" + duration(period));
    }
  }

  /** As Go reads durations; hours at the largest. */
  private static String duration(Duration period) {
    long nanos = period.toNanos();
    if (nanos % NANOS == 0) {
      return nanos / NANOS + "s";
    }
    return nanos % 1_000_000 == 0
        ? nanos / 1_000_000 + "ms"
        : String.format(Locale.ROOT, "%dns", nanos);
  }
}
