package dev.cooper.oci.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A clock that moves when somebody sleeps, and no chance but the one it is given. */
final class FakeTiming implements Timing {
  final List<Duration> sleeps = new CopyOnWriteArrayList<>();
  volatile double chance;
  private volatile Instant now = Instant.parse("2024-01-31T12:00:00Z");

  @Override
  public Instant now() {
    return now;
  }

  @Override
  public void sleep(Duration time) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    sleeps.add(time);
    pass(time);
  }

  synchronized void pass(Duration time) {
    now = now.plus(time);
  }

  @Override
  public double random() {
    return chance;
  }
}
