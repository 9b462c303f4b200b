package dev.cooper;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Does several things, each whether or not those before it failed, as closing must. */
final class EachOf {
  private EachOf() {}

  static void run(Runnable... all) {
    run(List.of(all));
  }

  /** Throws what the first that failed threw; the later ones' failures are suppressed in it. */
  static void run(List<Runnable> all) {
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
