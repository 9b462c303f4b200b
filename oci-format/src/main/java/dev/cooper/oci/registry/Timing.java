package dev.cooper.oci.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

/** Time and chance, so that a test need not wait for either. */
interface Timing {
  /** The system's own. */
  Timing SYSTEM =
      new Timing() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
          Thread.sleep(time.toMillis());
        }

        @Override
        public double random() {
          return ThreadLocalRandom.current().nextDouble();
        }
      };

  Instant now();

  void sleep(Duration time) throws InterruptedException;

  /** From 0, inclusive, to 1, exclusive. */
  double random();
}
