package dev.cooper.event;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.function.Consumer;

/** The terminal that a person looks at, if one does. */
final class Terminal {
  private Terminal() {}

  @SuppressWarnings("SystemConsoleNull") // from JDK 22 on isTerminal is asked too
  static boolean isThere() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
    } catch (NoSuchMethodException before22) {
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /** Whether its cursor can be moved. */
  static boolean hasCursor() {
    String kind = System.getenv("TERM");
    return kind != null && !kind.isEmpty() && !kind.equals("dumb");
  }

  /** Shows text on it at once. */
  static Consumer<String> out() {
    PrintWriter writer = Objects.requireNonNull(System.console(), "console").writer();
    return text -> {
      writer.print(text);
      writer.flush();
    };
  }
}
