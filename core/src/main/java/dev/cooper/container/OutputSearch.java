package dev.cooper.container;

import dev.cooper.oci.OperationException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Looks for a pattern in what a command writes, in the thread of the caller that waits for it.
 *
 * <p>The pattern is the caller's and may backtrack for ever. So it is matched against a copy and
 * without a lock: the command's output never waits for it. The text itself ends a match whose time
 * is up, as nothing else can. Not thread-safe; for one search.
 */
public final class OutputSearch {
  /** A look costs a match of all that is kept: what comes meanwhile shares the next one. */
  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(20);

  /** Even without any time to wait, what is there is looked at. */
  private static final long SHORTEST_LOOK = TimeUnit.MILLISECONDS.toNanos(20);

  private final TailOutput tail;
  private final Pattern pattern;
  private final BooleanSupplier cancelled;

  /**
   * A search that has not begun.
   *
   * @param cancelled whether the command was cancelled, which ends the search
   */
  OutputSearch(TailOutput tail, Pattern pattern, BooleanSupplier cancelled) {
    this.tail = tail;
    this.pattern = pattern;
    this.cancelled = cancelled;
  }

  /**
   * Waits for the first match.
   *
   * @param nanos how long
   * @return empty if the command ended without one, or was cancelled
   * @throws TimeoutException if nothing matches in time; with a message if a match was under way
   * @throws OperationException if the pattern recurses too deeply
   */
  public Optional<MatchResult> await(long nanos) throws InterruptedException, TimeoutException {
    long began = System.nanoTime();
    tail.watch();
    try {
      TailOutput.Piece piece = tail.first();
      while (true) {
        Optional<MatchResult> found = match(piece.text(), began, Math.max(nanos, SHORTEST_LOOK));
        if (found.isPresent() || piece.last()) {
          return found;
        }
        long left = nanos - (System.nanoTime() - began);
        if (!tail.awaitMore(piece.end(), left, PAUSE)) {
          throw new TimeoutException();
        }
        piece = tail.after(piece.end());
      }
    } catch (Cancelled e) {
      return Optional.empty();
    } finally {
      tail.unwatch();
    }
  }

  private Optional<MatchResult> match(String text, long began, long nanos)
      throws InterruptedException, TimeoutException {
    try {
      Matcher matcher = pattern.matcher(new WatchedText(text, began, nanos));
      return matcher.find() ? Optional.of(matcher.toMatchResult()) : Optional.empty();
    } catch (Late e) {
      throw new TimeoutException(
          "the match itself, against " + text.length() + " characters, took longer");
    } catch (Interrupted e) {
      throw new InterruptedException();
    } catch (StackOverflowError e) {
      throw new OperationException(
          "cannot look for \""
              + pattern
              + "\" in "
              + text.length()
              + " characters of output: the pattern recurses too deeply for this thread's stack:"
              + " repeat a class such as [ab]* instead of a group such as (a|b)*,"
              + " or repeat the group possessively, as in (a|b)*+",
          e);
    }
  }

  /** Ends a match; nobody but {@link #await} sees it. */
  private abstract static class Stop extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stop() {
      super(null, null, false, false);
    }
  }

  private static final class Late extends Stop {
    private static final long serialVersionUID = 1L;
  }

  private static final class Interrupted extends Stop {
    private static final long serialVersionUID = 1L;
  }

  private static final class Cancelled extends Stop {
    private static final long serialVersionUID = 1L;
  }

  /** A text that asks, now and then, whether it shall still be matched. */
  private final class WatchedText implements CharSequence {
    /** A power of two. */
    private static final int UNASKED = 1024;

    private final String text;
    private final long began;
    private final long nanos;
    private int taken;

    WatchedText(String text, long began, long nanos) {
      this.text = text;
      this.began = began;
      this.nanos = nanos;
    }

    @Override
    public char charAt(int index) {
      taken++;
      if (taken % UNASKED == 0) {
        requireTime();
      }
      return text.charAt(index);
    }

    private void requireTime() {
      if (Thread.interrupted()) {
        throw new Interrupted();
      }
      if (cancelled.getAsBoolean()) {
        throw new Cancelled();
      }
      if (System.nanoTime() - began > nanos) {
        throw new Late();
      }
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
