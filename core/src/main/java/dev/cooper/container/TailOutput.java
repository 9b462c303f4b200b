package dev.cooper.container;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Keeps the end of what is written, and looks in it for what somebody waits for. Thread-safe. */
public final class TailOutput {
  private final int size;
  private final StringBuilder kept = new StringBuilder();
  private final List<Awaited> awaited = new ArrayList<>();

  /** A pattern that somebody waits for. */
  private record Awaited(Pattern pattern, CompletableFuture<MatchResult> found) {
    /** Whether nobody has to look for it any more. */
    boolean isOver(CharSequence text) {
      try {
        Matcher matcher = pattern.matcher(text);
        return found.isDone() || matcher.find() && found.complete(matcher.toMatchResult());
      } catch (RuntimeException | StackOverflowError e) {
        return found.completeExceptionally(e); // the pattern's fault, not the command's
      }
    }
  }

  /** One that keeps so many characters. */
  TailOutput(int size) {
    this.size = size;
  }

  synchronized void write(String text) {
    kept.append(text);
    awaited.removeIf(each -> each.isOver(kept));
    if (kept.length() > 2 * size) {
      kept.delete(0, kept.length() - size);
    }
  }

  public synchronized String text() {
    int from = Math.max(0, kept.length() - size);
    boolean cut = from < kept.length() && Character.isLowSurrogate(kept.charAt(from));
    return kept.substring(cut ? from + 1 : from);
  }

  /** Completed once what is written matches, or at once if what is kept does. */
  public CompletableFuture<MatchResult> await(Pattern pattern) {
    Awaited wanted = new Awaited(pattern, new CompletableFuture<>());
    synchronized (this) {
      if (!wanted.isOver(kept)) {
        awaited.add(wanted);
      }
    }
    return wanted.found();
  }
}
