package dev.cooper.io;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Does several things, each whether or not those before it failed, as closing must. */
public final class EachOf {
  private EachOf() {}

  public static void run(Runnable... all) {
    run(List.of(all));
  }

  /** Throws what the first that failed threw; the later ones' failures are suppressed in it. */
  public static void run(List<Runnable> all) {
    @Nullable RuntimeException first = null;
    for (Runnable each : all) {
      try {
        each.run();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
