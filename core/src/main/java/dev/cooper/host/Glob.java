package dev.cooper.host;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pattern for paths: {@code *} and {@code ?} within a component, {@code [a-z]} and {@code
 * [^a-z]}, {@code **} across components, and a backslash before what shall stand for itself.
 *
 * <p>Matched in one pass over the path, all ways at once, so in a time that is bounded by the
 * product of both lengths whatever a stranger's ignore file holds; a regular expression tries one
 * way after another. A character is one of UTF-8, or a byte that is none. Source: the Dockerfile
 * reference, ".dockerignore file"; Go's filepath.Match. Immutable.
 */
final class Glob {
  /** What a byte stands for that is no character: no pattern can name it. */
  private static final int NONE = -1;

  /** What a place in the pattern takes. */
  private enum Kind {
    /** One character. */
    ONE,
    /** Any number of characters but slashes. */
    STAR,
    /** Anything. */
    ALL,
    /** Where directories may begin. */
    DIRECTORIES,
    /** Within directories, to the slash after them. */
    WITHIN
  }

  private record Token(Kind kind, @Nullable GlobSet characters) {
    boolean takes(int character) {
      return characters != null && characters.holds(character);
    }
  }

  private final List<Token> tokens = new ArrayList<>();
  private final String prefix;
  private final int afterPrefix;

  private Glob(String pattern, String shown) {
    StringBuilder plain = new StringBuilder();
    int plainTokens = 0;
    for (int i = 0; i < pattern.length(); ) {
      int before = tokens.size();
      int character = pattern.codePointAt(i);
      boolean literal = "*?[".indexOf(character) < 0;
      i = token(pattern, i, shown);
      if (literal && plainTokens == before) {
        plain.appendCodePoint(pattern.codePointBefore(i));
        plainTokens = tokens.size();
      }
    }
    prefix = ByteString.utf8(plain.toString()).latin1();
    afterPrefix = plainTokens;
  }

  /**
   * Reads a pattern.
   *
   * @param pattern without the beginning or ending slash of what a user wrote
   * @param shown what an error quotes
   * @throws IllegalArgumentException if Go's filepath.Match takes it for malformed
   */
  static Glob of(String pattern, String shown) {
    return new Glob(pattern, shown);
  }

  /** Adds what begins at an index; returns the index after it. */
  private int token(String pattern, int i, String shown) {
    if (pattern.startsWith("**/", i)) {
      add(Kind.DIRECTORIES);
      add(Kind.WITHIN);
      return i + 3;
    }
    if (pattern.charAt(i) == '*') {
      boolean all = pattern.startsWith("**", i);
      add(all ? Kind.ALL : Kind.STAR);
      return all ? i + 2 : i + 1;
    }
    GlobSet.Reader reader = new GlobSet.Reader(pattern, i, shown);
    tokens.add(new Token(Kind.ONE, reader.read()));
    return reader.end();
  }

  private void add(Kind kind) {
    tokens.add(new Token(kind, null));
  }

  /** Whether it matches all of a path or name, whose bytes are given as Latin-1. */
  boolean matches(String path) {
    return matches(path, false);
  }

  /** Whether it matches a path, or a directory that the path lies in. */
  boolean matchesOrHolds(String path) {
    return matches(path, true);
  }

  private boolean matches(String path, boolean holding) {
    if (!path.startsWith(prefix)) {
      return false;
    }
    BitSet places = new BitSet(tokens.size() + 1);
    enter(afterPrefix, places);
    for (int i = prefix.length(); i < path.length() && !places.isEmpty(); ) {
      if (holding && path.charAt(i) == '/' && places.get(tokens.size())) {
        return true;
      }
      int length = characterLength(path, i);
      places = after(length == 0 ? NONE : character(path, i, length), places);
      i += Math.max(1, length);
    }
    return places.get(tokens.size());
  }

  /** How many bytes the character at an index has; 0 if it is none of UTF-8. */
  private static int characterLength(String bytes, int at) {
    char first = bytes.charAt(at);
    if (first < 0x80) {
      return 1;
    }
    int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + length > bytes.length()) {
      return 0;
    }
    for (int i = at + 1; i < at + length; i++) {
      if ((bytes.charAt(i) & 0xc0) != 0x80) {
        return 0;
      }
    }
    int found = character(bytes, at, length);
    boolean shortest = found >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000);
    return shortest && found <= Character.MAX_CODE_POINT && (found >> 11) != 0x1b ? length : 0;
  }

  private static int character(String bytes, int at, int length) {
    int found = length == 1 ? bytes.charAt(at) : bytes.charAt(at) & 0xff >> length + 1;
    for (int i = at + 1; i < at + length; i++) {
      found = found << 6 | bytes.charAt(i) & 0x3f;
    }
    return found;
  }

  /** Where it can be after one more character. */
  private BitSet after(int character, BitSet places) {
    BitSet next = new BitSet(tokens.size() + 1);
    for (int at = places.nextSetBit(0);
        at >= 0 && at < tokens.size();
        at = places.nextSetBit(at + 1)) {
      Token token = tokens.get(at);
      switch (token.kind) {
        case ONE -> enter(token.takes(character) ? at + 1 : -1, next);
        case STAR -> enter(character == '/' ? -1 : at, next);
        case ALL -> enter(at, next);
        case WITHIN -> {
          next.set(at);
          enter(character == '/' ? at + 1 : -1, next);
        }
        case DIRECTORIES -> {} // left as it is entered
      }
    }
    return next;
  }

  /** Adds a place, and those that can be had from it for nothing. */
  private void enter(int at, BitSet places) {
    if (at < 0 || places.get(at)) {
      return;
    }
    places.set(at);
    if (at == tokens.size()) {
      return;
    }
    switch (tokens.get(at).kind) {
      case STAR, ALL -> enter(at + 1, places);
      case DIRECTORIES -> {
        places.set(at + 1);
        enter(at + 2, places);
      }
      case ONE, WITHIN -> {}
    }
  }
}
