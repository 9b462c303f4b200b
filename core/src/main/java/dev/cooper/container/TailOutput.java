package dev.cooper.container;

import java.util.concurrent.TimeUnit;

/**
 * Keeps the end of what is written, for whoever asks for it or waits for more. Thread-safe; a
 * writer waits for nobody.
 */
public final class TailOutput {
  /** While somebody looks through the text, so many times its size may come and not be lost. */
  private static final int AHEAD = 16;

  private final int size;
  private final StringBuilder kept = new StringBuilder();
  private long written;
  private int watchers;
  private long wakeAt = Long.MAX_VALUE;
  private boolean ended;

  /**
   * Text that was written.
   *
   * @param end how many characters were, until its end
   * @param last whether no more will be
   */
  record Piece(String text, long end, boolean last) {}

  /** One that keeps so many characters. */
  TailOutput(int size) {
    this.size = size;
  }

  synchronized void write(String text) {
    kept.append(text);
    written += text.length();
    int most = watchers == 0 ? 2 * size : AHEAD * size;
    if (kept.length() > most) {
      kept.delete(0, kept.length() - (watchers == 0 ? size : most - size));
    }
    if (written >= wakeAt) {
      wakeAt = Long.MAX_VALUE;
      notifyAll();
    }
  }

  /** No more is written. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  public synchronized String text() {
    return since(written - size);
  }

  /** What is kept from a position on, without half of a character at its beginning. */
  private String since(long position) {
    int from = (int) Math.max(0, position - written + kept.length());
    boolean cut = from < kept.length() && Character.isLowSurrogate(kept.charAt(from));
    return kept.substring(cut ? from + 1 : from);
  }

  // --- for one that looks through it

  /** From now on more is kept; to be {@linkplain #unwatch ended} once. */
  synchronized void watch() {
    watchers++;
  }

  synchronized void unwatch() {
    watchers--;
  }

  /** What is kept by now. */
  synchronized Piece first() {
    return new Piece(text(), written, ended);
  }

  /** What came after a position, and before it what it may go on from. */
  synchronized Piece after(long position) {
    return new Piece(since(position - size), written, ended);
  }

  /**
   * Waits until there is more than up to a position, or no more will be; then a little for what
   * comes at the same time.
   *
   * @param pause how long that is, unless a lot comes
   * @return false if nothing came in time
   */
  synchronized boolean awaitMore(long position, long nanos, long pause)
      throws InterruptedException {
    long began = System.nanoTime();
    if (!awaitWritten(position + 1, began, nanos)) {
      return false;
    }
    long now = System.nanoTime();
    awaitWritten(position + size, now, Math.min(pause, nanos - (now - began)));
    return true;
  }

  private boolean awaitWritten(long position, long began, long nanos) throws InterruptedException {
    while (written < position && !ended) {
      long left = nanos - (System.nanoTime() - began);
      if (left <= 0) {
        return false;
      }
      wakeAt = Math.min(wakeAt, position);
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }
}
