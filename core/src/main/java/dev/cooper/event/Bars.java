package dev.cooper.event;

import dev.cooper.text.Amounts;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Bars at the lower end of a terminal, one for each thing that gets on. Before anything else is
 * printed they are erased, and drawn again below it. Not thread-safe.
 */
final class Bars {
  private static final int WIDTH = 79;
  private static final int BAR = 24;

  private final Consumer<String> terminal;
  private final Map<Object, String> lines = new LinkedHashMap<>();
  private int drawn;

  Bars(Consumer<String> terminal) {
    this.terminal = terminal;
  }

  /** How far something is; {@code size} is 0 where nobody knows. */
  void set(Object what, String label, long done, long size) {
    String amounts =
        size == 0 ? Amounts.bytes(done) : Amounts.bytes(done) + " of " + Amounts.bytes(size);
    String line = size == 0 ? label + " " + amounts : label + " " + bar(done, size) + " " + amounts;
    lines.put(what, line.length() > WIDTH ? line.substring(0, WIDTH) : line);
  }

  private static String bar(long done, long size) {
    int full = (int) (BAR * Math.min(1.0, (double) done / size));
    return "[" + "=".repeat(full) + " ".repeat(BAR - full) + "]";
  }

  /** Returns whether it had a bar. */
  boolean remove(Object what) {
    return lines.remove(what) != null;
  }

  void erase() {
    if (drawn > 0) {
      // Up so many lines, and clear from there to the end of the screen.
      terminal.accept("\u001b[" + drawn + "A\u001b[J");
      drawn = 0;
    }
  }

  void draw() {
    if (!lines.isEmpty()) {
      terminal.accept(String.join("\n", lines.values()) + "\n");
      drawn = lines.size();
    }
  }
}
