package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A directory that a {@link TreeReader} is in or below, and what is left of it to be read. */
final class ReaderLevel {
  final ByteString path;
  final Baseline compared;

  /** Whether it is written only if something in it is. */
  final boolean isUntaken;

  private final List<ByteString> names;
  private final Deque<ByteString> gone;
  private int named;
  private Iterator<FoundEntry> found = List.<FoundEntry>of().iterator();

  /**
   * A directory of which nothing was read.
   *
   * @param compared what it is compared with
   * @param names what it holds, in order
   */
  ReaderLevel(ByteString path, Baseline compared, boolean isUntaken, List<ByteString> names) {
    this.path = path;
    this.compared = compared;
    this.isUntaken = isUntaken;
    this.names = names;
    this.gone = new ArrayDeque<>(compared.gone(names));
  }

  /** The next names to look at, so many at most; none at the end. */
  List<ByteString> names(int most) {
    int from = named;
    named = Math.min(names.size(), from + most);
    return names.subList(from, named);
  }

  /** Takes what was found of the names. */
  void found(List<FoundEntry> entries) {
    found = entries.iterator();
  }

  boolean hasFound() {
    return found.hasNext();
  }

  FoundEntry next() {
    return found.next();
  }

  /** The next name that is gone, if it comes before another or there is no other; else null. */
  @Nullable ByteString gone(@Nullable ByteString before) {
    @Nullable ByteString first = gone.peek();
    boolean comes = first != null && (before == null || first.compareTo(before) < 0);
    return comes ? gone.pop() : null;
  }
}
