package dev.cooper;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells another listener one event at a time, whichever threads the events come from: the only
 * place that sees to it.
 */
final class SerialListener implements BuildListener {
  private final BuildListener listener;
  private final ReentrantLock lock = new ReentrantLock(true);

  SerialListener(BuildListener listener) {
    this.listener = listener;
  }

  @Override
  public void on(BuildEvent event) {
    lock.lock();
    try {
      listener.on(event);
    } finally {
      lock.unlock();
    }
  }
}
