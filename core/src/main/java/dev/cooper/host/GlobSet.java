package dev.cooper.host;

import java.util.ArrayList;
import java.util.List;

/**
 * The characters that one place of a pattern takes: itself, any for {@code ?}, or those of a class
 * in brackets; a slash only if it stands there itself. Immutable.
 *
 * @param ranges a class's, each with its ends; or one character
 * @param negated whether it takes all others
 */
record GlobSet(List<Range> ranges, boolean negated) {
  private static final GlobSet ANY = new GlobSet(List.of(), true);
  private static final GlobSet SLASH = new GlobSet(List.of(new Range('/', '/')), false);

  /** Characters from one to another. */
  record Range(int low, int high) {}

  @SuppressWarnings("ReferenceEquality") // a class that lists the slash is not the slash itself
  boolean holds(int character) {
    if (character == '/') {
      return this == SLASH;
    }
    for (Range each : ranges) {
      if (each.low <= character && character <= each.high) {
        return !negated;
      }
    }
    return negated;
  }

  /**
   * Reads one place of a pattern, by the rules of Go's filepath.Match: a class begins with {@code
   * [} or {@code [^}, and has at least one range; in it a backslash goes before {@code ]}, {@code
   * -} and a backslash. Not thread-safe.
   */
  static final class Reader {
    private final String pattern;
    private final String shown;
    private int at;

    Reader(String pattern, int from, String shown) {
      this.pattern = pattern;
      this.at = from;
      this.shown = shown;
    }

    /** The index after what was read. */
    int end() {
      return at;
    }

    GlobSet read() {
      return switch (pattern.charAt(at)) {
        case '?' -> {
          at++;
          yield ANY;
        }
        case '[' -> {
          at++;
          yield characterClass();
        }
        default -> {
          int one = escaped();
          yield one == '/' ? SLASH : new GlobSet(List.of(new Range(one, one)), false);
        }
      };
    }

    private GlobSet characterClass() {
      boolean negated = pattern.startsWith("^", at);
      at += negated ? 1 : 0;
      List<Range> ranges = new ArrayList<>();
      while (ranges.isEmpty() || !pattern.startsWith("]", at)) {
        ranges.add(range());
      }
      at++;
      return new GlobSet(ranges, negated);
    }

    private Range range() {
      int low = member();
      if (!pattern.startsWith("-", at)) {
        return new Range(low, low);
      }
      at++;
      int high = member();
      if (high < low) {
        throw malformed("a range that ends before it begins");
      }
      return new Range(low, high);
    }

    /** One end of a range. */
    private int member() {
      if (at == pattern.length()) {
        throw malformed("a [ without its ]");
      }
      if (pattern.charAt(at) == '-' || pattern.charAt(at) == ']') {
        throw malformed("a " + pattern.charAt(at) + " in brackets where a character is expected");
      }
      return escaped();
    }

    private int escaped() {
      if (pattern.charAt(at) == '\\' && ++at == pattern.length()) {
        throw malformed("a backslash with nothing after it");
      }
      int character = pattern.codePointAt(at);
      at += Character.charCount(character);
      return character;
    }

    private IllegalArgumentException malformed(String found) {
      return new IllegalArgumentException("invalid pattern \"" + shown + "\": found " + found);
    }
  }
}
