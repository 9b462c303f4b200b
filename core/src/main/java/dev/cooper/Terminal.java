package dev.cooper;

import java.io.Console;

/** Whether a person looks on, and what there is to show. */
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

  static boolean hasBars() {
    try {
      Class.forName("me.tongfei.progressbar.ProgressBar", false, Terminal.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
