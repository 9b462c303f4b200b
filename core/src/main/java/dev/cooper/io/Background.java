package dev.cooper.io;

import java.io.IOException;
import java.lang.System.Logger.Level;

/**
 * Loads classes and settings that are likely to be needed, beside what is done meanwhile: a JVM
 * that lives for a second spends most of it so.
 */
public final class Background {
  private Background() {}

  /** Work that may fail: then it fails once more where its result is needed. */
  public interface Preparation {
    void run() throws IOException;
  }

  /** Begins it, in a thread that keeps no JVM alive. */
  public static void begin(String what, Preparation work) {
    Thread thread = new Thread(null, () -> run(what, work), "cooper-prepare-" + what, 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null); // else it would keep the first caller's alive
    thread.start();
  }

  private static void run(String what, Preparation work) {
    try {
      work.run();
    } catch (IOException | RuntimeException | LinkageError e) {
      System.getLogger(Background.class.getName())
          .log(Level.DEBUG, "preparing the " + what + " failed", e);
    }
  }
}
