package dev.cooper;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * One pattern for paths: {@code *} and {@code ?} within a component, {@code [a-z]} and {@code
 * [^a-z]}, {@code **} across components, and a backslash before what shall stand for itself.
 *
 * <p>Matched in one pass over the path, all ways at once, so in a time that is bounded by the
 * product of both lengths whatever a stranger's ignore file holds; a regular expression tries one
 * way after another. Source: the Dockerfile reference, ".dockerignore file"; Go's filepath.Match.
 * Bytes are matched, as Latin-1. Immutable.
 */
final class Glob {
  private static final int OCTETS = 256;

  /** What a place in the pattern takes. */
  private enum Kind {
    /** One of a set of octets, none of them a slash unless the pattern says so itself. */
    ONE,
    /** Any number of octets but slashes. */
    STAR,
    /** Anything. */
    ALL,
    /** Where directories may begin. */
    DIRECTORIES,
    /** Within directories, to the slash after them. */
    WITHIN
  }

  private record Token(Kind kind, BitSet octets) {}

  private final List<Token> tokens = new ArrayList<>();
  private final String prefix;

  private Glob(String bytes, String shown) {
    for (int i = 0; i < bytes.length(); i++) {
      i = token(bytes, i, shown);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < tokens.size() && isPlain(i); i++) {
      text.append((char) tokens.get(i).octets.nextSetBit(0));
    }
    prefix = text.toString();
  }

  /**
   * Reads a pattern.
   *
   * @param pattern without the beginning or ending slash of what a user wrote
   * @param shown what an error quotes
   */
  static Glob of(String pattern, String shown) {
    return new Glob(ByteString.utf8(pattern).latin1(), shown);
  }

  private boolean isPlain(int at) {
    return tokens.get(at).kind == Kind.ONE && tokens.get(at).octets.cardinality() == 1;
  }

  /** Adds what begins at an index; returns the index of its last character. */
  private int token(String bytes, int i, String shown) {
    char c = bytes.charAt(i);
    if (c == '*' && bytes.startsWith("**/", i)) {
      add(Kind.DIRECTORIES);
      add(Kind.WITHIN);
      return i + 2;
    }
    if (c == '*') {
      boolean all = bytes.startsWith("**", i);
      add(all ? Kind.ALL : Kind.STAR);
      return all ? i + 1 : i;
    }
    if (c == '[') {
      return octets(bytes, i, shown);
    }
    BitSet octets = new BitSet(OCTETS);
    if (c == '?') {
      octets.set(0, OCTETS);
      octets.clear('/');
    } else {
      boolean escapes = c == '\\' && i + 1 < bytes.length();
      octets.set(bytes.charAt(escapes ? i + 1 : i));
      i += escapes ? 1 : 0;
    }
    tokens.add(new Token(Kind.ONE, octets));
    return i;
  }

  private void add(Kind kind) {
    tokens.add(new Token(kind, new BitSet()));
  }

  private int octets(String pattern, int from, String shown) {
    int end = pattern.indexOf(']', from + 2);
    if (end < 0) {
      throw new IllegalArgumentException("the pattern \"" + shown + "\" has a [ without its ]");
    }
    boolean negated = pattern.charAt(from + 1) == '^' || pattern.charAt(from + 1) == '!';
    BitSet octets = new BitSet(OCTETS);
    for (int i = negated ? from + 2 : from + 1; i < end; i++) {
      char low = pattern.charAt(i);
      if (i + 2 < end && pattern.charAt(i + 1) == '-') {
        i += 2;
      }
      char high = pattern.charAt(i);
      if (high < low) {
        throw new IllegalArgumentException(
            "the pattern \"" + shown + "\" has a range that ends before it begins");
      }
      octets.set(low, high + 1);
    }
    if (negated) {
      octets.flip(0, OCTETS);
    }
    octets.clear('/');
    tokens.add(new Token(Kind.ONE, octets));
    return end;
  }

  /** Whether it matches all of a path or name. */
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
    enter(prefix.length(), places);
    for (int i = prefix.length(); i < path.length() && !places.isEmpty(); i++) {
      if (holding && path.charAt(i) == '/' && places.get(tokens.size())) {
        return true;
      }
      places = after(path.charAt(i), places);
    }
    return places.get(tokens.size());
  }

  /** Where it can be after one more octet. */
  private BitSet after(char octet, BitSet places) {
    BitSet next = new BitSet(tokens.size() + 1);
    for (int at = places.nextSetBit(0);
        at >= 0 && at < tokens.size();
        at = places.nextSetBit(at + 1)) {
      Token token = tokens.get(at);
      switch (token.kind) {
        case ONE -> enter(token.octets.get(octet) ? at + 1 : -1, next);
        case STAR -> enter(octet == '/' ? -1 : at, next);
        case ALL -> enter(at, next);
        case WITHIN -> {
          next.set(at);
          enter(octet == '/' ? at + 1 : -1, next);
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
